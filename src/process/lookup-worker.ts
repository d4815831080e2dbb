// The script of the look-up thread: single subscribers and pages of them, each as of one view.
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { assert } from '../errors.ts'
import type { SubscriberQuery } from '../snapshot/subscriber-page.ts'
import { momentOf } from '../snapshot/take.ts'
import { createRosterLookUps, type Against } from './roster-look-ups.ts'
import { listOf, type LookUpReply } from './lookup-reply.ts'
import type { NumberedRoster } from './roster-rows.ts'
import type { ShutdownFlag } from './shutdown.ts'
import { answerInTurn, createReader, rowsOf } from './state-reading.ts'

/** The worker data of the thread. */
export interface LookUpWorkerData {
  stateDirectory: string
  shutdown: ShutdownFlag
  /** On which the snapshot thread sends the roster of each snapshot, before it is published. */
  rosters: MessagePort
}

/** A request to the thread; `against` is sent when a newer snapshot was published. */
export type LookUpRequest = { against: Against | null } & (
  { type: 'lookup'; msisdn: number } | { type: 'subscribers'; query: SubscriberQuery }
)

const { stateDirectory, shutdown, rosters } = workerData as LookUpWorkerData
const inView = createReader(stateDirectory, shutdown)
const lookUps = createRosterLookUps((view) => rowsOf(view, shutdown))
let latest: Against | null = null

function answer(request: LookUpRequest): LookUpReply {
  // A roster is sent before its snapshot is published, so the newest one is here.
  for (let next; (next = receiveMessageOnPort(rosters)) !== undefined;) {
    lookUps.replaceRoster(next.message as NumberedRoster)
  }
  latest = request.against ?? latest
  assert(latest !== null, 'the first request has the segments of a snapshot')
  const against = latest
  const found = inView((view): LookUpReply => {
    const moment = { ...momentOf(view, Date.now()), segmentsNumber: against.number }
    if (request.type === 'subscribers') {
      const { query } = request
      const { found: page, snapshotNumber } = lookUps.list(view, query, against)
      const subscribers = listOf(query, page, { ...moment, snapshotNumber })
      return { type: 'subscribers', subscribers }
    }
    const { found: one, snapshotNumber } = lookUps.lookUp(view, request.msisdn, against)
    const subscriber = one && { asOf: { ...moment, snapshotNumber }, ...one }
    return { type: 'lookup', subscriber }
  })
  return found ?? { type: 'empty' }
}

assert(parentPort !== null, 'the look-up worker is started as a worker thread')
rosters.on('message', (numbered: NumberedRoster) => lookUps.replaceRoster(numbered))
answerInTurn(
  parentPort,
  (request) => answer(request as LookUpRequest),
  () => undefined,
  () => rosters.close(),
)
