// Sends Parquet files to a topic: rows in order of Start, encoded, sent, acknowledged.
import { withDatabase, type DuckDBConnection } from '../duckdb.ts'
import { XDR_SCHEMA } from '../record/xdr-schema.ts'
import { decideUnits } from '../parquet/decide.ts'
import type { UnitOptions } from '../record/source-units.ts'
import { createAvroEncoder, encodeJson } from './encode.ts'
import type { Encode } from './values.ts'
import type { KafkaConnection } from '../kafka/client.ts'
import type { Readable } from '../parquet/rows.ts'
import type { ShiftTo } from '../parquet/shift.ts'
import { skippedLines } from '../parquet/find/skipped.ts'
import { createHasher } from '../parquet/identity/content-hash.ts'
import type { ParquetFile } from '../parquet/files.ts'
import { contentId } from '../parquet/identity/identity.ts'
import { openInput } from '../parquet/input.ts'
import { createRecordWriter, type Compression } from './batch.ts'
import type { Speed } from './throttle.ts'
import { framePrefix, registerSchema } from './register-schema.ts'
import type { RegistryOptions } from '../kafka/registry-address.ts'
import { findBeginnings, type Found } from './beginnings.ts'
import { createFollower, steps } from './follow.ts'
import { closeLink, openLink } from '../kafka/coordinators.ts'
import { claimWithOffsets, type Owners } from './owners.ts'
import type { Source } from './progress.ts'
import { createInFlightBatches } from './in-flight.ts'
import { sendAll, type ProduceListener, type ProduceProgress } from './send.ts'
import { prepareTopic, type TopicRequest } from './topic.ts'
import { createGroupSender } from './sender.ts'
import { decideShift, requireKnownShift } from './shift.ts'

/** What to send, and where to. */
export interface ProduceOptions extends TopicRequest {
  /** Files, directories and globs. */
  files: readonly string[]
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
  units: UnitOptions
  timeZone: string
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
  const { readables, sources } = await openAll(connection, options, listener.onNote)
  const topic = await prepareTopic(options.connection, options)
  const encode = await encoderOf(options)
  const link = openLink(options.connection)
  try {
    const { onNote } = listener
    const { shiftTo: to, timeZone, fromRow, connection: cluster } = options
    const { owners, offsets } = await claimWithOffsets(
      cluster.brokers,
      link,
      topic,
      sources,
      onNote,
    )
    const request = { to, timeZone, offsets }
    const shifted = await decideShift(connection, readables, sources, topic, request, onNote)
    const found = await findBeginnings(cluster, owners, sources, offsets, fromRow, onNote)
    requireKnownShift(to, found.beginnings)
    return await sendFrom(
      connection,
      shifted,
      options,
      { owners, found, encode },
      listener,
      control,
    )
  } finally {
    await closeLink(link)
  }
}

/** What is known before the first row is sent. */
interface Prepared {
  owners: Owners
  found: Found
  encode: Encode
}

async function sendFrom(
  connection: DuckDBConnection,
  readables: readonly Readable[],
  { compression, speed }: ProduceOptions,
  { owners, found, encode }: Prepared,
  listener: ProduceListener,
  control: { stopping: boolean },
): Promise<ProduceProgress> {
  const { topic } = owners
  const { beginnings, recordsRead } = found
  const sent = beginnings.reduce((sum, { from, marked }) => sum + Math.max(from, marked), 0)
  if (sent > 0) {
    listener.onNote(`${sent} of these rows were sent before: they are skipped`)
  }
  const sender = createGroupSender(owners, {
    onTrouble: listener.onTrouble,
    onRecovered: (seconds) => listener.onTrouble(`sending resumed after ${seconds.toFixed(1)} s`),
    patienceMs: () => (control.stopping ? DRAIN_MS : Infinity),
  })
  const follower = createFollower(beginnings)
  const writer = createRecordWriter(
    encode,
    beginnings.map(({ source }) => source.id),
  )
  const batches = createInFlightBatches(topic.partitions, writer, sender, compression, () =>
    steps(follower),
  )
  const context = { speed, listener, control, topic, follower, batches, recordsRead }
  try {
    return await sendAll(connection, readables, context)
  } finally {
    await sender.close()
  }
}

async function openAll(
  connection: DuckDBConnection,
  { files: paths, units, timeZone }: ProduceOptions,
  onNote: ProduceListener['onNote'],
): Promise<{ readables: Readable[]; sources: Source[] }> {
  const files: ParquetFile[] = []
  const ids: string[] = []
  const hasher = createHasher()
  const input = await openInput(connection, paths, { which: 'all', mapped: units.mapped })
  for (const file of input.files) {
    // A topic has no place for a hash that is known later: the whole content is read before.
    const id = contentId(await hasher.hash(file.path, 'sha256'))
    if (ids.includes(id)) {
      input.skipped.push({ path: file.path, reason: 'same-content' })
      continue
    }
    ids.push(id)
    if (file.malformed > 0) {
      onNote(`${file.path}: ${file.malformed} malformed lines are no rows and are not sent`)
    }
    files.push(file)
  }
  hasher.close()
  skippedLines(input.skipped).forEach(onNote)
  const decided = await decideUnits(connection, files, [], units)
  const readables = files.map((file, at) => {
    return { file, reading: { ...decided[at], timeZone } }
  })
  const sources = readables.map(({ file, reading }, at) => ({
    path: file.path,
    id: ids[at],
    formerId: file.id,
    rows: file.rows - file.malformed,
    reading: { ...reading },
  }))
  return { readables, sources }
}

async function encoderOf({ format, registry, topic }: ProduceOptions): Promise<Encode> {
  if (format === 'json') return encodeJson
  if (registry === null) return createAvroEncoder(new Uint8Array(0))
  const id = await registerSchema(registry, topic, JSON.stringify(XDR_SCHEMA))
  return createAvroEncoder(framePrefix(id))
}
