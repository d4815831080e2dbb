// When snapshots are taken: at an interval, after a commit, one at a time.
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Published, SnapshotRuns } from '../serve/view.ts'
import { isOpen, noteError, type Listener, type Shared } from './pipeline-state.ts'
import type { SnapshotThread } from './snapshot-thread.ts'

/** Snapshots at an interval. */
export interface Snapshots {
  runs: SnapshotRuns
  /** Takes one more snapshot of the current state, after the running one. */
  last(): Promise<void>
  stop(): void
}

/** Logs a snapshot at level debug. */
function noteSnapshot(
  { number, subscribers }: Published['snapshot'],
  timings: Readonly<Record<string, number>>,
  log: Log,
): void {
  const seconds = Object.values(timings).reduce((sum, one) => sum + one, 0)
  const took = `${seconds.toFixed(3)} s`
  log.debug(
    { number, subscribers, seconds },
    `snapshot ${number}: ${subscribers} subscribers, ${took}`,
  )
}

/** Takes a snapshot at each interval in which something was committed; snapshots never overlap. */
export function scheduleSnapshots(
  thread: SnapshotThread,
  shared: Shared,
  intervalMs: number,
  emit: Listener,
  log: Log,
): Snapshots {
  const runs = { success: 0, failure: 0, skipped: 0, intervalSeconds: intervalMs / 1000 }
  let running: Promise<void> | null = null
  let commits = -1
  const take = async (): Promise<void> => {
    commits = shared.progress?.counters.commits ?? -1
    try {
      const taken = await thread.snapshot()
      if (taken === null) return
      const { scan, scale, kmeans, elbow, top, publish } = taken.times
      const timings = { scan, scale, kmeans, elbow, top, publish }
      for (const phase of Object.keys(timings) as (keyof typeof timings)[]) timings[phase] /= 1000
      shared.published = { snapshot: taken.snapshot, json: taken.json, atMs: Date.now(), timings }
      runs.success++
      noteSnapshot(taken.snapshot, timings, log)
      emit('snapshot')
    } catch (error) {
      runs.failure++
      noteError(shared, 'snapshot', error)
      log.error(`the snapshot failed: ${messageOf(error)}`)
    }
  }
  const run = (): Promise<void> => {
    running = take().finally(() => (running = null))
    return running
  }
  const timer = setInterval(() => {
    if (!isOpen(shared)) return
    const unchanged = shared.published !== null && shared.progress?.counters.commits === commits
    if (running !== null) runs.skipped++
    else if (!unchanged) void run()
  }, intervalMs)
  return {
    runs,
    async last() {
      await running
      await run()
    },
    stop: () => clearInterval(timer),
  }
}
