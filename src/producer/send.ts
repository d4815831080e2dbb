// Sends rows in order of Start as the throttle permits, except those that the topic already holds.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DuckDBConnection } from '../duckdb.ts'
import type { Readable } from '../parquet/rows.ts'
import { requireUnchanged } from '../parquet/unchanged.ts'
import { partitionOf } from '../record/partitioner.ts'
import { isMsisdn } from '../record/validation.ts'
import type { InFlightBatches } from './in-flight.ts'
import { isSent, type SentRows } from './sent-rows.ts'
import { createThrottle, type Speed, type Throttle } from './throttle.ts'
import type { Topic } from './topic.ts'
import { readRows, type Values } from './values.ts'

/** A stop takes effect, and progress is reported, at least this often. */
const LONGEST_WAIT_MS = 100
const PROGRESS_MS = 250

/** Progress of a producer; `sent` rows are acknowledged. */
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
  sent: SentRows
  batches: InFlightBatches
}

interface Sending extends SendContext {
  throttle: Throttle
  alreadySent: number
  eventTimeMs: number | null
}

/**
 * Sends the rows of files until their end or a stop. On return all rows sent are acknowledged.
 *
 * @throws PulseError `input-invalid` for unreadable rows, `kafka` for rows that cannot be sent
 */
export async function sendAll(
  connection: DuckDBConnection,
  readables: readonly Readable[],
  context: SendContext,
): Promise<ProduceProgress> {
  const { listener, control, batches } = context
  const throttle = createThrottle(context.speed)
  const sending: Sending = { ...context, throttle, alreadySent: 0, eventTimeMs: null }
  const start = performance.now()
  const totalRows = readables.reduce((sum, { file }) => sum + file.rows - file.malformed, 0)
  const progress = (done: boolean): ProduceProgress => {
    const { alreadySent, eventTimeMs } = sending
    const acknowledged = batches.acknowledged()
    const seconds = (performance.now() - start) / 1000
    const rows = acknowledged.sent + alreadySent
    return { totalRows, rows, alreadySent, eventTimeMs, seconds, done, ...acknowledged }
  }
  const timer = setInterval(() => listener.onProgress(progress(false)), PROGRESS_MS)
  try {
    const files = readables.map(({ file }) => file)
    let checked = false
    for await (const values of readRows(connection, readables)) {
      // Sorting has read all rows before it gives the first one.
      if (!checked) requireUnchanged(files, 'nothing was sent')
      checked = true
      for (let at = 0; at < values.count && !control.stopping;) {
        at = await addDue(sending, values, at)
      }
      if (control.stopping) break
    }
    await batches.end()
    return progress(!control.stopping)
  } finally {
    clearInterval(timer)
  }
}

/** Adds the rows from `from` on that may be sent now; returns the first row that is left. */
async function addDue(sending: Sending, values: Values, from: number): Promise<number> {
  const { sent, throttle, batches } = sending
  if (isSent(sent, values.file[from], values.row[from])) {
    sending.alreadySent++
    return from + 1
  }
  let end = from + 1
  while (end < values.count && !isSent(sent, values.file[end], values.row[end])) end++
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

/** Adds rows `from` to `to`. A row without a valid MSISDN has no key and goes to partition 0. */
async function addRows(
  { batches, topic }: Sending,
  values: Values,
  from: number,
  to: number,
): Promise<void> {
  const nowMs = Date.now()
  for (let i = from; i < to; i++) {
    const msisdn = values.msisdn[i]
    const key = isMsisdn(msisdn) ? msisdn : -1
    const partition = key === -1 ? 0 : partitionOf(key, topic.partitions)
    if (batches.add(partition, values, i, key, nowMs)) await batches.flush()
  }
}
