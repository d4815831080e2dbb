// A snapshot or look-up thread: answers requests one at a time, each from one read of the state.
import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { performance } from 'node:perf_hooks'
import { parentPort, workerData } from 'node:worker_threads'
import type { RowCache } from '../../state/row-cache.ts'
import { openStateToRead, viewState, type ReadableState, type StateView } from '../../state/read.ts'
import { readHeld } from '../../state/store.ts'
import { assert, messageOf, PulseError, troubleOf, type ErrorCode } from '../errors.ts'
import { APPLICATIONS } from '../record/columns.ts'
import { lookUp, type ForEachRows } from '../snapshot/lookup.ts'
import { subscriberPageOf, type SubscriberQuery } from '../snapshot/subscriber-page.ts'
import type { Snapshot, SnapshotOptions } from '../snapshot/schema.ts'
import { computeInterruptibly, throwIfEnding, type ShutdownFlag } from './shutdown.ts'
import type { SubscriberList, Subscriber } from '../snapshot/subscriber-schema.ts'
import { momentOf, scanState, snapshotOfScan, type PhaseTimes } from '../snapshot/take.ts'

/** What a thread is started for. */
export interface SnapshotJob {
  stateDirectory: string
  options: SnapshotOptions
}

export interface SnapshotWorkerData extends SnapshotJob {
  stay: ShutdownFlag
}

/** What of a snapshot single subscribers are held against. */
export type Against = Pick<Snapshot, 'number' | 'segments'>

/** Against null subscribers are held against the thread's own last snapshot. */
export type SnapshotRequest =
  | { type: 'snapshot' }
  | { type: 'lookup'; msisdn: number; against: Against | null }
  | { type: 'subscribers'; query: SubscriberQuery; against: Against | null }

export interface TakenSnapshot {
  snapshot: Snapshot
  json: string
  times: PhaseTimes & { publish: number }
}

/** `empty`: there is nothing committed yet. */
export type SnapshotReply =
  | { type: 'snapshot'; taken: TakenSnapshot }
  | { type: 'lookup'; subscriber: Subscriber | null }
  | { type: 'subscribers'; subscribers: SubscriberList }
  | { type: 'empty' }
  /** `code` is null for a bug of ours. */
  | { type: 'failed'; code: ErrorCode | null; message: string }

/** Lower than ingest and main: it takes what they leave. */
const NICENESS = 10

const { stateDirectory, options, stay } = workerData as SnapshotWorkerData
let state: ReadableState | null = null
let latest: Against | null = null
/** Of a thread that only answers look-ups: the next costs what changed since the last. */
const cache: RowCache = new Map()

const now = (): number => performance.now()

function lowerPriority(): void {
  if (process.platform !== 'linux') return
  // On Linux a nice value belongs to a thread; this one's number stands behind the last slash.
  setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), NICENESS)
}

/** Works on one view of the state; null while nothing is committed. */
function inView<T>(work: (view: StateView) => T): T | null {
  throwIfEnding(stay)
  try {
    state ??= openStateToRead(stateDirectory)
    const view = viewState(state)
    try {
      return view.counters.commit === 0 && isHeld(state) ? null : work(view)
    } finally {
      view.finish()
    }
  } catch (error) {
    if (error instanceof PulseError && error.code === 'state-missing') return null
    throw error
  }
}

/** False when partitions were given back: without any other there is a result, and it is empty. */
const isHeld = ({ stores }: ReadableState): boolean => stores.every((store) => readHeld(store))

/** All rows of a view, for as long as the thread may stay. */
const rowsOf =
  (view: StateView, following?: RowCache): ForEachRows =>
  (visit) =>
    view.scan((rows, count) => {
      throwIfEnding(stay)
      visit(rows, count)
    }, following)

/** The view ends with the scan: to compute takes longer, and an old view keeps old pages alive. */
function take(): ReturnType<typeof snapshotOfScan> | null {
  const scanned = inView((view) => scanState({ ...view, scan: rowsOf(view) }, options, now))
  if (scanned === null) return null
  const taken = computeInterruptibly(stay, () => snapshotOfScan(scanned, options, now))
  latest = { number: taken.snapshot.number, segments: taken.snapshot.segments }
  return taken
}

function answer(request: SnapshotRequest): SnapshotReply {
  if (request.type === 'snapshot') return published(take())
  const against = request.against ?? latest ?? take()?.snapshot
  if (against === undefined) return { type: 'empty' }
  const found = inView((view): SnapshotReply => {
    const forEachRows = rowsOf(view, request.against === null ? undefined : cache)
    // Before the pass, which takes a while: the view shows nothing that came later.
    const asOf = { ...momentOf(view, Date.now()), segmentsNumber: against.number }
    if (request.type === 'subscribers') {
      const subscribers = { asOf, ...subscribersIn(forEachRows, request.query, against) }
      return { type: 'subscribers', subscribers }
    }
    const subscriber = lookUp(request.msisdn, forEachRows, against.segments)
    return { type: 'lookup', subscriber: subscriber && { asOf, ...subscriber } }
  })
  return found ?? { type: 'empty' }
}

function published(taken: ReturnType<typeof take>): SnapshotReply {
  if (taken === null) return { type: 'empty' }
  const start = now()
  const { snapshot, times } = taken
  const json = JSON.stringify(snapshot)
  return {
    type: 'snapshot',
    taken: { snapshot, json, times: { ...times, publish: now() - start } },
  }
}

function subscribersIn(
  forEachRows: ForEachRows,
  query: SubscriberQuery,
  { segments }: Against,
): Omit<SubscriberList, 'asOf'> {
  const { subscribers, next } = subscriberPageOf(query, forEachRows, segments)
  return {
    segment: query.segment,
    application: APPLICATIONS.find((name) => name === query.application) ?? null,
    subscribers,
    next,
  }
}

function reply(request: SnapshotRequest): SnapshotReply {
  try {
    return answer(request)
  } catch (error) {
    // All that this thread does outside itself is to read the state.
    const trouble = troubleOf(error)
    const message = messageOf(trouble ?? error)
    return { type: 'failed', code: trouble?.code ?? null, message }
  }
}

assert(parentPort !== null, 'the snapshot worker is started as a worker thread')
const port = parentPort
lowerPriority()
port.on('message', (request: SnapshotRequest | 'end') => {
  if (request === 'end') port.close()
  else port.postMessage(reply(request))
})
