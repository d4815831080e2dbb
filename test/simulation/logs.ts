// Simulated logs of topics: batches of messages, transactions, holes, and what a broker answers.
import type { FetchedPartition } from '../../src/kafka/fetch.ts'
import type { Random } from '../../src/random.ts'
import { batchBytes, type HandRecord } from '../kafka/batches.ts'
import { below, someRow, valueOf, type Row } from './rows.ts'

const TRANSACTIONAL = 0b010000
const CONTROL = 0b100000
const PRODUCER = 7
const NO_SCHEMA = 0.7

/** A batch of a log. */
interface LogBatch {
  from: number
  /** Exclusive. */
  to: number
  bytes: Buffer
}

/** A partition of a topic, as its brokers have it. */
export interface SimulatedLog {
  topic: string
  number: number
  /** Key of the topic. */
  source: string
  /** By offset: its row; null for a marker, an aborted record or a hole. */
  rows: (Row | null)[]
  batches: LogBatch[]
  /** Aborted transactions: the offsets of their first record and of their marker. */
  aborted: { firstOffset: number; marker: number }[]
  /** Offsets that compaction has removed. */
  holes: number[]
  /** First offset that the log has. */
  start: number
  /** Offset up to which it may be read so far: the rest is written later. */
  visible: number
}

/** What the messages of a log are made from. */
export interface LogShape {
  subscribers: readonly number[]
  messages: number
  dirt: number
  /** Ids of schemas of the registry that messages name; none for messages without. */
  schemas: readonly number[]
}

/** A log with all messages that it will ever have. */
export function createLog(
  random: Random,
  { topic, number, source }: Pick<SimulatedLog, 'topic' | 'number' | 'source'>,
  shape: LogShape,
): SimulatedLog {
  const log: SimulatedLog = {
    ...{
      topic,
      number,
      source,
      rows: [],
      batches: [],
      aborted: [],
      holes: [],
      start: 0,
      visible: 0,
    },
  }
  while (log.rows.length < shape.messages) {
    const dice = random()
    if (dice < 0.1) addTransaction(random, log, shape)
    else addBatch(random, log, shape, dice < 0.2 ? 'holes' : 'plain')
  }
  return log
}

function addBatch(
  random: Random,
  log: SimulatedLog,
  { subscribers, dirt, schemas }: LogShape,
  kind: 'plain' | 'holes' | 'aborted' | 'committed',
): void {
  const from = log.rows.length
  const records: HandRecord[] = []
  for (let count = 1 + below(random, 6); count > 0; count--) {
    const offset = log.rows.length
    const row = someRow(random, subscribers, dirt)
    const isHole = kind === 'holes' && random() < 0.4
    log.rows.push(isHole || kind === 'aborted' ? null : row)
    if (isHole) {
      log.holes.push(offset)
      continue
    }
    const schema = schemas.length === 0 || random() < NO_SCHEMA ? null : schemas[below(random, 2)]
    const key = Number.isNaN(row.msisdn) ? null : Buffer.from(String(row.msisdn))
    records.push({ offset, timestampMs: row.startMs, key, value: valueOf(row, schema) })
  }
  const isTransactional = kind === 'aborted' || kind === 'committed'
  const to = log.rows.length
  const bytes = batchBytes({
    ...{ baseOffset: from, lastOffset: to - 1, records },
    attributes: isTransactional ? TRANSACTIONAL : 0,
    producerId: isTransactional ? PRODUCER : -1,
  })
  log.batches.push({ from, to, bytes })
}

function addTransaction(random: Random, log: SimulatedLog, shape: LogShape): void {
  const aborts = random() < 0.5
  const firstOffset = log.rows.length
  addBatch(random, log, shape, aborts ? 'aborted' : 'committed')
  const offset = log.rows.length
  if (aborts) log.aborted.push({ firstOffset, marker: offset })
  const key = Buffer.from([0, 0, 0, aborts ? 0 : 1])
  const marker = { offset, timestampMs: 0, key, value: Buffer.alloc(6) }
  const bytes = batchBytes({
    ...{ baseOffset: offset, lastOffset: offset, producerId: PRODUCER, records: [marker] },
    attributes: TRANSACTIONAL | CONTROL,
  })
  log.rows.push(null)
  log.batches.push({ from: offset, to: offset + 1, bytes })
}

const OUT_OF_RANGE = 1
const NOT_LEADER = 6
const TIMED_OUT = 7

/** What a broker answers to a fetch from `offset`: whole batches, maybe the beginning of another. */
export function answer(
  random: Random,
  log: SimulatedLog,
  offset: number,
  faults: number,
): FetchedPartition {
  const ends = {
    ...{ partition: log.number, endOffset: log.visible, stableOffset: log.visible },
    ...{ logStartOffset: log.start, divergingOffset: -1, preferredReplica: -1 },
  }
  const none = { ...ends, aborted: [], records: Buffer.alloc(0) }
  if (offset < log.start) return { ...none, errorCode: OUT_OF_RANGE }
  const dice = random()
  if (dice < faults) return { ...none, errorCode: NOT_LEADER }
  if (dice < 1.5 * faults) return { ...none, errorCode: TIMED_OUT }
  if (dice < 2 * faults) return { ...none, errorCode: OUT_OF_RANGE }
  const at = log.batches.findIndex(({ to }) => to > offset)
  if (at < 0 || offset >= log.visible) return { ...none, errorCode: 0 }
  const sent = log.batches
    .slice(at, at + 1 + below(random, 4))
    .filter(({ to }) => to <= log.visible)
  const next = log.batches.at(at + sent.length)
  const parts = sent.map(({ bytes }) => bytes)
  // A response ends where its size does.
  if (next !== undefined && random() < 0.3) {
    parts.push(next.bytes.subarray(0, below(random, next.bytes.length)))
  }
  const [first, last] = [sent[0].from, sent[sent.length - 1].to]
  const aborted = log.aborted
    .filter(({ firstOffset, marker }) => firstOffset < last && marker >= first)
    .map(({ firstOffset }) => ({ producerId: PRODUCER, firstOffset }))
  return { ...ends, errorCode: 0, aborted, records: Buffer.concat(parts) }
}

/** Lets producers write up to some later batch; all of them when `all`. */
export function growLog(random: Random, log: SimulatedLog, all: boolean): void {
  const ends = log.batches.map(({ to }) => to).filter((to) => to > log.visible)
  const end = all ? ends.at(-1) : ends.at(below(random, 3))
  log.visible = end ?? log.visible
}

/** Deletes the oldest batches, as retention does; returns whether there were any. */
export function truncateStart(random: Random, log: SimulatedLog): boolean {
  const ends = log.batches.map(({ to }) => to).filter((to) => to > log.start && to <= log.visible)
  if (ends.length === 0 || log.start > 0) return false
  log.start = ends[below(random, ends.length)]
  return true
}
