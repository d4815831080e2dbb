// The script of a snapshot or look-up thread: answers one request at a time, each from one view of
// the state.
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

/** The state that a thread reads, and the options of its snapshots. */
export interface SnapshotJob {
  stateDirectory: string
  options: SnapshotOptions
}

/** The worker data of a thread. */
export interface SnapshotWorkerData extends SnapshotJob {
  shutdown: ShutdownFlag
}

/** The part of a snapshot that gives a subscriber its segment. */
export type Against = Pick<Snapshot, 'number' | 'segments'>

/** A request to the thread. If `against` is null, the thread's own last snapshot is used. */
export type SnapshotRequest =
  | { type: 'snapshot' }
  | { type: 'lookup'; msisdn: number; against: Against | null }
  | { type: 'subscribers'; query: SubscriberQuery; against: Against | null }

/** A snapshot, its JSON text, and the duration of each phase in milliseconds. */
export interface TakenSnapshot {
  snapshot: Snapshot
  json: string
  times: PhaseTimes & { publish: number }
}

/** A reply of the thread; `empty` while nothing is committed. */
export type SnapshotReply =
  | { type: 'snapshot'; taken: TakenSnapshot }
  | { type: 'lookup'; subscriber: Subscriber | null }
  | { type: 'subscribers'; subscribers: SubscriberList }
  | { type: 'empty' }
  /** `code` is null for an internal error. */
  | { type: 'failed'; code: ErrorCode | null; message: string }

/**
 * A lower priority than that of the ingest and main threads: it uses the CPU time they leave. The
 * first answer has the usual one: a process that is not ready must not wait for idle time.
 */
const NICENESS = 10

const { stateDirectory, options, shutdown } = workerData as SnapshotWorkerData
let state: ReadableState | null = null
let latest: Against | null = null
/** For a thread that only answers look-ups: each one reads only what changed since the last. */
const cache: RowCache = new Map()

const now = (): number => performance.now()

let isLowered = false

function lowerPriority(): void {
  if (isLowered || process.platform !== 'linux') return
  isLowered = true
  // On Linux the nice value is per thread; the path ends in the id of this thread.
  setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), NICENESS)
}

/** Runs `work` on one view of the state; returns null while nothing is committed. */
function inView<T>(work: (view: StateView) => T): T | null {
  throwIfEnding(shutdown)
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

/** False when partitions were given back: without any other the result is empty. */
const isHeld = ({ stores }: ReadableState): boolean => stores.every((store) => readHeld(store))

/** A scan of all rows of a view that throws when the thread is to end. */
const rowsOf =
  (view: StateView, following?: RowCache): ForEachRows =>
  (visit) =>
    view.scan((rows, count) => {
      throwIfEnding(shutdown)
      visit(rows, count)
    }, following)

/**
 * Takes a snapshot. The view ends with the scan, before the longer computation: while a view is
 * open, LMDB cannot reuse the pages that it sees.
 */
function take(): ReturnType<typeof snapshotOfScan> | null {
  const scanned = inView((view) => scanState({ ...view, scan: rowsOf(view) }, options, now))
  if (scanned === null) return null
  const taken = computeInterruptibly(shutdown, () => snapshotOfScan(scanned, options, now))
  latest = { number: taken.snapshot.number, segments: taken.snapshot.segments }
  return taken
}

function answer(request: SnapshotRequest): SnapshotReply {
  if (request.type === 'snapshot') return published(take())
  const against = request.against ?? latest ?? take()?.snapshot
  if (against === undefined) return { type: 'empty' }
  const found = inView((view): SnapshotReply => {
    const forEachRows = rowsOf(view, request.against === null ? undefined : cache)
    // The time is read before the pass, which may take long: the view shows nothing newer.
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
    // The only I/O of this thread is reading the state.
    const trouble = troubleOf(error)
    const message = messageOf(trouble ?? error)
    return { type: 'failed', code: trouble?.code ?? null, message }
  }
}

assert(parentPort !== null, 'the snapshot worker is started as a worker thread')
const port = parentPort
port.on('message', (request: SnapshotRequest | 'end') => {
  if (request === 'end') {
    port.close()
    return
  }
  const replied = reply(request)
  port.postMessage(replied)
  if (replied.type !== 'empty') lowerPriority()
})
