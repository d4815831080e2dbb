// Reads the first rows of a topic for their keys only: how its producers partition subscribers.
import { performance } from 'node:perf_hooks'
import { messageOf, PulseError } from '../../../src/errors.ts'
import type { Consumer, KafkaConnection } from '../../../src/kafka/client.ts'
import { createFetcher, type FetchedPartition, type Fetcher } from '../../../src/kafka/fetch.ts'
import { checkBatch, nextRecord, openRecords, readBatch } from '../../../src/kafka/record-batch.ts'
import type { RecordBatch, RecordCursor } from '../../../src/kafka/record-batch.ts'
import { BROKER_RETRY, createBackoff, resetBackoff, waitToRetry } from '../../../src/kafka/retry.ts'
import { describeTopic, offsetAt, type TopicView } from '../../../src/kafka/topic.ts'
import { PLACE } from '../../../src/record/columns.ts'
import {
  addKey,
  createKeySample,
  isDecided,
  type KeySample,
} from '../../../src/record/topic-keys.ts'
import { isMsisdn } from '../../../src/record/validation.ts'
import type { Warnings } from '../../ingest/warnings.ts'
import { DECODED, WAITING, type MessageFormat } from './message-format.ts'
import { createMessageRows, type MessageRows } from './message-rows.ts'

/** What a peek needs. */
export interface KeyPeek {
  connection: KafkaConnection
  consumer: Consumer
  topic: string
  view: TopicView
  format: MessageFormat
  warnings: Warnings
  stop: AbortSignal
}

/** Most rows that are read: enough keys are found in far fewer, unless they repeat. */
const MAX_ROWS = 50_000
const MAX_BYTES = 2 ** 20
const MAX_WAIT_MS = 500
/** Brokers that do not answer for this long end the start. */
const LONGEST_MS = 30_000

/** A peek under way. */
interface Peeking extends KeyPeek {
  fetcher: Fetcher
  sample: KeySample
  /** Room for one row. */
  row: MessageRows
  rows: number
  /** By partition: where to read on, and the end when the peek began. */
  logs: Map<number, { next: number; end: number }>
}

/**
 * Samples the keys of a topic from the beginning of its log.
 *
 * @throws PulseError `kafka` when the brokers cannot be read for 30 seconds
 */
export async function peekKeys(peek: KeyPeek): Promise<KeySample> {
  const sample = createKeySample(peek.view.partitions)
  const fetcher = createFetcher(peek.connection)
  const row = createMessageRows(1)
  const peeking: Peeking = { ...peek, fetcher, sample, row, rows: 0, logs: new Map() }
  try {
    await peekUntilDecided(peeking)
  } finally {
    // Not awaited: a connection that is down may take long to close.
    void fetcher.close().catch(() => undefined)
  }
  return sample
}

async function peekUntilDecided(peeking: Peeking): Promise<void> {
  const { sample, warnings, stop, topic } = peeking
  const backoff = createBackoff(BROKER_RETRY)
  let until = performance.now() + LONGEST_MS
  while (!stop.aborted && !isDecided(sample) && peeking.rows < MAX_ROWS) {
    try {
      if (!(await peekOnce(peeking))) return
      resetBackoff(backoff)
      until = performance.now() + LONGEST_MS
    } catch (error) {
      if (error instanceof PulseError) throw error
      const message = `the keys of "${topic}" cannot be read: ${messageOf(error)}`
      if (performance.now() > until) throw new PulseError('kafka', message, error)
      warnings.error('fetch', message)
      await waitToRetry(backoff, stop)
      peeking.view = (await describeTopic(peeking.consumer, topic)) ?? peeking.view
    }
  }
}

/** Reads one response per broker; returns false when all logs were read to their ends. */
async function peekOnce(peeking: Peeking): Promise<boolean> {
  const { consumer, topic, view, logs, fetcher } = peeking
  for (let partition = logs.size; partition < view.partitions; partition++) {
    const next = await offsetAt(consumer, topic, partition, 'earliest')
    logs.set(partition, { next, end: await offsetAt(consumer, topic, partition, 'latest') })
  }
  const open = [...logs].filter(([, { next, end }]) => next < end)
  for (const [node, broker] of view.brokers) {
    const positions = open
      .filter(([partition]) => view.leaders[partition] === node)
      .map(([partition, { next }]) => ({ partition, offset: next, lastEpoch: -1 }))
    if (positions.length === 0) continue
    const bounds = { maxBytes: MAX_BYTES * 4, maxPartitionBytes: MAX_BYTES, maxWaitMs: MAX_WAIT_MS }
    const found = await fetcher.fetch(broker, { topicId: view.id, positions, ...bounds })
    if (found.errorCode !== 0) throw new Error(`a fetch ends with error ${found.errorCode}`)
    for (const fetched of found.partitions) await addFetched(peeking, fetched)
  }
  return open.length > 0
}

async function addFetched(
  peeking: Peeking,
  { partition, errorCode, records, stableOffset }: FetchedPartition,
): Promise<void> {
  if (errorCode !== 0) throw new Error(`partition ${partition} ends with error ${errorCode}`)
  const log = peeking.logs.get(partition)
  if (log === undefined) return
  // What an open transaction holds back is not waited for.
  if (records.length === 0) log.end = Math.min(log.end, log.next, stableOffset)
  for (let at = 0; !isDecided(peeking.sample) && !peeking.stop.aborted;) {
    const batch = readBatch(records, at, records.length)
    // A length that goes back is reported when the log is read.
    if (batch === null || batch.to <= at) return
    at = batch.to
    await addBatch(peeking, partition, records, batch)
    log.next = batch.lastOffset + 1
  }
}

/** A batch that cannot be read shows no key; reading the log reports it. */
async function addBatch(
  peeking: Peeking,
  partition: number,
  bytes: Buffer,
  batch: RecordBatch,
): Promise<void> {
  if (batch.control || checkBatch(bytes, batch) !== null) return
  const cursor = openRecords(bytes, batch)
  if (typeof cursor === 'string') return
  while (!isDecided(peeking.sample) && nextRecord(cursor) === 1) {
    await addRecord(peeking, partition, cursor)
  }
}

async function addRecord(peeking: Peeking, partition: number, cursor: RecordCursor): Promise<void> {
  const { format, row, sample } = peeking
  const { bytes, keyFrom, keyTo, valueFrom, valueTo } = cursor
  peeking.rows++
  if (valueFrom < 0) return
  const values = row.columns.map((column) => column.values)
  const decode = (): number => format.decode(bytes, valueFrom, valueTo, values, 0)
  let outcome = decode()
  if (outcome === WAITING) {
    await format.learn(format.wanted())
    outcome = decode()
  }
  const msisdn = values[PLACE.msisdn][0]
  if (outcome !== DECODED || !isMsisdn(msisdn)) return
  addKey(sample, bytes, keyFrom, keyTo, msisdn, partition)
}
