// Parquet files into a topic: rows in order of Start, encoded, sent, acknowledged.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { withDatabase, type DuckDBConnection } from '../src/duckdb.ts'
import { isMsisdn } from '../src/record/clean.ts'
import { partitionOf } from '../src/record/partition.ts'
import { XDR_SCHEMA } from '../src/record/xdr-schema.ts'
import { durationUnitOf } from './duration-unit.ts'
import { createAvroEncoder } from './encode-avro.ts'
import { encodeJson } from './encode-json.ts'
import type { Encode, Values } from './encode-values.ts'
import type { KafkaConnection } from './kafka-client.ts'
import type { Readable } from './parquet.ts'
import { findFiles, openFile } from './parquet-files.ts'
import { createRecordWriter, type Compression } from './produce-batch.ts'
import { createGate, type Speed } from './produce-pace.ts'
import { registerSchema, wirePrefix, type Registry } from './produce-registry.ts'
import { findSent, isSent, type SentRows } from './produce-resume.ts'
import { createRounds, type Rounds } from './produce-rounds.ts'
import { readRows } from './produce-rows.ts'
import { prepareTopic, type Topic, type TopicWish } from './produce-topic.ts'
import { createWire } from './produce-wire.ts'

export interface ProduceOptions extends TopicWish {
  files: readonly string[]
  connection: KafkaConnection
  format: 'avro' | 'json'
  /** Null: bodies of the project's own schema without an id. */
  registry: Registry | null
  compression: Compression
  speed: Speed
  durationUnit: 'auto' | 'ms' | 's'
  timeZone: string
}

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
export interface ProduceNotes {
  onProgress(progress: ProduceProgress): void
  onNote: (sentence: string) => void
}

/** A run as others see it. */
export interface Produce {
  ended: Promise<ProduceProgress>
  /** Sends what is in hand, then ends. */
  stop: () => void
}

const SORT_MEMORY_MIB = 1024
/** A stop is heard, and progress shown, within this. */
const LONGEST_WAIT_MS = 100
const PROGRESS_MS = 250
/** After a stop the brokers get this long to take what is in hand; later runs go on anyway. */
const DRAIN_MS = 15_000

/** Sends files until their end or a stop. */
export function produceFiles(options: ProduceOptions, notes: ProduceNotes): Produce {
  const control = { stopping: false }
  return {
    ended: inDatabase((connection) => run(connection, options, notes, control)),
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
  notes: ProduceNotes,
  control: { stopping: boolean },
): Promise<ProduceProgress> {
  const readables = await openAll(connection, options)
  const sources = readables.map(({ file: { id, rows } }) => ({ id, rows }))
  const topic = await prepareTopic(options.connection, options)
  const encode = await encoderOf(options)
  const sent = await findSent(options.connection, topic, sources, (records, of) => {
    notes.onNote(`read ${records} of ${of} records to see what the topic holds`)
  })
  if (sent.rows > 0) notes.onNote(`the topic holds ${sent.rows} of these rows: they are left out`)
  const wire = createWire(options.connection, topic.name, {
    onTrouble: notes.onNote,
    onRecovered: (seconds) => notes.onNote(`sending goes on after ${seconds.toFixed(1)} s`),
    patienceMs: () => (control.stopping ? DRAIN_MS : Infinity),
  })
  const writer = createRecordWriter(
    encode,
    sources.map(({ id }) => id),
  )
  const rounds = createRounds(topic.partitions, writer, wire, options.compression)
  try {
    return await sendAll(connection, readables, { options, notes, control, topic, sent, rounds })
  } finally {
    await wire.close()
  }
}

async function openAll(
  connection: DuckDBConnection,
  { files, durationUnit, timeZone }: ProduceOptions,
): Promise<Readable[]> {
  const readables: Readable[] = []
  for (const path of findFiles(files)) {
    const file = await openFile(connection, path)
    // A copy of a file that comes earlier is the same source.
    if (readables.some((known) => known.file.id === file.id)) continue
    const unit = await durationUnitOf(connection, file, durationUnit)
    readables.push({ file, reading: { durationUnit: unit.durationUnit, timeZone } })
  }
  return readables
}

async function encoderOf({ format, registry, topic }: ProduceOptions): Promise<Encode> {
  if (format === 'json') return encodeJson
  if (registry === null) return createAvroEncoder(XDR_SCHEMA, new Uint8Array(0))
  const id = await registerSchema(registry, topic, JSON.stringify(XDR_SCHEMA))
  return createAvroEncoder(XDR_SCHEMA, wirePrefix(id))
}

interface Sending {
  options: ProduceOptions
  notes: ProduceNotes
  control: { stopping: boolean }
  topic: Topic
  sent: SentRows
  rounds: Rounds
}

async function sendAll(
  connection: DuckDBConnection,
  readables: readonly Readable[],
  { options, notes, control, topic, sent, rounds }: Sending,
): Promise<ProduceProgress> {
  const gate = createGate(options.speed)
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
