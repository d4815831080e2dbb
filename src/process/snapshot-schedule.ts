// When snapshots are taken: the first as soon as possible, then at an interval, one at a time.
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Published, SnapshotRuns } from '../serve/view.ts'
import { isOpen, noteError, type Listener, type Shared } from './pipeline-state.ts'
import type { Snapshot } from '../snapshot/schema.ts'
import type { SnapshotThread } from './snapshot-thread.ts'
import type { TakenSnapshot } from './snapshot-worker.ts'

/** Snapshots at an interval. */
export interface Snapshots {
  runs: SnapshotRuns
  /**
   * Takes one more snapshot of the current state, after the running one. Resolves at once when
   * snapshots are stopped.
   */
  last(): Promise<void>
  /** Takes a snapshot in the background, after the running one; several requests share one. */
  soon(): void
  /** Takes no further snapshot; a failure of the running one is not reported. */
  stop(): void
}

/** A snapshot as the server shows it; times in seconds. */
function publishedOf({ snapshot, json, times }: TakenSnapshot): Published {
  const { scan, scale, kmeans, elbow, top, publish } = times
  const timings = { scan, scale, kmeans, elbow, top, publish }
  for (const phase of Object.keys(timings) as (keyof typeof timings)[]) timings[phase] /= 1000
  return { snapshot, json, atMs: Date.now(), timings }
}

/** Logs a snapshot at level debug. */
function noteSnapshot({ snapshot, timings }: Published, log: Log): void {
  const { number, subscribers } = snapshot
  const seconds = Object.values<number>({ ...timings }).reduce((sum, one) => sum + one, 0)
  const took = `${seconds.toFixed(3)} s`
  log.debug(
    { number, subscribers, seconds },
    `snapshot ${number}: ${subscribers} subscribers, ${took}`,
  )
}

/** Warns when more subscribers than before are in several partitions. */
function noteSplit(before: Published | null, { splitSubscribers }: Snapshot, log: Log): void {
  if (splitSubscribers <= (before?.snapshot.splitSubscribers ?? 0)) return
  log.warn(
    { splitSubscribers },
    `${splitSubscribers} subscribers are in more than one partition, and are summed: the topic ` +
      'has gained partitions, or is not partitioned by MSISDN',
  )
}

/**
 * Takes a snapshot at each interval in which something was committed; snapshots never overlap. Until
 * the first one is published, it is tried at each commit: the process is not ready without it.
 */
export function scheduleSnapshots(
  thread: SnapshotThread,
  shared: Shared,
  intervalMs: number,
  emit: Listener,
  log: Log,
): Snapshots {
  const runs = { success: 0, failure: 0, skipped: 0, intervalSeconds: intervalMs / 1000 }
  const stopped = Promise.withResolvers<undefined>()
  let isStopped = false
  let running: Promise<void> | null = null
  let commits = -1
  const take = async (): Promise<void> => {
    commits = shared.progress?.counters.commits ?? -1
    try {
      const taken = await thread.snapshot()
      shared.inspected = true
      if (taken === null) return
      noteSplit(shared.published, taken.snapshot, log)
      shared.published = publishedOf(taken)
      runs.success++
      noteSnapshot(shared.published, log)
      emit('snapshot')
    } catch (error) {
      // The thread is ended while it works: that is not a failure.
      if (isStopped) return
      runs.failure++
      noteError(shared, 'snapshot', error)
      log.error(`the snapshot failed: ${messageOf(error)}`)
    }
  }
  const run = (): Promise<void> => {
    running = take().finally(() => (running = null))
    return running
  }
  const isUnchanged = (): boolean => shared.progress?.counters.commits === commits
  const timer = setInterval(() => {
    if (!isOpen(shared)) return
    if (running !== null) runs.skipped++
    else if (shared.published === null || !isUnchanged()) void run()
  }, intervalMs)
  const takeFirst: Listener = (event) => {
    if (event !== 'progress' || isStopped || running !== null || !isOpen(shared)) return
    if (shared.published === null && runs.failure === 0 && !isUnchanged()) void run()
  }
  shared.listeners.add(takeFirst)
  const last = async (): Promise<void> => {
    await running
    if (!isStopped) await run()
  }
  let isWaiting = false
  const soon = async (): Promise<void> => {
    if (isWaiting) return
    isWaiting = true
    while (running !== null) await running
    isWaiting = false
    if (!isStopped) await run()
  }
  return {
    runs,
    last: () => Promise.race([last(), stopped.promise]),
    soon: () => void soon(),
    stop() {
      isStopped = true
      clearInterval(timer)
      shared.listeners.delete(takeFirst)
      stopped.resolve(undefined)
    },
  }
}
