// 1,024 partitions ran out of address space, which crashes LMDB.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStateToRead } from '../../state/read.ts'
import { openState } from '../../state/writer.ts'
import { withDirectory } from '../state-directory.ts'
import { OPTIONS } from '../state/stores.ts'

// Each partition maps address space, and a process without free address space crashes.
test('a state of 1,024 partitions can be open for writing and reading in one process', async () => {
  await withDirectory(async (directory) => {
    const written = await openState(directory, { ...OPTIONS, partitions: 1024 }, 'test')
    const read = openStateToRead(directory)
    assert.equal(read.stores.length, 1024)
    await read.close()
    await written.close()
  })
})
