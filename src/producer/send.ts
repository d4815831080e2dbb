// Sends rows one after another as they may go, but for those that the topic holds already.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DuckDBConnection } from '../duckdb.ts'
import { isMsisdn } from '../record/validation.ts'
import { partitionOf } from '../record/partitioner.ts'
import { readRows, type Values } from './values.ts'
import type { Readable } from '../parquet/rows.ts'
import { createThrottle, type Speed } from './throttle.ts'
import { isSent, type SentRows } from './sent-rows.ts'
import type { InFlightBatches } from './in-flight.ts'
import type { Topic } from './topic.ts'

/** A stop is heard, and progress shown, within this. */
const LONGEST_WAIT_MS = 100
const PROGRESS_MS = 250

/** How far it is; what is sent is acknowledged. */
export interface ProduceProgress {
  totalRows: number
  /** Rows dealt with: sent or left out. */
  rows: number
  sent: number
  /** Rows that the topic held already. */
  alreadySent: number
  /** Of keys, values, headers, before compression. */
  bytes: number
  /** Rows sent, by partition. */
  perPartition: number[]
  eventTimeMs: number | null
  seconds: number
  /** All rows are in the topic. */
  done: boolean
}

/** What it tells while it runs. */
export interface ProduceListener {
  onProgress(progress: ProduceProgress): void
  onNote: (sentence: string) => void
  /** Something does not work, or works again. */
  onTrouble: (sentence: string) => void
}

/** What a sending needs. */
export interface Sending {
  speed: Speed
  notes: ProduceListener
  control: { stopping: boolean }
  topic: Topic
  sent: SentRows
  rounds: InFlightBatches
}

/** Sends the rows of files until their end or a stop; all that is sent is acknowledged then. */
export async function sendAll(
  connection: DuckDBConnection,
  readables: readonly Readable[],
  { speed, notes, control, topic, sent, rounds }: Sending,
): Promise<ProduceProgress> {
  const gate = createThrottle(speed)
  const start = performance.now()
  const totalRows = readables.reduce((sum, { file }) => sum + file.rows, 0)
  let alreadySent = 0
  let eventTimeMs: number | null = null
  const progress = (done: boolean): ProduceProgress => ({
    ...{ totalRows, alreadySent, eventTimeMs, done },
    ...rounds.acknowledged(),
    rows: rounds.acknowledged().sent + alreadySent,
    seconds: (performance.now() - start) / 1000,
  })
  const timer = setInterval(() => notes.onProgress(progress(false)), PROGRESS_MS)

  /** Adds rows `from` on that may go; returns the first that may not, or may only later. */
  async function addDue(values: Values, from: number): Promise<number> {
    if (isSent(sent, values.file[from], values.row[from])) {
      alreadySent++
      return from + 1
    }
    let end = from + 1
    while (end < values.count && !isSent(sent, values.file[end], values.row[end])) end++
    const to = gate.openUntil(values.event, from, end, performance.now())
    const nowMs = Date.now()
    for (let i = from; i < to; i++) {
      const msisdn = values.msisdn[i]
      const key = isMsisdn(msisdn) ? msisdn : -1
      const partition = key === -1 ? 0 : partitionOf(key, topic.partitions)
      if (rounds.add(partition, values, i, key, nowMs)) await rounds.flush()
    }
    if (to > from && values.event[to - 1] === values.event[to - 1])
      eventTimeMs = values.event[to - 1]
    if (to < end) {
      await rounds.flush()
      await sleep(Math.min(LONGEST_WAIT_MS, gate.waitFor(values.event[to], performance.now())))
    }
    return to
  }

  try {
    for await (const values of readRows(connection, readables)) {
      for (let at = 0; at < values.count && !control.stopping;) at = await addDue(values, at)
      if (control.stopping) break
    }
    await rounds.end()
    return progress(!control.stopping)
  } finally {
    clearInterval(timer)
  }
}
