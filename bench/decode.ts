// Bench of the decoders: messages of 55 fields to the used columns, compared with avsc and JSON.
import avro from 'avsc'
import { assert } from '../src/errors.ts'
import { seededRandom, type Random } from '../src/random.ts'
import { compileAvro, type DecodeRow } from '../src/record/decode/avro.ts'
import { FILE_COLUMNS, USED_COLUMNS } from '../src/record/columns.ts'
import { compileJson } from '../src/record/decode/json.ts'
import { XDR_FIELDS, XDR_SCHEMA } from '../src/record/xdr-schema.ts'
import type { BenchOptions } from './options.ts'
import { median, printTable } from './table.ts'
import { createTextReading } from '../src/record/decode/text-reading.ts'
import { PLAIN_UNITS } from '../src/record/source-units.ts'

/** Distinct messages: too many for the branch predictor to learn. */
const MOST_MESSAGES = 20_000
const TEXTS = createTextReading('UTC', { ...PLAIN_UNITS, timeFormat: 'month-first' })
const START_MS = Date.UTC(2019, 3, 1)
const MONTH_MS = 30 * 86_400_000

type Values = Record<string, number | string | null>

/** All messages of one format in one buffer, as in a fetched batch. */
interface Messages {
  bytes: Buffer
  /** Start of each message, then the end of the last one. */
  starts: number[]
}

/** A decoder under test. `read` returns one decoded field, so that the work is not optimised away. */
interface Candidate {
  name: string
  messages: Messages
  read: (from: number, to: number, row: number) => number
}

const USED: ReadonlySet<string> = new Set(USED_COLUMNS)

/** Values of realistic sizes; a third of the unused columns is missing. */
function drawValues(random: Random): Values {
  const whole = (most: number): number => Math.floor(random() * most)
  const entries = FILE_COLUMNS.map(({ name, type }): [string, number | string | null] => {
    if (type === 'text') return [name, 'Samsung Galaxy A5 (Sm-A520F)']
    if (type === 'time') return [name, START_MS + whole(MONTH_MS)]
    if (!USED.has(name)) return [name, random() < 0.3 ? null : Math.round(random() * 1e6) / 100]
    return [name, whole(name.startsWith('Total') ? 6e8 : 1.6e7)]
  })
  const values = new Map(entries)
  values.set('Bearer Id', String(1.3e16 + whole(1e15)))
  values.set('MSISDN/Number', 33_600_000_000 + whole(1e8))
  values.set('Dur. (ms)', whole(2e8))
  values.set('Start ms', whole(1000)).set('End ms', whole(1000))
  return Object.fromEntries(
    [...values].map(([name, value]) => [XDR_FIELDS.get(name) ?? name, value]),
  )
}

/** The form of union values that avsc requires: an object with the type's name as key. */
function wrapped(values: Values): Record<string, unknown> {
  const long = new Set([...USED].map((name) => XDR_FIELDS.get(name)))
  const wrap = ([name, value]: [string, number | string | null]): [string, unknown] => {
    if (value === null) return [name, null]
    if (typeof value === 'string') return [name, { string: value }]
    return [name, long.has(name) ? { long: value } : { double: value }]
  }
  return Object.fromEntries(Object.entries(values).map(wrap))
}

function joined(messages: readonly Buffer[]): Messages {
  const starts = [0]
  for (const { length } of messages) starts.push(starts[starts.length - 1] + length)
  return { bytes: Buffer.concat(messages), starts }
}

function candidatesOf(count: number): Candidate[] {
  const random = seededRandom(1)
  const values = Array.from({ length: count }, () => drawValues(random))
  const writer = avro.Type.forSchema(XDR_SCHEMA as unknown as avro.Schema, { wrapUnions: true })
  const wanted = new Set(USED_COLUMNS.map((name) => XDR_FIELDS.get(name)))
  const fields = XDR_SCHEMA.fields.filter(({ name }) => wanted.has(name))
  const reader = avro.Type.forSchema({ ...XDR_SCHEMA, fields } as unknown as avro.Schema, {
    wrapUnions: true,
  })
  const resolver = reader.createResolver(writer)
  const encoded = joined(values.map((one) => writer.toBuffer(wrapped(one))))
  const json = joined(values.map((one) => Buffer.from(JSON.stringify(one))))
  const columns = USED_COLUMNS.map(() => new Float64Array(count))
  const compiled = (decode: DecodeRow, { bytes }: Messages): Candidate['read'] =>
    function readRow(from, to, row) {
      assert(decode(bytes, from, to, columns, row), 'a message is well-formed')
      return columns[0][row]
    }
  const { bytes } = encoded
  interface Read {
    msisdn_number: { long: number }
  }
  const [avroRow, jsonRow] = [compileAvro(XDR_SCHEMA, { texts: TEXTS }), compileJson(TEXTS)]
  return [
    { name: 'compiled from the schema', messages: encoded, read: compiled(avroRow, encoded) },
    {
      name: `avsc, resolved to ${USED_COLUMNS.length} fields`,
      messages: encoded,
      read: (from, to) =>
        (reader.fromBuffer(bytes.subarray(from, to), resolver) as Read).msisdn_number.long,
    },
    {
      name: `avsc, all ${FILE_COLUMNS.length} fields`,
      messages: encoded,
      read: (from, to) => (writer.fromBuffer(bytes.subarray(from, to)) as Read).msisdn_number.long,
    },
    { name: 'JSON', messages: json, read: compiled(jsonRow, json) },
  ]
}

/** Messages per second over `rows` messages; the same ones are repeated. */
function rateOf({ messages: { starts }, read }: Candidate, rows: number): number {
  const count = starts.length - 1
  const started = performance.now()
  let sum = 0
  for (let done = 0; done < rows; done += count) {
    for (let row = 0; row < count; row++) sum += read(starts[row], starts[row + 1], row)
  }
  assert(sum > 0, 'every decoder reads the subscribers')
  const seconds = (performance.now() - started) / 1000
  return (Math.ceil(rows / count) * count) / seconds
}

/** Runs all decoders in turn, so that other load affects them equally; the first turn warms up. */
export function benchDecode({ rows, runs }: BenchOptions): Promise<void> {
  const candidates = candidatesOf(Math.min(rows, MOST_MESSAGES))
  const rates = candidates.map((): number[] => [])
  for (let run = -1; run < runs; run++) {
    for (const [at, candidate] of candidates.entries()) {
      const rate = rateOf(candidate, rows)
      if (run >= 0) rates[at].push(rate)
    }
  }
  const medians = rates.map(median)
  const lines = candidates.map(({ name, messages }, at) => {
    const bytes = messages.bytes.length / (messages.starts.length - 1)
    const times = (medians[at] / medians[1]).toFixed(1)
    return [name, Math.round(medians[at]), Math.round(bytes), times]
  })
  const heading = ['decoder', 'messages/s', 'bytes/message', 'times avsc resolved']
  printTable(
    `npm run bench -- decode --rows ${rows} --runs ${runs}`,
    [heading, ...lines],
    [`Medians of ${runs} runs in turn, one thread.`],
  )
  return Promise.resolve()
}
