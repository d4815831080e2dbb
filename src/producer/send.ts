// Sends rows in order of Start as the throttle permits, except those that the topic already holds.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DuckDBConnection } from '../duckdb.ts'
import type { Readable } from '../parquet/rows.ts'
import { requireUnchanged } from '../parquet/identity/unchanged.ts'
import { partitionOf } from '../record/partitioner.ts'
import { isMsisdn } from '../record/validation.ts'
import type { InFlightBatches } from './in-flight.ts'
import { assertAllPassed, lookAt, pass, NOT_SENT, SENT_BEFORE, type Follower } from './follow.ts'
import { createThrottle, type Speed, type Throttle } from './throttle.ts'
import type { Topic } from './topic.ts'
import { readRows, type Values } from './values.ts'

/** A stop takes effect, and progress is reported, at least this often. */
const LONGEST_WAIT_MS = 100
const PROGRESS_MS = 250

/** Progress of a producer; `sent` rows are committed. */
export interface ProduceProgress {
  totalRows: number
  /** Rows done: sent, or already in the topic. */
  rows: number
  sent: number
  /** Rows that the topic already held. */
  alreadySent: number
  /** Keys, values and headers before compression. */
  bytes: number
  /** Rows sent, by partition. */
  perPartition: number[]
  /** Start of the last row, UTC ms; null before the first known one. */
  eventTimeMs: number | null
  seconds: number
  /** Records of the topic that were read to find rows already sent. */
  recordsRead: number
  /** True when all rows are in the topic. */
  done: boolean
}

/** Receives what a producer reports while it runs. */
export interface ProduceListener {
  onProgress(progress: ProduceProgress): void
  onNote: (sentence: string) => void
  /** Sending fails, or works again. */
  onTrouble: (sentence: string) => void
}

/** The parameters of sending. */
export interface SendContext {
  speed: Speed
  listener: ProduceListener
  control: { stopping: boolean }
  topic: Topic
  follower: Follower
  batches: InFlightBatches
  /** Records of the topic that were read to find rows already sent. */
  recordsRead: number
  /** Bytes that this run had sent when sending began again. */
  bytesBefore: number
}

interface Sending extends SendContext {
  throttle: Throttle
  alreadySent: number
  /** By partition: rows that this run had sent when sending began again. */
  sentBefore: number[]
  eventTimeMs: number | null
}

/**
 * Sends the rows of files until their end or a stop. On return all rows sent are committed.
 *
 * @throws PulseError `input-invalid` for unreadable rows, `kafka` for rows that cannot be sent
 */
export async function sendAll(
  connection: DuckDBConnection,
  readables: readonly Readable[],
  context: SendContext,
): Promise<ProduceProgress> {
  const { listener, control, batches, recordsRead } = context
  const throttle = createThrottle(context.speed)
  const sentBefore = Array<number>(context.topic.partitions).fill(0)
  const sending: Sending = { ...context, throttle, alreadySent: 0, sentBefore, eventTimeMs: null }
  const start = performance.now()
  const totalRows = readables.reduce((sum, { file }) => sum + file.rows - file.malformed, 0)
  const progress = (done: boolean): ProduceProgress => {
    const { alreadySent, sentBefore, eventTimeMs } = sending
    const acknowledged = batches.acknowledged()
    const seconds = (performance.now() - start) / 1000
    const perPartition = acknowledged.perPartition.map((count, p) => count + sentBefore[p])
    const sent = perPartition.reduce((sum, count) => sum + count, 0)
    const bytes = acknowledged.bytes + context.bytesBefore
    const rows = { rows: sent + alreadySent, sent, alreadySent, bytes, perPartition }
    return { totalRows, ...rows, eventTimeMs, seconds, recordsRead, done }
  }
  const timer = setInterval(() => listener.onProgress(progress(false)), PROGRESS_MS)
  try {
    const files = readables.map(({ file }) => file)
    const effect = context.bytesBefore === 0 ? 'nothing was sent' : 'rows were sent before'
    let checked = false
    for await (const values of readRows(connection, readables)) {
      // Sorting has read all rows before it gives the first one.
      if (!checked) requireUnchanged(files, effect)
      checked = true
      lookAt(sending.follower, values)
      for (let at = 0; at < values.count && !control.stopping;) {
        at = await addDue(sending, values, at)
      }
      if (control.stopping) break
    }
    if (!control.stopping) assertAllPassed(sending.follower)
    await batches.end()
    return progress(!control.stopping)
  } finally {
    clearInterval(timer)
  }
}

/** Adds the rows from `from` on that may be sent now; returns the first row that is left. */
async function addDue(sending: Sending, values: Values, from: number): Promise<number> {
  const { follower, throttle, batches } = sending
  const { sent } = follower
  if (sent[from] !== NOT_SENT) {
    pass(follower, values, from)
    if (sent[from] === SENT_BEFORE) sending.alreadySent++
    else sending.sentBefore[placeOf(sending.topic, values, from).partition]++
    return from + 1
  }
  let end = from + 1
  while (end < values.count && sent[end] === NOT_SENT) end++
  const to = throttle.openUntil(values.event, from, end, performance.now())
  await addRows(sending, values, from, to)
  const event = to > from ? values.event[to - 1] : NaN
  if (event === event) sending.eventTimeMs = event
  if (to < end) {
    await batches.flush()
    await sleep(Math.min(LONGEST_WAIT_MS, throttle.waitFor(values.event[to], performance.now())))
  }
  return to
}

/** The key of a row and its partition. A row without a valid MSISDN has no key and goes to partition 0. */
function placeOf({ partitions }: Topic, { msisdn }: Values, i: number) {
  if (!isMsisdn(msisdn[i])) return { key: -1, partition: 0 }
  return { key: msisdn[i], partition: partitionOf(msisdn[i], partitions) }
}

/** Adds rows `from` to `to`. */
async function addRows(
  { batches, topic, follower }: Sending,
  values: Values,
  from: number,
  to: number,
): Promise<void> {
  const nowMs = Date.now()
  for (let i = from; i < to; i++) {
    const { key, partition } = placeOf(topic, values, i)
    const isFull = batches.add(partition, values, i, key, nowMs)
    pass(follower, values, i)
    if (isFull) await batches.flush()
  }
}
