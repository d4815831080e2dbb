// When snapshots are taken, and what is reported when they are stopped.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { IngestProgress } from '../../consumers/ingest/progress.ts'
import { createLog } from '../../src/log.ts'
import type { Shared } from '../../src/process/pipeline-state.ts'
import { scheduleSnapshots } from '../../src/process/snapshot-schedule.ts'
import type { SnapshotThread } from '../../src/process/snapshot-thread.ts'

/** Longer than any test. */
const NEVER_MS = 3_600_000

/** A schedule with a thread whose snapshots the test settles, and what it logged. */
function scheduled() {
  const shared: Shared = {
    progress: null,
    published: null,
    inspected: false,
    failed: false,
    storeErrors: { snapshot: 0, 'look-up': 0 },
    listeners: new Set(),
  }
  const logged: string[] = []
  const log = createLog('info', true, (line) => logged.push(line))
  const asked: PromiseWithResolvers<null>[] = []
  const thread = {
    snapshot() {
      asked.push(Promise.withResolvers<null>())
      return asked.at(-1)!.promise
    },
  } as unknown as SnapshotThread
  const snapshots = scheduleSnapshots(thread, shared, NEVER_MS, () => undefined, log)
  const report = (state: string, commits: number): void => {
    shared.progress = { state, counters: { commits } } as unknown as IngestProgress
    for (const listener of shared.listeners) listener('progress')
  }
  return { shared, logged, asked, snapshots, report }
}

test('the first snapshot does not wait for the interval', async () => {
  const { shared, asked, snapshots, report } = scheduled()
  report('starting', 0)
  assert.equal(asked.length, 0, 'not while ingest opens the state')
  report('running', 0)
  assert.equal(asked.length, 1)
  report('running', 1)
  assert.equal(asked.length, 1, 'snapshots do not overlap')
  asked[0].resolve(null)
  await turn()
  assert.ok(shared.inspected)
  report('running', 1)
  assert.equal(asked.length, 2, 'nothing was committed at the first attempt')
  snapshots.stop()
})

test('without a commit the first snapshot is not repeated before the interval', async () => {
  const { asked, snapshots, report } = scheduled()
  report('running', 0)
  asked[0].resolve(null)
  await turn()
  report('running', 0)
  assert.equal(asked.length, 1)
  snapshots.stop()
})

test('a failed first snapshot is counted, logged, and repeated at the interval only', async () => {
  const { asked, logged, snapshots, report } = scheduled()
  report('running', 1)
  asked[0].reject(new Error('a bad page'))
  await turn()
  assert.equal(snapshots.runs.failure, 1)
  assert.deepEqual(logged, ['error: the snapshot failed: a bad page\n'])
  report('running', 2)
  assert.equal(asked.length, 1)
  snapshots.stop()
})

test('a snapshot that the end cuts off is not a failure', async () => {
  const { asked, logged, snapshots, report } = scheduled()
  report('running', 1)
  snapshots.stop()
  asked[0].reject(new Error('the snapshot thread has ended'))
  await turn()
  assert.deepEqual(logged, [])
  assert.equal(snapshots.runs.failure, 0)
  report('running', 2)
  assert.equal(asked.length, 1, 'none is taken after the stop')
})

test('a stop does not wait for the running snapshot, nor for the last one', async () => {
  const { asked, snapshots, report } = scheduled()
  report('running', 1)
  const last = snapshots.last()
  snapshots.stop()
  await last
  assert.equal(asked.length, 1)
})
