// The pipeline of one process: connects ingest and snapshots, and offers the server a view of them.
import type { IngestProgress, LifeState } from '../../consumers/ingest/progress.ts'
import type { IngestJob } from './ingest-worker.ts'
import { messageOf, PulseError } from '../errors.ts'
import type { Log } from '../log.ts'
import { startSnapshots, type SnapshotThread } from './snapshot-thread.ts'
import type { PipelineView, Published, SnapshotRuns, StoreOperation } from '../serve/view.ts'
import type { SnapshotOptions } from '../snapshot/schema.ts'
import { startIngest, type IngestThread } from './ingest-thread.ts'
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
  /** Counts a failed look-up as a store error, unless it is an internal error. */
  noteLookUpError(error: unknown): void
  /** Stops the snapshots and ends their thread; does not stop the job. */
  close(): Promise<void>
}

type Listener = (event: 'snapshot' | 'progress') => void

interface Shared {
  progress: IngestProgress | null
  published: Published | null
  failed: boolean
  storeErrors: Record<StoreOperation, number>
  listeners: Set<Listener>
}

/** Starts a job, and takes snapshots of its state at an interval. */
export function startPipeline(options: PipelineOptions, log: Log): Pipeline {
  const shared: Shared = {
    progress: null,
    published: null,
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
    shared.progress = progress
    emit('progress')
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
  return { view, ended, ingest, noteLookUpError, close }
}

function noteError({ storeErrors }: Shared, operation: StoreOperation, error: unknown): void {
  if (error instanceof PulseError) storeErrors[operation]++
}

/** Logs once per source the unit of its durations. */
function noteSources(before: IngestProgress | null, now: IngestProgress, log: Log): void {
  const known = before?.sources.length ?? 0
  for (const { name, durationUnit, evidence } of now.sources.slice(known)) {
    const unit = durationUnit === 's' ? 'seconds' : 'milliseconds'
    log.info({ source: name, durationUnit }, `${name}: "Dur. (ms)" holds ${unit} (${evidence})`)
  }
}

/** Logs at level debug what was committed since the last progress. */
function noteCommits(before: IngestProgress | null, now: IngestProgress, log: Log): void {
  const { commits, applied } = now.counters
  if (commits === (before?.counters.commits ?? 0)) return
  log.debug({ commits, applied }, `commit ${commits}: ${applied} rows applied since the start`)
}

/** False while ingest may be opening the state: LMDB can fail if two threads open it at once. */
const isOpen = ({ progress }: Shared): boolean => progress !== null && progress.state !== 'starting'

interface Snapshots {
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

function scheduleSnapshots(
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

/** The effective options, without secrets. */
function shownOf(job: IngestJob): Record<string, unknown> {
  const { state, commitIntervalMs } = job.options
  if (job.type === 'replay') return { ...state, commitIntervalMs, speed: job.options.speed }
  const { connection, topic, groupId, instanceId, format, from, onGap } = job.options
  const kafka = { brokers: connection.brokers, topic, groupId, instanceId, format, from, onGap }
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
