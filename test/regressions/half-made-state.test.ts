// A reader opened a state between the creation of two of its databases, and a demo never took a
// snapshot. Until a state is complete, readers find none.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { open, type Database } from 'lmdb'
import { FORMAT } from '../../state/partition-metadata.ts'
import { openStateToRead } from '../../state/read.ts'
import { writeStamp } from '../../state/stamp.ts'
import { withDirectory } from '../state-directory.ts'

const STAMP = {
  partitions: 1,
  durationUnit: 'auto',
  timeZone: 'UTC',
  missingMsisdn: 'reject',
} as const

for (const made of [['meta'], ['meta', 'subscribers'], ['meta', 'subscribers', 'journal']]) {
  test(`a state with only the databases ${made.join(', ')} is reported as missing`, () =>
    withDirectory(async (directory) => {
      const path = join(directory, 'partition-0000')
      mkdirSync(path)
      const environment = open({ path, maxDbs: 16, encoding: 'binary' })
      const encodings = { encoding: 'binary', keyEncoding: 'binary' } as const
      const [meta] = made.map((name): Database<Buffer, Buffer> =>
        environment.openDB({ name, ...encodings }),
      )
      environment.transactionSync(() => writeStamp(meta, { format: FORMAT, ...STAMP }))
      await environment.flushed
      assert.throws(() => openStateToRead(directory), { code: 'state-missing' })
      await environment.close()
    }))
}
