// 1,024 partitions ran out of address space, which crashes LMDB.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStateToRead } from '../../state/read.ts'
import { openState } from '../../state/writer.ts'
import { withDirectory } from '../state-directory.ts'
import { OPTIONS } from '../state/stores.ts'

// Each maps address space, and a process that runs out of it crashes.
test('a state of the most partitions opens to write and to read in one process', async () => {
  await withDirectory(async (directory) => {
    const written = await openState(directory, { ...OPTIONS, partitions: 1024 }, 'test')
    const read = openStateToRead(directory)
    assert.equal(read.stores.length, 1024)
    await read.close()
    await written.close()
  })
})
