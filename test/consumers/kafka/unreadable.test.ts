// Needed columns that cannot be read: the first rows of every topic are checked before one is applied.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import avro from 'avsc'
import { partitionOf } from '../../../src/record/partitioner.ts'
import { AUTO_UNITS } from '../../../src/record/source-units.ts'
import { needsKafka } from '../../broker.ts'
import { uniqueName } from '../../broker-operations.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { readBack, withDirectory } from '../../state-directory.ts'
import { consumed } from './consuming.ts'
import { sendRows, type Row } from './messages.ts'

const START_MS = Date.UTC(2026, 2, 1)
const PACKING = { partitions: 1, batches: [50], codec: 'none' } as const

type Cells = Readonly<Record<string, unknown>>

/** Messages of sessions of two hours; `cellsOf` changes columns of row `n`. */
const messages = (
  count: number,
  cellsOf: (n: number) => Cells,
  encode: (cells: Cells) => Buffer = (cells) => Buffer.from(JSON.stringify(cells)),
): Row[] =>
  Array.from({ length: count }, (_, n) => {
    const start = START_MS + n * 60_000
    const msisdn = 33_600_000_000 + n
    const plain = {
      'MSISDN/Number': msisdn,
      Start: start,
      End: start + 7_200_000,
      'Dur. (ms)': 7_200_000,
      'Total DL (Bytes)': 5,
      'Total UL (Bytes)': 1,
    }
    return { key: String(msisdn), value: encode({ ...plain, ...cellsOf(n) }) }
  })

/** Durations have a unit of their own, and the other columns are texts. */
const OWN_UNIT = {
  ...{ type: 'record', name: 'Session' },
  fields: [
    { name: 'msisdn', type: 'string', aliases: ['MSISDN_Number'] },
    { name: 'duration', type: { type: 'int', logicalType: 'time-millis' }, aliases: ['Dur_ms'] },
    { name: 'down', type: 'string', aliases: ['Total_DL_Bytes'] },
    { name: 'up', type: 'string', aliases: ['Total_UL_Bytes'] },
  ],
}
const type = avro.Type.forSchema(OWN_UNIT as unknown as avro.Schema)
const encodeOwnUnit = (cells: Cells): Buffer =>
  type.toBuffer({
    msisdn: String(cells['MSISDN/Number']),
    duration: cells['Dur. (ms)'],
    down: String(cells['Total DL (Bytes)']),
    up: String(cells['Total UL (Bytes)']),
  })

describe('unreadable needed columns', needsKafka(), () => {
  /** A topic of one partition, and what sends and reads it. */
  async function withTopic(
    work: (topic: {
      send: (rows: Row[]) => Promise<void>
      read: (changes?: Parameters<typeof consumed>[3]) => ReturnType<typeof consumed>
      state: string
    }) => Promise<void>,
    partitions = 1,
  ): Promise<void> {
    const { bootstrap, createTopic } = await sharedBroker()
    const topic = uniqueName('unreadable')
    await createTopic(topic, { partitions })
    await withDirectory(async (directory) => {
      const state = join(directory, 'state')
      await work({
        state,
        send: (rows) => sendRows(bootstrap, topic, rows, { ...PACKING, partitions }),
        read: (changes) => consumed(bootstrap, topic, state, changes),
      })
    })
  }

  /** The topic is refused by this column, and nothing of it is applied. */
  async function refuses(
    rows: Row[],
    column: string,
    found: string,
    { partitions = 1, ...changes }: Parameters<typeof consumed>[3] & { partitions?: number } = {},
  ): Promise<void> {
    await withTopic(async ({ send, read, state }) => {
      await send(rows)
      await assert.rejects(read(changes), ({ message }: Error) => {
        const sentence =
          `: the column "${column}" is not readable as a number in ${found} rows, expected at most ` +
          '5 %; send its numbers with digits and a decimal point only, and begin behind these ' +
          'messages with --from TIME'
        assert.ok(message.startsWith('topic unreadable') && message.endsWith(sentence), message)
        return true
      })
      const { applied, positions } = await readBack(state)
      assert.equal(applied, 0)
      for (const { position } of positions)
        assert.deepEqual([position.next, position.applied], [0, 0])
    }, partitions)
  }

  test('durations that are all unreadable are refused', () =>
    refuses(
      messages(40, () => ({ 'Dur. (ms)': '2 h 0 min' })),
      'Dur. (ms)',
      '40 of 40',
    ))

  test('rows of a partition that is clean are not applied either', () => {
    const isLast = (n: number): boolean => partitionOf(33_600_000_000 + n, 3) === 2
    const rows = messages(300, (n) => ({ 'Dur. (ms)': isLast(n) ? '2 h' : null }))
    const count = rows.filter((_, n) => isLast(n)).length
    return refuses(rows, 'Dur. (ms)', `${count} of 300`, { partitions: 3 })
  })

  for (const column of ['MSISDN/Number', 'Total DL (Bytes)', 'Total UL (Bytes)']) {
    test(`${column} beside durations with a unit of their own is refused`, () =>
      refuses(
        messages(60, (n) => (n < 50 ? {} : { [column]: 'unknown-7' }), encodeOwnUnit),
        column,
        '10 of 60',
        { schema: OWN_UNIT },
      ))
  }

  for (const duration of [7_200_000, null]) {
    test(`totals are refused with the unit set, and durations of ${duration} ms`, () =>
      refuses(
        messages(40, () => ({ 'Dur. (ms)': duration, 'Total UL (Bytes)': '1.234,00 MB' })),
        'Total UL (Bytes)',
        '40 of 40',
        { units: { ...AUTO_UNITS, durationUnit: 'ms' } },
      ))
  }

  test('single odd rows are applied, and counted', async () => {
    const odd = (n: number): Cells =>
      n % 25 === 0 ? { 'Total DL (Bytes)': 'unknown-7', 'Dur. (ms)': 0 } : { 'Dur. (ms)': 0 }
    for (const [encode, changes] of [
      [encodeOwnUnit, { schema: OWN_UNIT }],
      [undefined, {}],
    ] as const) {
      await withTopic(async ({ send, read }) => {
        await send(messages(100, odd, encode))
        const { applied, coerced, logs } = await read(changes)
        assert.deepEqual([applied, coerced], [100, { 'Total DL (Bytes)': 4 }])
        assert.equal(logs[0].evidence, 'no row read yet')
      })
    }
  })

  test('later ones of the first 1,000 rows stop the partition, unless they are forced', () =>
    withTopic(async ({ send, read, state }) => {
      const rows = messages(300, (n) => (n < 25 ? {} : { 'Total DL (Bytes)': 'unknown-7' }))
      await send(rows.slice(0, 25))
      assert.equal((await read()).applied, 25)
      await send(rows.slice(25))
      await assert.rejects(
        read(),
        /partition 0: the column "Total DL \(Bytes\)" is not readable as a number in 275 of 275 rows, expected at most 5 %; correct the producer, or add --force-units/,
      )
      assert.equal((await readBack(state)).applied, 25)
      const forced = await read({ units: { ...AUTO_UNITS, forceUnits: true } })
      assert.deepEqual([forced.applied, forced.coerced], [300, { 'Total DL (Bytes)': 275 }])
    }))

  test('rows after the first 1,000 are applied, also after a restart', () =>
    withTopic(async ({ send, read }) => {
      const rows = messages(1300, (n) => (n < 1100 ? {} : { 'Total DL (Bytes)': 'unknown-7' }))
      await send(rows.slice(0, 1200))
      assert.equal((await read()).applied, 1200)
      await send(rows.slice(1200))
      const { applied, coerced } = await read()
      assert.deepEqual([applied, coerced], [1300, { 'Total DL (Bytes)': 200 }])
    }))
})
