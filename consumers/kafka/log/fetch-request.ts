// One request of a fetch loop: which logs from which offsets, and how many bytes of each.
import { performance } from 'node:perf_hooks'
import type { Broker } from '../../../src/kafka/client.ts'
import type { FetchedPartition, Fetcher, FetchResponse } from '../../../src/kafka/fetch.ts'
import { readBatch } from '../../../src/kafka/record-batch.ts'
import { readFrom, type LogPartition } from './partition.ts'
import { readsLeader } from './replica.ts'

/** A response that takes longer is too large for the link; at half of it nothing changes. */
const SLOW_MS = 8000
const MIN_BYTES = 64 * 2 ** 10

/** What requests ask for. */
export interface FetchOptions {
  /** Rack of this process; empty for none. */
  rack: string
  /** Bounds of a response; per broker at most two are in memory. */
  maxBytes: number
  maxPartitionBytes: number
  /** How long a broker holds back an empty response. */
  maxWaitMs: number
}

/** How many bytes requests ask for: a response that a slow link does not bring in time is lost. */
export interface FetchSize {
  bytes: number
  /** The most that they ask for. */
  most: number
}

/** The size of a first request. */
export const createFetchSize = ({ maxBytes }: FetchOptions): FetchSize => ({
  bytes: maxBytes,
  most: maxBytes,
})

/** Adapts the size to the time that a response took. */
export function adaptSize(size: FetchSize, tookMs: number): void {
  if (tookMs > SLOW_MS) size.bytes = atLeast(size, size.bytes / 2)
  else if (tookMs < SLOW_MS / 2) size.bytes = Math.min(size.most, size.bytes * 2)
}

/** Shrinks the size after a request that failed, perhaps because its response was too large. */
export function shrinkSize(size: FetchSize): void {
  size.bytes = atLeast(size, size.bytes / 8)
}

const atLeast = ({ most }: FetchSize, bytes: number): number =>
  Math.ceil(Math.max(Math.min(MIN_BYTES, most), bytes))

/** A log and the offset it was asked for. */
export interface AskedLog {
  log: LogPartition
  offset: number
}

/** A request under way. */
export interface LogRequest {
  /** By partition. */
  asked: ReadonlyMap<number, AskedLog>
  response: Promise<FetchResponse>
}

/** Where logs will be read from once a response is applied. */
export type LogEnds = ReadonlyMap<LogPartition, number>

/** Requests logs from their positions, or from where these will be. */
export function requestLogs(
  fetcher: Fetcher,
  broker: Broker,
  topicId: string,
  logs: readonly LogPartition[],
  ends: LogEnds,
  size: FetchSize,
  { rack, maxPartitionBytes, maxWaitMs }: FetchOptions,
): LogRequest {
  const asked = new Map(
    logs.map((log) => [log.number, { log, offset: ends.get(log) ?? readFrom(log) }]),
  )
  const positions = [...asked.values()].map(({ log, offset }) => ({
    partition: log.number,
    offset,
    // The epoch is that of the position; the one before a later offset is not known yet.
    lastEpoch: ends.has(log) || log.peek !== null ? -1 : log.position.leaderEpoch,
  }))
  const start = performance.now()
  const response = fetcher.fetch(broker, {
    topicId,
    positions,
    maxBytes: size.bytes,
    maxPartitionBytes: Math.min(maxPartitionBytes, size.bytes),
    maxWaitMs,
    // It holds for all partitions of a request.
    rack: logs.some((log) => readsLeader(log, start)) ? '' : rack,
  })
  // It may fail while the response before it is applied.
  response.then(
    () => adaptSize(size, performance.now() - start),
    () => shrinkSize(size),
  )
  return { asked, response }
}

/**
 * Returns where logs will be read from once a response is applied. A response that does not begin
 * at its log's position is going to be dropped: the next request begins at the position again.
 */
export function endsOf(
  asked: LogRequest['asked'],
  partitions: readonly FetchedPartition[],
): LogEnds {
  const ends = new Map<LogPartition, number>()
  for (const { partition, records } of partitions) {
    const of = asked.get(partition)
    if (of === undefined || readFrom(of.log) !== of.offset) continue
    const end = endOf(records)
    if (end !== null) ends.set(of.log, end)
  }
  return ends
}

function endOf(records: Buffer): number | null {
  let end: number | null = null
  for (let at = 0; ;) {
    const batch = readBatch(records, at, records.length)
    // A damaged length is reported when the batch is checked.
    if (batch === null || batch.to <= at) return end
    end = batch.lastOffset + 1
    at = batch.to
  }
}
