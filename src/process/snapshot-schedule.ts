// When snapshots are taken: at an interval if something was committed, and when partitions were given
// back.
import type { IngestProgress } from '../../consumers/ingest/progress.ts'
import { messageOf, PulseError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Published, SnapshotRuns, StoreOperation } from '../serve/view.ts'
import type { Snapshot } from '../snapshot/schema.ts'
import type { SnapshotThread } from './snapshot-thread.ts'

/** Receives events of a pipeline. */
export type Listener = (event: 'snapshot' | 'progress') => void

/** What the parts of a pipeline share. */
export interface Shared {
  progress: IngestProgress | null
  published: Published | null
  failed: boolean
  storeErrors: Record<StoreOperation, number>
  listeners: Set<Listener>
}

/** Counts an error if it is the store's. */
export function noteError(
  { storeErrors }: Shared,
  operation: StoreOperation,
  error: unknown,
): void {
  if (error instanceof PulseError) storeErrors[operation]++
}

/** Warns when more subscribers than before are in several partitions. */
function noteSplit(before: Published | null, { splitSubscribers }: Snapshot, log: Log): void {
  if (splitSubscribers <= (before?.snapshot.splitSubscribers ?? 0)) return
  log.warn(
    { splitSubscribers },
    `${splitSubscribers} subscribers are in more than one partition and counted in each: the ` +
      'topic is not partitioned by MSISDN',
  )
}

/** False while ingest may be opening the state: LMDB opens badly in two threads at the same moment. */
export const isOpen = ({ progress }: Shared): boolean =>
  progress !== null && progress.state !== 'starting'

/** Scheduled snapshots. */
export interface Snapshots {
  runs: SnapshotRuns
  /** One more of what is there now, after the one under way. */
  last(): Promise<void>
  /** The same, in the background. */
  soon(): void
  stop(): void
}

/** Takes snapshots until `stop`. */
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
      noteSplit(shared.published, taken.snapshot, log)
      shared.published = { snapshot: taken.snapshot, json: taken.json, atMs: Date.now(), timings }
      runs.success++
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
  // One request that waits for the snapshot under way stands for all.
  let waits = false
  let isStopped = false
  const takeNext = async (): Promise<void> => {
    waits = true
    await running
    waits = false
    if (!isStopped) await run()
  }
  return {
    runs,
    async last() {
      await running
      await run()
    },
    soon: () => {
      if (!waits) void takeNext()
    },
    stop() {
      isStopped = true
      clearInterval(timer)
    },
  }
}
