// The pipeline of one process: connects ingest and snapshots, and offers the server a view of them.
import { unitsText } from '../record/source-units.ts'
import type { IngestProgress, LifeState } from '../../consumers/ingest/progress.ts'
import type { IngestJob } from './ingest-worker.ts'
import type { Log } from '../log.ts'
import { startSnapshots, type Follow, type SnapshotThread } from './snapshot-thread.ts'
import type { PipelineView, SnapshotRuns } from '../serve/view.ts'
import type { SnapshotOptions } from '../snapshot/schema.ts'
import { startIngest, type IngestThread } from './ingest-thread.ts'
import { awaitsSnapshot, isOpen, noteError, type Shared } from './pipeline-state.ts'
import { scheduleSnapshots } from './snapshot-schedule.ts'
import { revisionOf, VERSION } from '../version.ts'

/** What a pipeline runs: its job, and how and how often it takes snapshots. */
export interface PipelineOptions {
  job: IngestJob
  snapshot: SnapshotOptions
  snapshotIntervalMs: number
}

/** A running pipeline. */
export interface Pipeline {
  view: PipelineView
  /**
   * Resolves when the job has ended, by itself or by a stop, and a replay has taken its last
   * snapshot. Rejects with the error that ended the job.
   */
  ended: Promise<IngestProgress>
  ingest: IngestThread
  /** True once the job has opened the state, and may have rows in hand. */
  hasBegun: () => boolean
  /** Ends the job after the rows in hand, and takes no further snapshot. */
  stop(): void
  /** Sends the roster of each further snapshot to a port, before it is published. */
  follow: Follow
  /** Counts a failed look-up as a store error, unless it is an internal error. */
  noteLookUpError(error: unknown): void
  /** Stops the snapshots and ends their thread; does not stop the job. */
  close(): Promise<void>
}

/** Starts a job, and takes snapshots of its state at an interval. */
export function startPipeline(options: PipelineOptions, log: Log): Pipeline {
  const shared: Shared = {
    progress: null,
    published: null,
    inspected: false,
    failed: false,
    storeErrors: { snapshot: 0, 'look-up': 0 },
    listeners: new Set(),
  }
  const emit = (event: 'snapshot' | 'progress'): void => {
    for (const listener of shared.listeners) listener(event)
  }
  const ingest = startIngest(options.job, (progress) => {
    noteSources(shared.progress, progress, log)
    for (const { level, message } of progress.warnings) log[level](message)
    noteCommits(shared.progress, progress, log)
    const isGivenBack = hasGivenBack(shared.progress, progress)
    shared.progress = progress
    emit('progress')
    if (isGivenBack) snapshots.soon()
  })
  const { stateDirectory } = options.job.options
  const thread = startSnapshots({ stateDirectory, options: options.snapshot })
  const snapshots = scheduleSnapshots(thread, shared, options.snapshotIntervalMs, emit, log)
  const ended = ingest.ended.then(
    async (last) => {
      // A consumer that has ended is not served any more: its last snapshot would not be shown.
      if (options.job.type === 'replay') await snapshots.last()
      return last
    },
    (error: unknown) => {
      shared.failed = true
      throw error
    },
  )
  // It may reject before the caller awaits it, which Node would treat as an unhandled rejection.
  ended.catch(() => undefined)
  const view = viewOf(shared, snapshots.runs, thread, options)
  const close = async (): Promise<void> => {
    snapshots.stop()
    await thread.end()
  }
  const noteLookUpError = (error: unknown): void => noteError(shared, 'look-up', error)
  const stop = (): void => {
    ingest.send('stop')
    snapshots.stop()
  }
  const { follow } = thread
  const hasBegun = (): boolean => isOpen(shared)
  return { view, ended, ingest, hasBegun, stop, follow, noteLookUpError, close }
}

/** Logs once per source how it is read, and why. */
function noteSources(before: IngestProgress | null, now: IngestProgress, log: Log): void {
  const known = before?.sources.length ?? 0
  for (const source of now.sources.slice(known)) {
    const { name, durationUnit, evidence } = source
    log.info(
      { source: name, durationUnit },
      `${name}: "Dur. (ms)" holds ${unitsText(source)} (${evidence})`,
    )
  }
}

/** Logs at level debug what was committed since the last progress. */
function noteCommits(before: IngestProgress | null, now: IngestProgress, log: Log): void {
  const { commits, applied } = now.counters
  if (commits === (before?.counters.commits ?? 0)) return
  log.debug({ commits, applied }, `commit ${commits}: ${applied} rows applied since the start`)
}

/** Partitions given back to the group are in no further result, even if nothing is committed. */
function hasGivenBack(before: IngestProgress | null, now: IngestProgress): boolean {
  const left = new Set(now.consumer?.partitions.map(({ partition }) => partition))
  if (before?.consumer?.partitions.some(({ partition }) => !left.has(partition))) return true
  // The partitions of an earlier run are released until the first assignment is carried out.
  return now.consumer !== null && before?.state === 'restoring' && now.state === 'running'
}

/** The effective options, without secrets. */
function shownOf(job: IngestJob): Record<string, unknown> {
  if (job.type === 'replicate') {
    const { connection, prefix } = job.options
    return { brokers: connection.brokers, changelog: prefix }
  }
  const { state, commitIntervalMs } = job.options
  if (job.type === 'replay') return { ...state, commitIntervalMs, speed: job.options.speed }
  const { connection, topics, groupId, instanceId, format, from, onGap } = job.options
  const kafka = { brokers: connection.brokers, topics, groupId, instanceId, format, from, onGap }
  return { ...state, commitIntervalMs, ...kafka }
}

function viewOf(
  shared: Shared,
  runs: SnapshotRuns,
  thread: SnapshotThread,
  options: PipelineOptions,
): PipelineView {
  const asShown = (progress: IngestProgress): IngestProgress =>
    shared.failed ? { ...progress, state: 'failed' satisfies LifeState } : progress
  const shown = { ...shownOf(options.job), ...options.snapshot }
  return {
    version: VERSION,
    revision: revisionOf(),
    startedAtMs: Date.now(),
    progress: () => (shared.progress === null ? null : asShown(shared.progress)),
    published: () => shared.published,
    awaitsSnapshot: () => awaitsSnapshot(shared),
    runs: () => runs,
    storeErrors: () => shared.storeErrors,
    options: () => ({ ...shown, snapshotIntervalMs: options.snapshotIntervalMs }),
    lookup: (msisdn) => (isOpen(shared) ? thread.lookup(msisdn) : Promise.resolve(null)),
    subscribers: (query) => (isOpen(shared) ? thread.subscribers(query) : Promise.resolve(null)),
    subscribe(listener) {
      shared.listeners.add(listener)
      return () => shared.listeners.delete(listener)
    },
  }
}
