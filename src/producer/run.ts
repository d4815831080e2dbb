// Sends Parquet files to a topic: rows in order of Start, encoded, sent, acknowledged.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withDatabase, type DuckDBConnection } from '../duckdb.ts'
import { XDR_SCHEMA } from '../record/xdr-schema.ts'
import { decideUnits } from '../parquet/decide.ts'
import type { UnitOptions } from '../record/source-units.ts'
import { createAvroEncoder, encodeJson } from './encode.ts'
import type { Encode } from './values.ts'
import type { KafkaConnection } from '../kafka/client.ts'
import type { Readable } from '../parquet/rows.ts'
import { skippedLines } from '../parquet/skipped.ts'
import { createHasher } from '../parquet/content-hash.ts'
import type { ParquetFile } from '../parquet/files.ts'
import { contentId } from '../parquet/identity.ts'
import { openInput } from '../parquet/input.ts'
import { createRecordWriter, type Compression } from './batch.ts'
import type { Speed } from './throttle.ts'
import { framePrefix, registerSchema } from './register-schema.ts'
import type { RegistryOptions } from '../kafka/registry-address.ts'
import { findSent, type SentSource } from './sent-rows.ts'
import { createInFlightBatches } from './in-flight.ts'
import { sendAll, type ProduceListener, type ProduceProgress } from './send.ts'
import { prepareTopic, type TopicRequest } from './topic.ts'
import { createBatchSender } from './sender.ts'

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
    ended: inDatabase((connection) => run(connection, options, listener, control)),
    stop: () => {
      control.stopping = true
    },
  }
}

async function inDatabase<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const spillDirectory = mkdtempSync(join(tmpdir(), 'xdr-pulse-'))
  const limits = { threads: 1, memoryMiB: SORT_MEMORY_MIB, spillDirectory }
  try {
    return await withDatabase(limits, work)
  } finally {
    rmSync(spillDirectory, { recursive: true, force: true })
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
  const sent = await findSent(options.connection, topic, sources, (records, of) => {
    listener.onNote(`read ${records} of ${of} records of the topic to find rows already sent`)
  })
  if (sent.rows > 0) {
    listener.onNote(`the topic already holds ${sent.rows} of these rows: they are skipped`)
  }
  const sender = createBatchSender(options.connection, topic.name, {
    onTrouble: listener.onTrouble,
    onRecovered: (seconds) => listener.onTrouble(`sending resumed after ${seconds.toFixed(1)} s`),
    patienceMs: () => (control.stopping ? DRAIN_MS : Infinity),
  })
  const writer = createRecordWriter(
    encode,
    sources.map(({ id }) => id),
  )
  const batches = createInFlightBatches(topic.partitions, writer, sender, options.compression)
  const context = { speed: options.speed, listener, control, topic, sent, batches }
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
): Promise<{ readables: Readable[]; sources: SentSource[] }> {
  const files: ParquetFile[] = []
  const sources: SentSource[] = []
  const hasher = createHasher()
  const input = await openInput(connection, paths, 'all')
  for (const file of input.files) {
    // A topic has no place for a hash that is known later: the whole content is read before.
    const id = contentId(await hasher.hash(file.path))
    if (sources.some((source) => source.id === id)) {
      input.skipped.push({ path: file.path, reason: 'same-content' })
      continue
    }
    sources.push({ id, formerId: file.id, rows: file.rows - file.malformed })
    if (file.malformed > 0) {
      onNote(`${file.path}: ${file.malformed} malformed lines are no rows and are not sent`)
    }
    files.push(file)
  }
  await hasher.close()
  skippedLines(input.skipped).forEach(onNote)
  const decided = await decideUnits(connection, files, [], units)
  const readables = files.map((file, at) => {
    return { file, reading: { ...decided[at].units, timeZone } }
  })
  return { readables, sources }
}

async function encoderOf({ format, registry, topic }: ProduceOptions): Promise<Encode> {
  if (format === 'json') return encodeJson
  if (registry === null) return createAvroEncoder(new Uint8Array(0))
  const id = await registerSchema(registry, topic, JSON.stringify(XDR_SCHEMA))
  return createAvroEncoder(framePrefix(id))
}
