// State directories of former versions can be opened, and are converted to the present format.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { commitPartition } from '../../state/commit.ts'
import { presentCounters, presentPosition, presentStamp } from '../../state/former-format.ts'
import { readPartitionCounts, violationsOf } from '../../state/conservation.ts'
import { hashState } from '../../state/hash.ts'
import { FORMAT } from '../../state/partition-metadata.ts'
import { openStateToRead, readRejected, viewState, withView } from '../../state/read.ts'
import { openPartition, readCutover } from '../../state/store.ts'
import { openState } from '../../state/writer.ts'
import { withDirectory } from '../state-directory.ts'
import { copyFormerState, FORMER_HASHES, FORMER_PARTITIONS } from './former-states.ts'

const WRITER = join(import.meta.dirname, '../../state/writer.ts')
const OPTIONS = {
  partitions: FORMER_PARTITIONS,
  timeZone: 'UTC',
  missingMsisdn: 'reject',
} as const

const TOPIC = '7ff8b1c028894acda2ca4769223ac040'
const FILE = 'df1899b35cd4dfb5dcb162ef9a913953'
/** Source, partition, kind, order, next, applied, rejected, excluded. */
const POSITIONS = [
  [TOPIC, 0, 'topic', 'offset', 107, 52, 5, 50],
  [FILE, 0, 'file', 'file', 300, 38, 12, 57],
  [TOPIC, 1, 'topic', 'offset', 193, 104, 1, 88],
  [FILE, 1, 'file', 'file', 300, 87, 1, 105],
]

const withFormerState = (
  format: number,
  work: (directory: string) => Promise<void>,
): Promise<void> =>
  withDirectory(async (directory) => {
    copyFormerState(format, directory)
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
    assert.equal(hashState(view), FORMER_HASHES[2])
    const rejected = readRejected(state, 100)
    assert.equal(rejected.length, 19)
    assert.equal(rejected.filter(({ source }) => source === TOPIC).length, 6)
  })
}

describe('a state directory of format 2', () => {
  test('is read with all its numbers', () =>
    withFormerState(2, (directory) => requireWhole(directory, 2)))

  test('is marked as the present format by its next writer, and stays the same', () =>
    withFormerState(2, async (directory) => {
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

  test('is refused with other options, as one of the present format', () =>
    withFormerState(2, async (directory) => {
      const other = { ...OPTIONS, missingMsisdn: 'zero' } as const
      const opened = openState(directory, other, 'test')
      await assert.rejects(opened, /--missing-msisdn reject \(asked for: zero\)/)
      await openStateToRead(directory).close()
    }))
})

async function requireFormat3(directory: string, format: number): Promise<void> {
  await withView(directory, (view, state) => {
    assert.deepEqual({ ...state.stamp }, { format, ...OPTIONS })
    const { subscribers, applied, rejectedKept } = view.counters
    assert.deepEqual([subscribers, applied, rejectedKept], [4425, 4769, 3])
    assert.equal(hashState(view), FORMER_HASHES[3])
    assert.deepEqual(
      view.positions.map(({ source, partition, position: at }) => [
        ...[source, partition, at.next, at.first, at.applied, at.rejected, at.excluded, at.skipped],
      ]),
      [
        [TOPIC, 0, 364, 10, 344, 1, 4, 5],
        [FILE, 0, 6000, 0, 4400, 2, 0, 0],
        [FILE, 1, 6000, 0, 25, 0, 0, 0],
      ],
    )
    assert.deepEqual(
      readRejected(state, 10).map(({ source, row, raw }) => [source, row, raw]),
      [
        [TOPIC, 11, '{"key":null,"value":"e30=","timestampMs":0}'],
        [FILE, 7, '["0"]'],
        [FILE, 8, '["-1"]'],
      ],
    )
    assert.deepEqual(violationsOf(readPartitionCounts(state)), [])
    assert.equal(readCutover(state.stores[0]), Date.UTC(2019, 3, 5))
  })
}

describe('a state directory of format 3', () => {
  test('is read with all its numbers', () =>
    withFormerState(3, (directory) => requireFormat3(directory, 3)))

  test('becomes the present format at its next writer, and stays the same', () =>
    withFormerState(3, async (directory) => {
      const state = await openState(directory, OPTIONS, 'test')
      const outboxes = state.stores.map(({ outbox }) => outbox?.getKeysCount())
      assert.deepEqual(outboxes, [3, 0])
      await state.close()
      await requireFormat3(directory, FORMAT)
    }))
})

test('a reader that is open while a writer adds checksums is refused, not misled', () =>
  withFormerState(3, async (directory) => {
    const reader = openStateToRead(directory)
    viewState(reader).finish()
    // In another process: lmdb shares an environment within one.
    const writer = `import { openState } from ${JSON.stringify(WRITER)}
      await (await openState(${JSON.stringify(directory)}, ${JSON.stringify(OPTIONS)}, 'test')).close()`
    const argv = ['--input-type=module', '-e', writer]
    assert.equal(spawnSync(process.execPath, argv, { stdio: 'inherit' }).status, 0)
    const refusal = { code: 'state-version', message: /newer format meanwhile; start this command/ }
    assert.throws(() => viewState(reader), refusal)
    await reader.close()
    await requireFormat3(directory, FORMAT)
  }))

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
