// One fetch from one broker: request and response of Kafka's protocol, with the records as bytes.
//
// Only the package's connection is used. Its own fetch() makes an object of every record, and drops
// records of committed transactions when a producer aborted several within one response.
//
// Layout: Kafka protocol guide, "Fetch API (Key: 1)", version 13.
import { openPool, Writer, type Broker, type KafkaConnection, type Reader } from './client.ts'
import { readLength, readUnsigned, skipTags, type Place } from './compact.ts'
import { takeMemory, type FetchMemory } from './fetch-memory.ts'
import { readInt64 } from './record-batch.ts'

const FETCH = 1
/** The first version that names topics by id: a recreated topic is never read as the former one. */
const VERSION = 13
const READ_COMMITTED = 1
/** The replica id of a consumer, which is not a follower. */
const CONSUMER = -1
/** Longer than a response of 16 MiB takes over a link of 1 MB/s. */
const REQUEST_MS = 30_000
/** Neither starts nor continues a fetch session. */
const NO_SESSION_EPOCH = -1

/** Where to fetch a partition from. */
export interface FetchPosition {
  partition: number
  offset: number
  /** Epoch of the leader that wrote the record before `offset`, -1 unknown: finds a truncation. */
  lastEpoch: number
}

/** A request to one broker. */
export interface FetchRequest {
  topicId: string
  positions: readonly FetchPosition[]
  /** Bounds of the response; the first batch is sent in any case. */
  maxBytes: number
  maxPartitionBytes: number
  /** The broker responds after this time at the latest, even without records. */
  maxWaitMs: number
  /** Rack of this process: the leader may name a replica there. */
  rack?: string
}

/** The part of a response that belongs to one partition. */
export interface FetchedPartition {
  partition: number
  /** Kafka's error code; 0 for none. */
  errorCode: number
  /** End of the log (high watermark), exclusive. */
  endOffset: number
  /** End of what may be read (last stable offset): all transactions before it have ended. */
  stableOffset: number
  /** First offset of the log. */
  logStartOffset: number
  /** Offset from which the log differs from the one that was read (truncation); -1 for none. */
  divergingOffset: number
  /** Aborted transactions among the records, in order of their first offset. */
  aborted: { producerId: number; firstOffset: number }[]
  /** Node id of the replica to fetch from instead of the leader; -1 for none. */
  preferredReplica: number
  /** Record batches, one after another; the last one may be incomplete. */
  records: Buffer
}

/** A response. */
export interface FetchResponse {
  /** Kafka's error code of the whole response; 0 for none. */
  errorCode: number
  partitions: FetchedPartition[]
  /** What the records are in, for `returnMemory`. */
  memory: Buffer
}

/** Fetches over its own connections. */
export interface Fetcher {
  /** Sends one request; rejects when the broker cannot be reached or does not respond in time. */
  fetch(broker: Broker, request: FetchRequest): Promise<FetchResponse>
  /** Closes the connections; the next fetch opens new ones. */
  reset(): Promise<void>
  /** Closes the connections; requests in flight fail. */
  close(): Promise<void>
}

/**
 * Opens a fetcher. Its connections are its own, so that a long response delays no heartbeat.
 *
 * @param free where memory of responses is taken from
 */
export function createFetcher(connection: KafkaConnection, free: FetchMemory = []): Fetcher {
  let pool = openPool(connection, REQUEST_MS)
  const read = (_: number, __: number, ___: number, reader: Reader): FetchResponse =>
    readResponse(reader, free)
  return {
    async fetch(broker, request) {
      const link = await pool.get(broker)
      return new Promise((resolve, reject) => {
        const done = (error: Error | null, response?: FetchResponse): void => {
          if (error === null && response !== undefined) resolve(response)
          else reject(error ?? new Error('the broker sent an empty response'))
        }
        link.send(FETCH, VERSION, () => writeRequest(request), read, true, true, done)
      })
    },
    async reset() {
      const old = pool
      pool = openPool(connection, REQUEST_MS)
      await old.close()
    },
    close: () => pool.close(),
  }
}

function writeRequest(request: FetchRequest): Writer {
  return Writer.create()
    .appendInt32(CONSUMER)
    .appendInt32(request.maxWaitMs)
    .appendInt32(1)
    .appendInt32(request.maxBytes)
    .appendInt8(READ_COMMITTED)
    .appendInt32(0)
    .appendInt32(NO_SESSION_EPOCH)
    .appendArray([request], (writer, { topicId, positions, maxPartitionBytes }) => {
      writer.appendUUID(topicId).appendArray([...positions], (inner, position) => {
        inner
          .appendInt32(position.partition)
          .appendInt32(-1)
          .appendInt64(BigInt(position.offset))
          .appendInt32(position.lastEpoch)
          .appendInt64(-1n)
          .appendInt32(maxPartitionBytes)
      })
    })
    .appendArray([], () => undefined)
    .appendString(request.rack ?? '')
    .appendTaggedFields()
}

/** A response in the pieces in which it came, of which `position` bytes have been read. */
interface ReadBytes {
  buffer: { length: number; buffers: readonly Buffer[] }
  position: number
}

/** Reads a response from a reader's position to its end, into memory of `free`. */
export function readResponse({ buffer, position }: ReadBytes, free: FetchMemory): FetchResponse {
  // One copy: the response arrives in as many pieces as the network made of it.
  const memory = takeMemory(free, buffer.length - position)
  const bytes = memory.subarray(0, buffer.length - position)
  let from = -position
  for (const piece of buffer.buffers) {
    if (from + piece.length > 0) piece.copy(bytes, Math.max(0, from), Math.max(0, -from))
    from += piece.length
  }
  const errorCode = bytes.readInt16BE(4)
  const at = { bytes, at: 10 }
  const partitions: FetchedPartition[] = []
  const topics = readLength(at)
  for (let topic = 0; topic < topics; topic++) {
    at.at += 16
    const count = readLength(at)
    for (let i = 0; i < count; i++) partitions.push(readPartition(at))
    skipTags(at)
  }
  return { errorCode, partitions, memory }
}

function readPartition(place: Place): FetchedPartition {
  const { bytes, at: from } = place
  place.at = from + 30
  const aborted: FetchedPartition['aborted'] = []
  const count = readLength(place)
  for (let i = 0; i < count; i++) {
    const producerId = readInt64(bytes, place.at)
    aborted.push({ producerId, firstOffset: readInt64(bytes, place.at + 8) })
    place.at += 16
    skipTags(place)
  }
  const preferredReplica = bytes.readInt32BE(place.at)
  place.at += 4
  const size = readLength(place)
  const records = bytes.subarray(place.at, place.at + size)
  place.at += size
  return {
    partition: bytes.readInt32BE(from),
    errorCode: bytes.readInt16BE(from + 4),
    endOffset: readInt64(bytes, from + 6),
    stableOffset: readInt64(bytes, from + 14),
    logStartOffset: readInt64(bytes, from + 22),
    divergingOffset: readDiverging(place),
    aborted: aborted.sort((a, b) => a.firstOffset - b.firstOffset),
    preferredReplica,
    records,
  }
}

/** Reads the tagged fields after a partition: field 0 is the epoch and offset where logs differ. */
function readDiverging(place: Place): number {
  let diverging = -1
  const tags = readUnsigned(place)
  for (let i = 0; i < tags; i++) {
    const tag = readUnsigned(place)
    const size = readUnsigned(place)
    if (tag === 0) diverging = readInt64(place.bytes, place.at + 4)
    place.at += size
  }
  return diverging
}
