// A snapshot or look-up thread: answers requests one at a time, each from one read of the state.
import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { performance } from 'node:perf_hooks'
import { parentPort, workerData } from 'node:worker_threads'
import { openStateToRead, viewState, type ReadableState, type StateView } from '../../state/read.ts'
import { assert, messageOf, PulseError } from '../errors.ts'
import { APPLICATIONS } from '../record/columns.ts'
import { lookUp } from './lookup.ts'
import { membersOf, type MemberQuery } from './members.ts'
import type { Snapshot, SnapshotOptions } from './schema.ts'
import type { AsOf, Members, Subscriber } from './subscriber-schema.ts'
import { positionsOf, takeSnapshot, type PhaseTimes } from './take.ts'

export interface SnapshotWorkerData {
  stateDirectory: string
  options: SnapshotOptions
}

/** What of a snapshot single subscribers are held against. */
export type Against = Pick<Snapshot, 'number' | 'segments'>

/** Without `against` subscribers are held against the thread's own last snapshot. */
export type SnapshotRequest =
  | { id: number; type: 'snapshot' }
  | { id: number; type: 'lookup'; msisdn: number; against?: Against }
  | { id: number; type: 'members'; query: MemberQuery; against?: Against }

export interface TakenSnapshot {
  snapshot: Snapshot
  json: string
  times: PhaseTimes & { publish: number }
}

/** `empty`: there is nothing committed yet. */
export type SnapshotReply = { id: number } & (
  | { type: 'snapshot'; taken: TakenSnapshot }
  | { type: 'lookup'; subscriber: Subscriber | null }
  | { type: 'members'; members: Members }
  | { type: 'empty' }
  | { type: 'failed'; message: string }
)

/** Lower than ingest and main: it takes what they leave. */
const NICENESS = 10

let state: ReadableState | null = null
let latest: Against | null = null

function lowerPriority(): void {
  if (process.platform !== 'linux') return
  // On Linux a nice value belongs to a thread; this one's number stands behind the last slash.
  setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), NICENESS)
}

function answer(request: SnapshotRequest, { stateDirectory, options }: SnapshotWorkerData) {
  state ??= openStateToRead(stateDirectory)
  const view = viewState(state)
  try {
    if (view.counters.commit === 0) return { type: 'empty' as const }
    if (request.type === 'snapshot') return { type: 'snapshot' as const, ...take(view, options) }
    const against = request.against ?? latest ?? take(view, options).snapshot
    // Before the pass, which takes a while: the view shows nothing that came later.
    const asOf = asOfNow(view, against)
    if (request.type === 'members') {
      const members = { asOf, ...membersIn(view, request.query, against) }
      return { type: 'members' as const, members }
    }
    const found = lookUp(request.msisdn, (visit) => view.scan(visit), against.segments)
    return { type: 'lookup' as const, subscriber: found === null ? null : { asOf, ...found } }
  } finally {
    view.finish()
  }
}

function take(view: StateView, options: SnapshotOptions): ReturnType<typeof takeSnapshot> {
  const taken = takeSnapshot(view, options, () => performance.now())
  latest = { number: taken.snapshot.number, segments: taken.snapshot.segments }
  return taken
}

const asOfNow = (view: StateView, { number }: Against): AsOf => ({
  commit: view.counters.commit,
  timeMs: Date.now(),
  segmentsNumber: number,
  positions: positionsOf(view),
})

function membersIn(
  view: StateView,
  query: MemberQuery,
  { segments }: Against,
): Omit<Members, 'asOf'> {
  const { members, next } = membersOf(query, (visit) => view.scan(visit), segments)
  return {
    segment: query.segment,
    application: APPLICATIONS.find((name) => name === query.application) ?? null,
    subscribers: members,
    next,
  }
}

function reply(request: SnapshotRequest, data: SnapshotWorkerData): SnapshotReply {
  const { id } = request
  try {
    const answered = answer(request, data)
    if (answered.type !== 'snapshot') return { id, ...answered }
    const start = performance.now()
    const { snapshot, times } = answered
    const json = JSON.stringify(snapshot)
    const publish = performance.now() - start
    return { id, type: 'snapshot', taken: { snapshot, json, times: { ...times, publish } } }
  } catch (error) {
    if (error instanceof PulseError && error.code === 'state-missing') return { id, type: 'empty' }
    return { id, type: 'failed', message: messageOf(error) }
  }
}

assert(parentPort !== null, 'the snapshot worker is started as a worker thread')
const port = parentPort
lowerPriority()
port.on('message', (request: SnapshotRequest) => {
  port.postMessage(reply(request, workerData as SnapshotWorkerData))
})
