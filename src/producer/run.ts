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
import { findFiles, openFile, type ParquetFile } from '../parquet/files.ts'
import { createRecordWriter, type Compression } from './batch.ts'
import type { Speed } from './throttle.ts'
import { framePrefix, registerSchema } from './register-schema.ts'
import type { RegistryOptions } from '../kafka/registry-address.ts'
import { findSent } from './sent-rows.ts'
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
  /** Sends the rows in hand, then ends. */
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
  const readables = await openAll(connection, options)
  const sources = readables.map(({ file: { id, rows } }) => ({ id, rows }))
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
): Promise<Readable[]> {
  const files: ParquetFile[] = []
  for (const path of findFiles(paths)) {
    const file = await openFile(connection, path)
    // A copy of an earlier file is the same source.
    if (!files.some(({ id }) => id === file.id)) files.push(file)
  }
  const decided = await decideUnits(connection, files, [], units)
  return files.map((file, at) => ({ file, reading: { ...decided[at].units, timeZone } }))
}

async function encoderOf({ format, registry, topic }: ProduceOptions): Promise<Encode> {
  if (format === 'json') return encodeJson
  if (registry === null) return createAvroEncoder(new Uint8Array(0))
  const id = await registerSchema(registry, topic, JSON.stringify(XDR_SCHEMA))
  return createAvroEncoder(framePrefix(id))
}
