// Sends Parquet files to a topic: rows in order of Start, encoded, sent, acknowledged.
import { withDatabase, type DuckDBConnection } from '../duckdb.ts'
import { XDR_SCHEMA } from '../record/xdr-schema.ts'
import { createAvroEncoder, encodeJson } from './encode.ts'
import type { Encode } from './values.ts'
import type { KafkaConnection } from '../kafka/client.ts'
import type { Readable } from '../parquet/rows.ts'
import type { ShiftTo } from '../parquet/shift.ts'
import type { Compression } from '../kafka/batch-writer.ts'
import { createRecordWriter } from './batch.ts'
import type { Speed } from './throttle.ts'
import { framePrefix, registerSchema } from './register-schema.ts'
import type { RegistryOptions } from '../kafka/registry-address.ts'
import { findBeginnings, type Found } from './beginnings.ts'
import { doubtOf } from './errors.ts'
import { messageOf } from '../errors.ts'
import { openSources, type SourceOptions } from './sources.ts'
import { createFollower, lastSteps, steps, type Beginning } from './follow.ts'
import { closeLink, openLink } from '../kafka/coordinators.ts'
import { claimWithOffsets, committedOf, type Owners } from './owners.ts'
import { createInFlightBatches } from './in-flight.ts'
import { sendAll, type ProduceListener, type ProduceProgress } from './send.ts'
import { prepareTopic, type TopicRequest } from './topic.ts'
import { createGroupSender } from './sender.ts'
import { decideShift, requireKnownShift } from './shift.ts'

/** What to send, and where to. */
export interface ProduceOptions extends TopicRequest, SourceOptions {
  connection: KafkaConnection
  format: 'avro' | 'json'
  /** Null: Avro bodies of the project's schema without a schema id. */
  registry: RegistryOptions | null
  compression: Compression
  speed: Speed
  /** Rows of the only file, in order of Start, that were sent before; null: what the topic shows. */
  fromRow: number | null
  /** The day that the last day of the files becomes; null: times stay as they are. */
  shiftTo: ShiftTo | null
}

/** A running producer. */
export interface Produce {
  ended: Promise<ProduceProgress>
  /** Sends the pending rows, then ends. */
  stop: () => void
}

const SORT_MEMORY_MIB = 1024
/** After a stop the brokers have this long to acknowledge; a later run continues in any case. */
const DRAIN_MS = 15_000

/**
 * Starts to send files; `ended` resolves at their end or after a stop.
 *
 * @throws PulseError (as a rejection of `ended`) for unreadable files, brokers that do not answer and
 *   topics that do not fit
 */
export function produceFiles(options: ProduceOptions, listener: ProduceListener): Produce {
  const control = { stopping: false }
  return {
    ended: withDatabase({ threads: 1, memoryMiB: SORT_MEMORY_MIB, spills: true }, (connection) =>
      run(connection, options, listener, control),
    ),
    stop: () => {
      control.stopping = true
    },
  }
}

async function run(
  connection: DuckDBConnection,
  options: ProduceOptions,
  listener: ProduceListener,
  control: { stopping: boolean },
): Promise<ProduceProgress> {
  const { readables, sources } = await openSources(connection, options, listener.onNote)
  const topic = await prepareTopic(options.connection, options)
  const encode = await encoderOf(options)
  const link = openLink(options.connection)
  try {
    const { onNote } = listener
    const { shiftTo: to, timeZone, fromRow, connection: cluster } = options
    const { owners, offsets } = await claimWithOffsets(cluster, link, topic, sources, onNote)
    const request = { to, timeZone, offsets }
    const shifted = await decideShift(connection, readables, sources, topic, request, onNote)
    const known = { sources, offsets, fromRow, all: false }
    const found = await findBeginnings(cluster, owners, known, onNote)
    requireKnownShift(to, found.beginnings)
    const prepared = {
      owners,
      found,
      initial: found.beginnings,
      encode,
      bytesBefore: 0,
      failingSince: null,
    }
    return await sendAgain(connection, shifted, options, prepared, listener, control)
  } finally {
    await closeLink(link)
  }
}

/** What is known before the first row is sent. */
interface Prepared {
  owners: Owners
  found: Found
  /** What the topic held when this run started. */
  initial: readonly Beginning[]
  encode: Encode
  /** Bytes that this run had sent when sending began again, and since when it failed. */
  bytesBefore: number
  failingSince: number | null
}

/** Sends; begins again when the brokers have lost rows or progress that they had confirmed. */
async function sendAgain(
  connection: DuckDBConnection,
  readables: readonly Readable[],
  options: ProduceOptions,
  prepared: Prepared,
  listener: ProduceListener,
  control: { stopping: boolean },
): Promise<ProduceProgress> {
  const { owners } = prepared
  const { sources } = owners
  for (let all = false; ;) {
    try {
      return await sendFrom(connection, readables, options, prepared, listener, control)
    } catch (error) {
      const doubt = doubtOf(error)
      if (doubt === null) throw error
      listener.onTrouble(messageOf(error))
      all ||= doubt.reads === 'all'
      const offsets = await committedOf(owners, sources)
      const known = { sources, offsets, fromRow: options.fromRow, all }
      prepared.found = await findBeginnings(options.connection, owners, known, listener.onNote)
    }
  }
}

async function sendFrom(
  connection: DuckDBConnection,
  readables: readonly Readable[],
  { compression, speed }: ProduceOptions,
  prepared: Prepared,
  listener: ProduceListener,
  control: { stopping: boolean },
): Promise<ProduceProgress> {
  const { owners, found, initial, encode, bytesBefore } = prepared
  const { topic } = owners
  const { beginnings, recordsRead } = found
  const sent = beginnings.reduce((sum, { from, marked }) => sum + Math.max(from, marked), 0)
  if (sent > 0) {
    listener.onNote(`${sent} of these rows were sent before: they are skipped`)
  }
  const sender = createGroupSender(
    owners,
    {
      onTrouble: listener.onTrouble,
      onRecovered: (seconds) => listener.onTrouble(`sending resumed after ${seconds.toFixed(1)} s`),
      patienceMs: () => (control.stopping ? DRAIN_MS : Infinity),
    },
    prepared.failingSince,
  )
  const follower = createFollower(beginnings, initial)
  const writer = createRecordWriter(
    encode,
    beginnings.map(({ source }) => source.id),
  )
  const batches = createInFlightBatches(topic.partitions, writer, sender, compression, {
    next: (sinceMs) => steps(follower, sinceMs),
    last: () => lastSteps(follower),
  })
  const context = { speed, listener, control, topic, follower, batches, recordsRead, bytesBefore }
  try {
    return await sendAll(connection, readables, context)
  } finally {
    prepared.bytesBefore += batches.acknowledged().bytes
    prepared.failingSince = sender.failingSince()
    await sender.close()
  }
}

async function encoderOf({ format, registry, topic }: ProduceOptions): Promise<Encode> {
  if (format === 'json') return encodeJson
  if (registry === null) return createAvroEncoder(new Uint8Array(0))
  const id = await registerSchema(registry, topic, JSON.stringify(XDR_SCHEMA))
  return createAvroEncoder(framePrefix(id))
}
