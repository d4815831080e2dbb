// The formats of a topic's texts and the unit of its volumes, decided before the first row is applied.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { AUTO_UNITS, type UnitOptions } from '../../../src/record/source-units.ts'
import { needsKafka } from '../../broker.ts'
import { uniqueName } from '../../broker-operations.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { readBack, withDirectory } from '../../state-directory.ts'
import { consumed } from './consuming.ts'
import { sendRows, type Row } from './messages.ts'

const PACKING = { partitions: 1, batches: [50], codec: 'none' } as const
const DAY_MS = 86_400_000

/** A session of two hours on a day of April 2019, at 14:05 UTC. */
interface Session {
  day: number
  bytes: number
}
/** Sessions on days 1 to 25, in turn. */
const sessions = (count: number): Session[] =>
  Array.from({ length: count }, (_, n) => ({ day: 1 + (n % 25), bytes: 1_234_567 + 1000 * n }))

/** How a producer writes a session. */
type Write = (session: Session) => Record<string, unknown>

const ms = (day: number): number => Date.UTC(2019, 3, 1, 14, 5) + (day - 1) * DAY_MS
const two = (value: number): string => String(value).padStart(2, '0')
const plain: Write = ({ day, bytes }) => ({
  Start: ms(day),
  End: ms(day) + 7_200_000,
  'Dur. (ms)': 7_200_000,
  'Total DL (Bytes)': bytes,
  'Total UL': 1,
})
const dayFirst: Write = (session) => ({
  ...plain(session),
  Start: `${two(session.day)}.04.2019 02:05 p.m.`,
  End: `${session.day}/4/2019 16:05:00.000`,
})
const monthFirst: Write = (session) => ({
  ...plain(session),
  Start: `4/${session.day}/2019 14:05`,
  End: `4/${session.day}/2019 16:05`,
})
const withComma: Write = (session) => ({
  ...plain(session),
  'Total DL (Bytes)': `${session.bytes.toLocaleString('de-DE')},00`,
  'Dur. (ms)': '7.200.000',
})

const rowsOf = (list: readonly Session[], write: Write, from = 0): Row[] =>
  list.map((session, n) => {
    const msisdn = 33_600_000_000 + from + n
    const value = JSON.stringify({ 'MSISDN/Number': msisdn, 'Bearer Id': 1, ...write(session) })
    return { key: String(msisdn), value: Buffer.from(value) }
  })

describe('formats of a topic', needsKafka(), () => {
  const set = (units: Partial<UnitOptions>) => ({ units: { ...AUTO_UNITS, ...units } })

  /** Sends each part to a new topic and reads it into `state`; returns what the last run found. */
  async function read(
    state: string,
    parts: readonly { rows: Row[]; units?: Partial<UnitOptions> }[],
  ): Promise<Awaited<ReturnType<typeof consumed>>> {
    const { bootstrap, createTopic } = await sharedBroker()
    const topic = uniqueName('formats')
    await createTopic(topic, { partitions: 1 })
    let found: Awaited<ReturnType<typeof consumed>> | null = null
    for (const { rows, units = {} } of parts) {
      await sendRows(bootstrap, topic, rows, PACKING)
      found = await consumed(bootstrap, topic, state, set(units))
    }
    assert.ok(found !== null)
    return found
  }

  const WRITERS: [string, Write, RegExp][] = [
    ['day first', dayFirst, /times are day-first: .* above 12 in 312 of 600 times/],
    ['month first', monthFirst, /times are month-first/],
    ['decimal comma', withComma, /decimal comma in 2 columns: such as/],
  ]
  for (const [name, write, evidence] of WRITERS) {
    test(`${name} gives the state of the same rows in numbers`, () =>
      withDirectory(async (directory) => {
        const list = sessions(300)
        const expected = await read(join(directory, 'plain'), [{ rows: rowsOf(list, plain) }])
        const found = await read(join(directory, 'text'), [{ rows: rowsOf(list, write) }])
        assert.equal(found.hash, expected.hash)
        assert.equal(found.applied, 300)
        assert.match(found.logs[0].evidence, evidence)
      }))
  }

  test('are decided after the columns, where only later messages have one of them', () =>
    withDirectory(async (directory) => {
      // More messages lack it than one batch holds: they are looked at, and read again.
      const late =
        (write: Write): Write =>
        (session) => ({
          ...write(session),
          'Total UL': session.bytes < 3_400_000 ? undefined : 1,
        })
      const list = sessions(2500)
      const expected = await read(join(directory, 'plain'), [{ rows: rowsOf(list, late(plain)) }])
      const state = join(directory, 'text')
      const found = await read(state, [{ rows: rowsOf(list, late(dayFirst)) }])
      assert.deepEqual([found.applied, found.rejected, found.hash], [2500, {}, expected.hash])
      assert.match(found.logs[0].evidence, /above 12 in 2600 of 5000 times/)
    }))

  test('days up to 12 stop before the first row, continue with the option, and are kept', () =>
    withDirectory(async (directory) => {
      const state = join(directory, 'state')
      const early = sessions(12)
      const { bootstrap, createTopic } = await sharedBroker()
      const topic = uniqueName('early')
      await createTopic(topic, { partitions: 1 })
      await sendRows(bootstrap, topic, rowsOf(early, dayFirst), PACKING)
      await assert.rejects(
        consumed(bootstrap, topic, state),
        /the order of day and month .*all 24 times.*--time-format month-first\|day-first/,
      )
      assert.equal((await readBack(state)).applied, 0)
      const asked = set({ timeFormat: 'day-first' })
      const first = await consumed(bootstrap, topic, state, asked)
      assert.equal(first.applied, 12)
      await sendRows(bootstrap, topic, rowsOf(early, dayFirst, 12), PACKING)
      const next = await consumed(bootstrap, topic, state)
      assert.equal(next.applied, 24)
      assert.equal(next.logs[0].timeFormat, 'day-first')
      const hours = (await readBack(state)).hours.map(([hour]) => hour)
      assert.deepEqual(
        hours,
        early.map(({ day }) => ms(day) - 300_000),
      )
      const other = consumed(bootstrap, topic, state, set({ timeFormat: 'month-first' }))
      await assert.rejects(other, /applied with --time-format day-first \(asked for: month-first\)/)
    }))

  test('both orders are refused, and an option against the rows, unless forced', () =>
    withDirectory(async (directory) => {
      const list = sessions(40)
      const mixed = [...rowsOf(list, dayFirst), ...rowsOf(list, monthFirst, 40)]
      await assert.rejects(
        read(join(directory, 'mixed'), [{ rows: mixed }]),
        /first part is above 12 in 32 of 160 times, such as .*second part is above 12 in 32/,
      )
      const units = { timeFormat: 'month-first' } as const
      const against = [{ rows: rowsOf(list, dayFirst), units }]
      await assert.rejects(read(join(directory, 'set'), against), /contradicts its rows/)
      const forced = [{ rows: rowsOf(list, dayFirst), units: { ...units, forceUnits: true } }]
      const found = await read(join(directory, 'forced'), forced)
      assert.deepEqual([found.applied, found.coerced['Start']], [40, 16])
    }))

  test('numbers that could be either stop, and continue with the option', () =>
    withDirectory(async (directory) => {
      const state = join(directory, 'state')
      const write: Write = (session) => ({ ...plain(session), 'Total DL (Bytes)': '1.234' })
      const rows = rowsOf(sessions(30), write)
      await assert.rejects(
        read(state, [{ rows }]),
        /the number format of "Total DL \(Bytes\)" .*like 1\.234.*--number-format point\|comma/,
      )
      const found = await read(join(directory, 'set'), [{ rows, units: { numberFormat: 'comma' } }])
      assert.equal(
        found.subscribers.reduce((sum, [, row]) => sum + row[3], 0),
        30 * 1234,
      )
    }))

  test('later rows in another format stop their partition before their batch is applied', () =>
    withDirectory(async (directory) => {
      const state = join(directory, 'state')
      const late = sessions(25).filter(({ day }) => day > 12)
      const many = Array.from({ length: 20 }, () => late).flat()
      const parts = [{ rows: rowsOf(late, monthFirst) }, { rows: rowsOf(many, dayFirst, 13) }]
      await assert.rejects(
        read(state, parts),
        /partition 0: formats were decided to be .*month-first.* such as \d+/,
      )
      assert.equal((await readBack(state)).applied, 13)
    }))

  test('volumes in MB are whole bytes, and kept', () =>
    withDirectory(async (directory) => {
      const list = sessions(60)
      const write: Write = (session) => {
        const { 'Total DL (Bytes)': bytes, ...rest } = plain(session)
        return { ...rest, 'Total DL (MB)': Number(bytes) / 1e6, 'Total UL': 1e-6 }
      }
      const rows = rowsOf(list, write)
      const expected = await read(join(directory, 'plain'), [{ rows: rowsOf(list, plain) }])
      const refused = read(join(directory, 'asked'), [{ rows }])
      await assert.rejects(
        refused,
        /"Total DL \(MB\)" ends in another unit.*--volume-unit bytes\|KB/,
      )
      const units = { volumeUnit: 'MB' } as const
      const parts = [{ rows: rows.slice(0, 30), units }, { rows: rows.slice(30) }]
      const found = await read(join(directory, 'state'), parts)
      assert.equal(found.hash, expected.hash)
      assert.deepEqual(found.coerced, {})
      const other = [{ rows, units: { volumeUnit: 'KB' } as const }]
      await assert.rejects(read(join(directory, 'other'), other), /--volume-unit KB contradicts/)
    }))
})
