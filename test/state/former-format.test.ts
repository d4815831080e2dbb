// State directories that a former version wrote still open, and become the present format.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { commitPartition } from '../../state/commit.ts'
import { presentCounters, presentPosition, presentStamp } from '../../state/former-format.ts'
import { hashState } from '../../state/hash.ts'
import { FORMAT } from '../../state/partition-metadata.ts'
import { openStateToRead, readRejected, withView } from '../../state/read.ts'
import { openPartition, partitionDirectory } from '../../state/store.ts'
import { openState } from '../../state/writer.ts'
import { withDirectory } from '../state-directory.ts'

const FIXTURE = join(import.meta.dirname, '../fixtures/state/format-2')
const PARTITIONS = 2
/** As the version that wrote it computed it. */
const HASH = '84126936688fbf9068a6ff30d9fd2b6538eb9cadfe75b0ca5d82e6e0c557d230'
const OPTIONS = {
  partitions: PARTITIONS,
  timeZone: 'UTC',
  missingMsisdn: 'reject',
} as const

const TOPIC = '7ff8b1c028894acda2ca4769223ac040'
const FILE = 'df1899b35cd4dfb5dcb162ef9a913953'
/** Of each source in each partition: where it stands, and what became of its rows. */
const POSITIONS = [
  [TOPIC, 0, 'topic', 'offset', 107, 52, 5, 50],
  [FILE, 0, 'file', 'file', 300, 38, 12, 57],
  [TOPIC, 1, 'topic', 'offset', 193, 104, 1, 88],
  [FILE, 1, 'file', 'file', 300, 87, 1, 105],
]

const withFormerState = (work: (directory: string) => Promise<void>): Promise<void> =>
  withDirectory(async (directory) => {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const folder = partitionDirectory(directory, partition)
      mkdirSync(folder)
      const packed = readFileSync(join(FIXTURE, `partition-000${partition}.mdb.gz`))
      writeFileSync(join(folder, 'data.mdb'), gunzipSync(packed))
    }
    await work(directory)
  })

async function requireWhole(directory: string, format: number): Promise<void> {
  await withView(directory, (view, state) => {
    assert.deepEqual({ ...state.stamp }, { format, ...OPTIONS })
    const { counters, positions } = view
    assert.deepEqual([counters.subscribers, counters.applied, counters.rejectedKept], [29, 281, 19])
    const { footer, 'missing-msisdn': missing, 'invalid-msisdn': invalid } = counters.rejected
    assert.deepEqual([footer, missing, invalid, counters.rejected['invalid-number']], [1, 11, 4, 3])
    const found = positions.map(({ source, partition, position: at }) => [
      ...[source, partition, at.kind, at.order, at.next, at.applied, at.rejected, at.excluded],
    ])
    assert.deepEqual(found, POSITIONS)
    assert.equal(hashState(view), HASH)
    const rejected = readRejected(state, 100)
    assert.equal(rejected.length, 19)
    assert.equal(rejected.filter(({ source }) => source === TOPIC).length, 6)
  })
}

describe('a state directory of format 2', () => {
  test('is read with all its numbers', () =>
    withFormerState((directory) => requireWhole(directory, 2)))

  test('is marked as the present format by its next writer, and stays the same', () =>
    withFormerState(async (directory) => {
      const state = await openState(directory, OPTIONS, 'test')
      for (const partition of state.partitions) {
        partition.moved.add(TOPIC)
        commitPartition(partition, 1000)
      }
      await state.close()
      await requireWhole(directory, FORMAT)
      const store = openPartition(directory, 0, 'read')
      const stored = store.positions.get(TOPIC) as Record<string, unknown>
      assert.deepEqual([stored.next, stored.kind, 'position' in stored], [107, 'topic', false])
      await store.environment.close()
    }))

  test('is refused to other options, as one of the present format', () =>
    withFormerState(async (directory) => {
      const other = { ...OPTIONS, missingMsisdn: 'zero' } as const
      const opened = openState(directory, other, 'test')
      await assert.rejects(opened, /--missing-msisdn reject \(asked for: zero\)/)
      await openStateToRead(directory).close()
    }))
})

test('fields that a former format lacks stay out, so that they read as zero', () => {
  assert.deepEqual(presentCounters({ commit: 3, refused: { footer: 1 } }), {
    commit: 3,
    rejected: { footer: 1 },
  })
  assert.deepEqual(presentPosition({ name: 'a', position: 7, order: 'time', rows: 9 }), {
    name: 'a',
    next: 7,
    kind: 'file',
    order: 'time',
    rows: 9,
  })
  assert.equal(presentStamp({ missingMsisdn: 'zero' }).missingMsisdn, 'zero')
  assert.equal(presentStamp({ missingMsisdn: 'refuse' }).missingMsisdn, 'reject')
})
