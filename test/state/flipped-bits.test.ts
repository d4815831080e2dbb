// An entry that holds another value than its checksum states is named by the error.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRejected, withView } from '../../state/read.ts'
import { openPartition, type PartitionStore } from '../../state/store.ts'
import { openState } from '../../state/writer.ts'
import { withDirectory } from '../state-directory.ts'
import { makeDamaged } from './flipped-bits.ts'
import { OPTIONS } from './stores.ts'

type Named = Pick<PartitionStore, 'subscribers' | 'positions' | 'hours' | 'rejected'>

const DAMAGED: [keyof Named, RegExp][] = [
  ['subscribers', /aggregates of block 0, page 0, differs from its checksum/],
  ['positions', /position of source "df1899b35cd4dfb5dcb162ef9a913953" differs from/],
  ['hours', /totals of hour -1 differs from its checksum/],
  ['rejected', /rejected row 9000 of source df1899b35cd4dfb5dcb162ef9a913953 differs from/],
]
for (const [name, sentence] of DAMAGED) {
  test(`an entry of ${name} with another value is named by the error`, () =>
    withDirectory(async (directory) => {
      await makeDamaged(directory)
      const store = openPartition(directory, 0, 'write')
      const { database } = store[name]
      const [{ key, value }] = database.getRange({ limit: 1 })
      value[value.length >> 1] ^= 1
      await database.put(key, value)
      await store.environment.close()
      const read = withView(directory, (view, state) => {
        view.scan(() => undefined)
        readRejected(state, 10)
      })
      await assert.rejects(read, { code: 'store-failed', message: sentence })
    }))
}

test('an entry whose name is damaged is not taken for a missing one', () =>
  withDirectory(async (directory) => {
    await makeDamaged(directory)
    const store = openPartition(directory, 0, 'write')
    const { database } = store.meta
    const [name, damaged] = ['counters', 'counterr'].map((text) => Buffer.from(text))
    await database.put(damaged, database.get(name) as Buffer)
    await database.remove(name)
    await store.environment.close()
    const refusal = { code: 'store-failed', message: /the entry "counterr" differs from/ }
    await assert.rejects(
      withView(directory, () => undefined),
      refusal,
    )
    await assert.rejects(openState(directory, OPTIONS, 'test'), refusal)
  }))
