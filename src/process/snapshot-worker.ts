// The script of the snapshot thread: takes snapshots, and answers look-ups until one is published.
import { performance } from 'node:perf_hooks'
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { assert } from '../errors.ts'
import { lookUp } from '../snapshot/lookup.ts'
import { subscriberPageOf, type SubscriberQuery } from '../snapshot/subscriber-page.ts'
import type { Snapshot, SnapshotOptions } from '../snapshot/schema.ts'
import { momentOf, scanState, snapshotOfScan } from '../snapshot/take.ts'
import type { PhaseTimes, TimedSnapshot } from '../snapshot/take.ts'
import { createCrew } from './descent-crew.ts'
import type { Against } from './roster-look-ups.ts'
import { listOf, type LookUpReply } from './lookup-reply.ts'
import { partsOf, type NumberedRoster } from './roster-rows.ts'
import { computeInterruptibly, type ShutdownFlag } from './shutdown.ts'
import { lowerPriority } from './thread-priority.ts'
import { answerInTurn, createReader, rowsOf, subscribersOf } from './state-reading.ts'

/** The state that a thread reads, and the options of its snapshots. */
export interface SnapshotJob {
  stateDirectory: string
  options: SnapshotOptions
}

/** The worker data of the thread. */
export interface SnapshotWorkerData extends SnapshotJob {
  shutdown: ShutdownFlag
}

/** A request to the thread. Look-ups use the segments of its own last snapshot. */
export type SnapshotRequest =
  | { type: 'snapshot' }
  | { type: 'lookup'; msisdn: number }
  | { type: 'subscribers'; query: SubscriberQuery }
  /** The rosters of all further snapshots go to a port. */
  | { type: 'follow'; rosters: MessagePort }

/** A snapshot, its JSON text, and the duration of each phase in milliseconds. */
export interface TakenSnapshot {
  snapshot: Snapshot
  json: string
  times: PhaseTimes & { publish: number }
}

/** A reply of the thread; `empty` while nothing is committed. */
export type SnapshotReply =
  { type: 'snapshot'; taken: TakenSnapshot } | { type: 'followed' } | LookUpReply

const { stateDirectory, options, shutdown } = workerData as SnapshotWorkerData
const inView = createReader(stateDirectory, shutdown)
const crew = createCrew()
let latest: Against | null = null
let rosters: MessagePort | null = null

const now = (): number => performance.now()

/**
 * Takes a snapshot. The view ends with the scan, before the longer computation: while a view is
 * open, LMDB cannot reuse the pages that it sees.
 */
function take(): TimedSnapshot | null {
  const scanned = inView((view) => ({
    parts: partsOf(view),
    state: scanState({ ...view, scan: rowsOf(view, shutdown) }, options, now),
  }))
  if (scanned === null) return null
  const { parts, state } = scanned
  const taken = computeInterruptibly(shutdown, () => snapshotOfScan(state, options, now, crew))
  const { snapshot, roster } = taken
  latest = { number: snapshot.number, segments: snapshot.segments }
  // Before the reply, so that look-ups never have an older roster than the published snapshot.
  if (rosters !== null) sendRoster(rosters, { number: snapshot.number, parts, roster })
  return taken
}

function sendRoster(port: MessagePort, numbered: NumberedRoster): void {
  const { columns, indexes, starts, used } = numbered.roster
  const arrays = [...Object.values(columns), indexes, used, ...(starts === null ? [] : [starts])]
  port.postMessage(
    numbered,
    arrays.map(({ buffer }) => buffer as ArrayBuffer),
  )
}

function answer(request: SnapshotRequest): SnapshotReply {
  if (request.type === 'snapshot') return published(take())
  if (request.type === 'follow') {
    rosters = request.rosters
    return { type: 'followed' }
  }
  const against = latest ?? take()?.snapshot
  if (against === undefined) return { type: 'empty' }
  const found = inView((view): SnapshotReply => {
    const forEachRows = subscribersOf(view, shutdown)
    // The time is read before the pass, which may take long: the view shows nothing newer.
    const moment = momentOf(view, Date.now())
    const { segments, number: segmentsNumber } = against
    const asOf = { ...moment, segmentsNumber, snapshotNumber: moment.commit }
    if (request.type === 'subscribers') {
      const page = subscriberPageOf(request.query, forEachRows, segments)
      return { type: 'subscribers', subscribers: listOf(request.query, page, asOf) }
    }
    const subscriber = lookUp(request.msisdn, forEachRows, segments)
    return { type: 'lookup', subscriber: subscriber && { asOf, ...subscriber } }
  })
  return found ?? { type: 'empty' }
}

function published(taken: TimedSnapshot | null): SnapshotReply {
  if (taken === null) return { type: 'empty' }
  const start = now()
  const { snapshot, times } = taken
  const json = JSON.stringify(snapshot)
  return {
    type: 'snapshot',
    taken: { snapshot, json, times: { ...times, publish: now() - start } },
  }
}

assert(parentPort !== null, 'the snapshot worker is started as a worker thread')
answerInTurn(
  parentPort,
  (request) => answer(request as SnapshotRequest),
  (type) => {
    // The first answer has the usual priority: a process that is not ready must not wait for idle time.
    if (type !== 'empty' && type !== 'followed') lowerPriority()
  },
  () => rosters?.close(),
)
