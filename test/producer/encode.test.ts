// Messages of every fixture have exactly the values that a replay of its file reads.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import avro from 'avsc'
import { createAvroEncoder, encodeJson } from '../../src/producer/encode.ts'
import { mostBytes, readRows, type Encode } from '../../src/producer/values.ts'
import { decideUnits } from '../../src/parquet/decide.ts'
import { AUTO_UNITS, type UnitOptions } from '../../src/record/source-units.ts'
import { openFile } from '../../src/parquet/files.ts'
import { readInTimeOrder, type Readable } from '../../src/parquet/rows.ts'
import { literal, withDatabase, type DuckDBConnection } from '../../src/duckdb.ts'
import { compileAvro, type DecodeRow } from '../../src/record/decode/avro.ts'
import { UNREADABLE } from '../../src/record/batch.ts'
import { FILE_COLUMNS, USED_COLUMNS } from '../../src/record/columns.ts'
import { compileJson } from '../../src/record/decode/json.ts'
import { XDR_SCHEMA } from '../../src/record/xdr-schema.ts'
import { withDirectory } from '../state-directory.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import { LIMITS, writeVariant } from '../parquet/variants.ts'
import { monthFirst } from '../record/decode/month-first.ts'

/** Of most fixtures all days are up to 12. */
const MONTH_FIRST_UNITS = { ...AUTO_UNITS, timeFormat: 'month-first' } as const
const FIXTURES = join(import.meta.dirname, '../fixtures/parquet')
const PATHS = readdirSync(FIXTURES)
  .filter((name) => name.endsWith('.parquet'))
  .map((name) => join(FIXTURES, name))
const ZONES = ['UTC', 'Europe/Paris']
const NONE = new Uint8Array(0)

const TYPE = avro.Type.forSchema(XDR_SCHEMA as unknown as avro.Schema, { wrapUnions: true })

/** Opens files as both the replay and the producer do. */
async function open(
  connection: DuckDBConnection,
  paths: readonly string[],
  timeZone: string,
  options: UnitOptions = MONTH_FIRST_UNITS,
): Promise<Readable[]> {
  const readables: Readable[] = []
  for (const path of paths) {
    const file = await openFile(connection, path)
    const [units] = await decideUnits(connection, [file], [], options)
    readables.push({ file, reading: { ...units, timeZone } })
  }
  return readables
}

/** The message of every row. */
async function messages(
  connection: DuckDBConnection,
  readables: readonly Readable[],
  encode: Encode,
): Promise<Buffer[]> {
  const found: Buffer[] = []
  for await (const values of readRows(connection, readables)) {
    for (let i = 0; i < values.count; i++) {
      const texts = values.texts(i)
      const into = Buffer.alloc(mostBytes(texts))
      found.push(into.subarray(0, encode(values, i, texts, into)))
    }
  }
  return found
}

/** The used values of every row as the replay reads them, in order of time. */
async function replayed(
  connection: DuckDBConnection,
  readables: readonly Readable[],
): Promise<number[][]> {
  const found: number[][] = []
  for await (const { rows } of readInTimeOrder(connection, readables)) {
    for (let i = 0; i < rows.count; i++) found.push(rows.columns.map(({ values }) => values[i]))
  }
  return found
}

/** The used values of messages as a consumer decodes them. */
function decoded(bodies: readonly Buffer[], decode: DecodeRow): number[][] {
  const columns = USED_COLUMNS.map(() => new Float64Array(1))
  return bodies.map((body) => {
    assert.ok(decode(body, 0, body.length, columns, 0), 'the message is complete')
    return columns.map(([value]) => value)
  })
}

/** Normalises values that validation treats alike: -0 and 0; times outside of 2000 to 2099. */
const normalised = (rows: readonly number[][]): number[][] =>
  rows.map((row) =>
    row.map((value, column) => {
      const isTime = USED_COLUMNS[column] === 'Start' || USED_COLUMNS[column] === 'End'
      if (isTime && (value < Date.UTC(2000, 0) || value >= Date.UTC(2100, 0))) return UNREADABLE
      return (isTime ? Math.floor(value) : value) + 0
    }),
  )

async function compare(
  paths: readonly string[],
  timeZone: string,
  units: UnitOptions = MONTH_FIRST_UNITS,
): Promise<void> {
  await withDatabase(LIMITS, async (connection) => {
    const readables = await open(connection, paths, timeZone, units)
    const texts = monthFirst(timeZone)
    const expected = normalised(await replayed(connection, readables))
    const bodies = await messages(connection, readables, createAvroEncoder(NONE))
    assert.deepEqual(normalised(decoded(bodies, compileAvro(XDR_SCHEMA, { texts }))), expected)
    const objects = await messages(connection, readables, encodeJson)
    assert.deepEqual(normalised(decoded(objects, compileJson(texts))), expected)
    for (const body of bodies) {
      assert.ok(TYPE.toBuffer(TYPE.fromBuffer(body)).equals(body), 'avsc writes the same bytes')
    }
  })
}

test('numbers and times in other formats are the same in messages', () =>
  withDirectory(async (directory) => {
    const path = await writeVariant(join(directory, 'a.parquet'), {
      Start: `CASE WHEN row <> 3 THEN strftime(epoch_ms(1555250700000 + row * 60000), '%d.%m.%Y %H:%M') ELSE '?' END`,
      End: `strftime(epoch_ms(1555257900000 + row * 60000), '%d.%m.%Y %I:%M %p')`,
      'Dur. (ms)': '7200000',
      'Total DL (Bytes)': `CASE row WHEN 5 THEN 'x' WHEN 6 THEN NULL ELSE row || '.234,5' END`,
      'Total UL (Bytes)': `(1 + row) || ',234,567'`,
    })
    for (const volumeUnit of ['bytes', 'MB'] as const) {
      const units = { ...AUTO_UNITS, volumeUnit, forceUnits: true }
      await compare([path], 'Europe/Paris', units)
    }
  }))

for (const path of PATHS) {
  for (const zone of ZONES) {
    test(`${path.slice(FIXTURES.length + 1)} in ${zone} is the same in messages`, () =>
      compare([path], zone))
  }
}

test('files of different types and columns are the same in one run', () => compare(PATHS, 'UTC'))

test('a dirty sample is the same in messages', () =>
  withDirectory(async (directory) => compare([await sampleIn(directory)], 'UTC')))

test('messages have all 55 columns', () =>
  withDirectory(async (directory) => {
    const path = await sampleIn(directory, { dirt: 0 })
    await withDatabase(LIMITS, async (connection) => {
      const readables = await open(connection, [path], 'UTC')
      const { durationUnit } = readables[0].reading
      const bodies = await messages(connection, readables, createAvroEncoder(NONE))
      const names = FILE_COLUMNS.map(({ name, type }) =>
        name === 'Bearer Id'
          ? `"${name}"::VARCHAR AS "${name}"`
          : type === 'time'
            ? `'' AS "${name}"`
            : `"${name}"`,
      )
      const rows = (
        await connection.runAndReadAll(
          `SELECT ${names.join(', ')} FROM read_parquet(${literal(path)})`,
        )
      ).getRows()
      const shown = bodies.map((body) => {
        const record = TYPE.fromBuffer(body) as Record<string, Record<string, unknown> | null>
        return Object.values(record).map((value, column) => {
          if (FILE_COLUMNS[column].type === 'time') return ''
          const [found] = value === null ? [null] : Object.values(value)
          const isScaled = FILE_COLUMNS[column].name === 'Dur. (ms)' && durationUnit === 's'
          return isScaled && typeof found === 'number' ? found / 1000 : found
        })
      })
      const sorted = (all: unknown[][]): string[] => all.map((row) => JSON.stringify(row)).sort()
      assert.deepEqual(sorted(shown), sorted(rows))
    })
  }))

/** The rows of a file as JSON messages. */
const jsonOf = (path: string): Promise<Record<string, unknown>[]> =>
  withDatabase(LIMITS, async (connection) => {
    const bodies = await messages(connection, await open(connection, [path], 'UTC'), encodeJson)
    return bodies.map((body) => JSON.parse(body.toString()) as Record<string, unknown>)
  })

test('a number that float64 cannot hold is sent as text', () =>
  withDirectory(async (directory) => {
    const path = await writeVariant(join(directory, 'exact.parquet'), {
      IMSI: '9007199254740990 + row',
      'HTTP DL (Bytes)': '1234567890123456.78::DECIMAL(18, 2)',
      'HTTP UL (Bytes)': '123456789.25::DECIMAL(18, 2)',
      'DL TP < 50 Kbps (%)': '99.5::DECIMAL(4, 1)',
    })
    const rows = await jsonOf(path)
    assert.deepEqual(
      rows.slice(0, 4).map(({ IMSI }) => IMSI),
      [9007199254740990, 9007199254740991, '9007199254740992', '9007199254740993'],
    )
    assert.equal(rows[0]['HTTP DL (Bytes)'], '1234567890123456.78')
    assert.equal(rows[0]['HTTP UL (Bytes)'], 123456789.25)
    assert.equal(rows[0]['DL TP < 50 Kbps (%)'], 99.5)
  }))

test('of two columns for an unused one its own name wins, then the first', () =>
  withDirectory(async (directory) => {
    const [own, first] = [
      await writeVariant(join(directory, 'own.parquet'), { 'I.M.S.I': '1', IMSI: '2' }),
      await writeVariant(join(directory, 'first.parquet'), { 'I-M-S-I': '3', 'I.M.S.I': '4' }),
    ]
    assert.equal((await jsonOf(own))[0]['IMSI'], 2)
    assert.equal((await jsonOf(first))[0]['IMSI'], 3)
  }))

test('an instant that a reader would take for seconds is the same in messages', () =>
  withDirectory(async (directory) => {
    const early = `TIMESTAMP '1970-02-01 00:00:00' + to_days(row::INTEGER * 40)`
    const path = await writeVariant(join(directory, 'early.parquet'), {
      ...{ Start: early, End: early, 'Dur. (ms)': '0' },
    })
    await compare([path], 'UTC')
  }))

test('each body has its prefix', async () => {
  await withDatabase(LIMITS, async (connection) => {
    const readables = await open(connection, [PATHS[0]], 'UTC')
    const prefix = Uint8Array.of(0, 0, 0, 1, 2)
    const bare = await messages(connection, readables, createAvroEncoder(NONE))
    const with5 = await messages(connection, readables, createAvroEncoder(prefix))
    assert.deepEqual(
      with5,
      bare.map((body) => Buffer.concat([prefix, body])),
    )
  })
})
