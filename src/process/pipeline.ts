// The pipeline of one process: ingest and snapshots wired together, and as the server sees it.
import { UNIT_WORDS } from '../record/duration-unit.ts'
import type { IngestProgress, LifeState } from '../../consumers/ingest/progress.ts'
import type { IngestJob } from './ingest-worker.ts'
import { messageOf, PulseError } from '../errors.ts'
import type { Log } from '../log.ts'
import { startSnapshots, type SnapshotThread } from './snapshot-thread.ts'
import type { PipelineView, Published, SnapshotRuns, StoreOperation } from '../serve/view.ts'
import type { SnapshotOptions } from '../snapshot/schema.ts'
import { startIngest, type IngestThread } from './ingest-thread.ts'
import { revisionOf, VERSION } from '../version.ts'

export interface PipelineOptions {
  job: IngestJob
  snapshot: SnapshotOptions
  snapshotIntervalMs: number
}

export interface Pipeline {
  view: PipelineView
  /** Resolves when the job has ended, by itself or by a stop, and its last snapshot is taken. */
  ended: Promise<IngestProgress>
  ingest: IngestThread
  /** Counts what ended a look-up if it is the store's: all trouble of these threads but bugs is. */
  noteLookUpError(error: unknown): void
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

/** Starts a job with snapshots beside it. */
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
    shared.progress = progress
    emit('progress')
  })
  const { stateDirectory } = options.job.options
  const thread = startSnapshots({ stateDirectory, options: options.snapshot })
  const snapshots = scheduleSnapshots(thread, shared, options.snapshotIntervalMs, emit, log)
  const ended = ingest.ended.then(
    async (last) => {
      // A consumer that has ended serves no more: nobody would see one.
      if (options.job.type === 'replay') await snapshots.last()
      return last
    },
    (error: unknown) => {
      shared.failed = true
      throw error
    },
  )
  // It may fail before whoever started this has come to await it.
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

/** Says once how each source was understood. */
function noteSources(before: IngestProgress | null, now: IngestProgress, log: Log): void {
  const known = before?.sources.length ?? 0
  for (const { name, durationUnit, evidence } of now.sources.slice(known)) {
    const unit = UNIT_WORDS[durationUnit]
    log.info({ source: name, durationUnit }, `${name}: "Dur. (ms)" holds ${unit} (${evidence})`)
  }
}

/** False while ingest may be opening the state: LMDB opens badly in two threads at the same moment. */
const isOpen = ({ progress }: Shared): boolean => progress !== null && progress.state !== 'starting'

interface Snapshots {
  runs: SnapshotRuns
  /** One more of what is there now, after the one under way. */
  last(): Promise<void>
  stop(): void
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

/** Options in force, without secrets. */
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
