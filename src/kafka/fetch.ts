// One fetch from one broker: the request and the answer of Kafka's protocol, records left as bytes.
//
// The package's own fetch() makes an object of every record, and leaves out records of committed
// transactions when a producer aborted several within one answer; so only its connection is used.
import { ConnectionPool, Writer, type Broker, type Reader } from './client.ts'
import { connectionOptions, type KafkaConnection } from './client.ts'
import { readInt64 } from './record-batch.ts'

const FETCH = 1
/** The oldest version that names topics by id, so that a recreated topic is never mistaken. */
const VERSION = 13
const READ_COMMITTED = 1
/** A consumer, not a follower. */
const CONSUMER = -1
/** Neither begins nor goes on with a fetch session. */
const NO_SESSION_EPOCH = -1

/** What to fetch of a partition. */
export interface FetchPosition {
  partition: number
  offset: number
  /** Epoch of the leader that wrote the record before `offset`, -1 unknown: finds a cut-off log. */
  lastEpoch: number
}

export interface FetchRequest {
  topicId: string
  positions: readonly FetchPosition[]
  maxBytes: number
  maxPartitionBytes: number
  /** The broker answers at the latest after this. */
  maxWaitMs: number
}

/** What a broker answered for a partition. */
export interface FetchedPartition {
  partition: number
  /** Kafka's error code, 0 for none. */
  errorCode: number
  /** End of the log. */
  endOffset: number
  /** Up to here every transaction is decided: what may be read. */
  stableOffset: number
  logStartOffset: number
  /** Where the log here differs from the one that was read: it was cut off. -1 for nowhere. */
  divergingOffset: number
  /** Aborted transactions within the records, in order of their first offset. */
  aborted: { producerId: number; firstOffset: number }[]
  /** Record batches one after another. */
  records: Buffer
}

export interface FetchAnswer {
  errorCode: number
  /** Bytes of the whole answer. */
  bytes: number
  partitions: FetchedPartition[]
}

export interface Fetcher {
  fetch(broker: Broker, request: FetchRequest): Promise<FetchAnswer>
  /** Forgets the connection: the next fetch makes a new one. */
  reset(): Promise<void>
  close(): Promise<void>
}

/** A fetcher over connections of its own: a long answer delays no heartbeat. */
export function createFetcher(connection: KafkaConnection, clientId: string): Fetcher {
  const options = connectionOptions(connection)
  const open = () => new ConnectionPool(clientId, { ...options, requestTimeout: 30_000 })
  let pool = open()
  return {
    async fetch(broker, request) {
      const wire = await pool.get(broker)
      return new Promise((resolve, reject) => {
        const answered = (error: Error | null, answer?: FetchAnswer): void => {
          if (error === null && answer !== undefined) resolve(answer)
          else reject(error ?? new Error('the broker answered nothing'))
        }
        wire.send(FETCH, VERSION, () => writeRequest(request), readAnswer, true, true, answered)
      })
    },
    async reset() {
      const old = pool
      pool = open()
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
    .appendString('')
    .appendTaggedFields()
}

function readAnswer(_: number, __: number, ___: number, reader: Reader): FetchAnswer {
  // One copy: the answer arrives in as many pieces as the network made of it.
  const bytes = reader.buffer.slice(reader.position)
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
  return { errorCode, bytes: bytes.length, partitions }
}

interface Place {
  bytes: Buffer
  at: number
}

function readPartition(place: Place): FetchedPartition {
  const { bytes } = place
  const from = place.at
  place.at = from + 30
  const aborted: FetchedPartition['aborted'] = []
  const count = readLength(place)
  for (let i = 0; i < count; i++) {
    const producerId = readInt64(bytes, place.at)
    aborted.push({ producerId, firstOffset: readInt64(bytes, place.at + 8) })
    place.at += 16
    skipTags(place)
  }
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
    records,
  }
}

/** The tagged fields behind a partition: 0 is the epoch and offset where logs differ. */
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

function skipTags(place: Place): void {
  const tags = readUnsigned(place)
  for (let i = 0; i < tags; i++) {
    readUnsigned(place)
    place.at += readUnsigned(place)
  }
}

/** Compact lengths are kept one too large, 0 for null. */
const readLength = (place: Place): number => Math.max(0, readUnsigned(place) - 1)

function readUnsigned(place: Place): number {
  let value = 0
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = place.bytes[place.at++]
    value += (byte & 127) * 2 ** shift
    if (byte < 128) break
  }
  return value
}
