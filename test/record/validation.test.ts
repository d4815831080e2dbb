// Validation against the oracle, on values as bad as in real files.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createBatch, REASONS, UNREADABLE, type RawRows } from '../../src/record/batch.ts'
import { validate, createValidationCounts, createValidator } from '../../src/record/validation.ts'
import { withPart } from '../../src/record/event-time.ts'
import { USED_COLUMNS } from '../../src/record/columns.ts'
import { oracle, type RawCell } from '../oracle.ts'
import { withoutZeros } from '../state-directory.ts'

const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)
const TIMES = new Set(['Start', 'End'])
const PARTS = new Set(['Start ms', 'End ms'])

const aNumber = fc.oneof(
  { weight: 6, arbitrary: fc.nat(1e9) },
  fc.constantFrom(NaN, Infinity, -Infinity, -1, -0, 0, 0.5, 1.5, 2.499, 0.4999999, 1e-9),
  fc.constantFrom(2 ** 53 - 1, 2 ** 53, 2 ** 53 + 2, 1e300, -1e300, 2 ** 52 + 0.5),
)
const aText = fc.constantFrom('', 'NaN', '\\N', '\\\\N', 'undefined', 'x', '12', '1.3E+6', '-4')
const anMsisdn = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 33_600_000_000, max: 33_600_000_009 }) },
  fc.constantFrom(NaN, 0, -1, 1.5, 1e15, 1e15 - 1, 1, Infinity, -Infinity),
)
const aSecond = fc.integer({ min: 0, max: 400 }).map((n) => 1_554_000_000_000 + n * 9e6)
const aTime = fc.oneof(
  { weight: 4, arbitrary: aSecond },
  fc.constantFrom(NaN, 946_684_799_000, 946_684_800_000, 4_102_444_799_000, 4_102_444_800_000),
  fc.constantFrom(1_554_000_000_123),
)
const aPart = fc.constantFrom(NaN, 0, 1, 999, 500, -1, 1000)

/** A cell as the oracle takes it and as a source delivers it. */
interface Cell {
  raw: RawCell
  value: number
}

const asTime = (ms: number): RawCell =>
  Number.isNaN(ms) ? null : { time: new Date(ms).toISOString().slice(0, -1) }
const asNumber = (value: number): RawCell =>
  Number.isFinite(value) ? value : { number: String(value) }
const textValue = (text: string): number => {
  if (['', 'NaN', '\\N', '\\\\N', 'undefined'].includes(text)) return NaN
  return text === 'x' ? UNREADABLE : Number(text)
}

function cellOf(column: string, isText: boolean): fc.Arbitrary<Cell> {
  if (TIMES.has(column)) return aTime.map((value) => ({ raw: asTime(value), value }))
  if (PARTS.has(column)) return aPart.map((value) => ({ raw: asNumber(value), value }))
  if (column === 'MSISDN/Number') return anMsisdn.map((value) => ({ raw: asNumber(value), value }))
  if (column === 'Bearer Id') {
    return fc.boolean().map((there) => ({ raw: there ? 1.3e19 : null, value: there ? 1 : NaN }))
  }
  if (isText) return aText.map((text) => ({ raw: text, value: textValue(text) }))
  return aNumber.map((value) => ({ raw: asNumber(value), value }))
}

const isTextColumn = (at: number): boolean => at >= 12 && at % 3 === 0
const good = fc.constant<Cell>({ raw: 1, value: 1 })
/** Most amounts are good, or hardly any row would be a record. */
const aRow = fc.tuple(
  ...USED_COLUMNS.map((column, at) =>
    at < 6 || isTextColumn(at)
      ? cellOf(column, isTextColumn(at))
      : fc.oneof({ weight: 12, arbitrary: good }, cellOf(column, false)),
  ),
)

const rawRowsOf = (rows: Cell[][]): RawRows => ({
  count: rows.length,
  columns: USED_COLUMNS.map((_, at) => ({
    values: Float64Array.from(rows, (cells) => cells[at].value),
    text: isTextColumn(at),
    isScaled: false,
  })),
  raw: () => '[]',
})

const counted = (names: readonly string[], counts: Float64Array): Record<string, number> =>
  withoutZeros(Object.fromEntries(names.map((name, at): [string, number] => [name, counts[at]])))

for (const missingMsisdn of ['reject', 'zero'] as const) {
  test(`rows of any values are validated as by the oracle, missing MSISDN: ${missingMsisdn}`, () => {
    const property = fc.property(fc.array(aRow, { maxLength: 12 }), (rows) => {
      const options = { missingMsisdnZero: missingMsisdn === 'zero' }
      const [validator, batch, counts] = [
        createValidator(12),
        createBatch(12),
        createValidationCounts(),
      ]
      const selected = Uint32Array.from(rows, (_, i) => i)
      validate(rawRowsOf(rows), selected, rows.length, options, validator, batch, counts)
      const found: unknown[] = []
      for (let j = 0; j < batch.count; j++) {
        // A negative zero may pass: added to a sum, it is the zero it means.
        const amounts = batch.amounts.map((values) => values[j] + 0)
        const [start, end] = [batch.startMs[j], batch.endMs[j]]
        found.push([batch.subscriber[j], [1, batch.session[j], ...amounts, start, end]])
      }
      const columns = [...USED_COLUMNS]
      const raw = rows.map((cells) => cells.map((cell) => cell.raw))
      // Row by row, since sums of several would go beyond what is exact.
      const each = raw.map((row) =>
        oracle({ columns, rows: [row] }, { durationUnit: 'ms', missingMsisdn }),
      )
      assert.deepEqual(
        found,
        each.flatMap(({ subscribers }) => [...subscribers]),
      )
      const sum = (of: 'rejected' | 'coerced' | 'missing', names: readonly string[]) =>
        counted(
          names,
          Float64Array.from(names, (name) => each.reduce((n, one) => n + (one[of][name] ?? 0), 0)),
        )
      assert.deepEqual(counted(REASONS, counts.rejected), sum('rejected', REASONS))
      assert.deepEqual(counted(USED_COLUMNS, counts.coerced), sum('coerced', USED_COLUMNS))
      assert.deepEqual(counted(USED_COLUMNS, counts.missing), sum('missing', USED_COLUMNS))
    })
    fc.assert(property, { seed: SEED, numRuns: 500 })
  })
}

test('only the selected rows are validated, and the counts are consistent', () => {
  const cells = USED_COLUMNS.map((): Cell => ({ raw: 1, value: 1 }))
  const rows = rawRowsOf([0, 1, 2, 3].map((n) => [{ raw: n, value: n }, ...cells.slice(1)]))
  const [validator, batch, counts] = [createValidator(4), createBatch(4), createValidationCounts()]
  const options = { missingMsisdnZero: false }
  validate(rows, Uint32Array.of(1, 3), 2, options, validator, batch, counts)
  assert.deepEqual([...batch.subscriber.subarray(0, batch.count)], [1, 3])
  validate(rows, Uint32Array.of(0), 1, options, validator, batch, counts)
  assert.equal(batch.count, 0)
  assert.equal(validator.outcome[0], 1 + REASONS.indexOf('invalid-msisdn'))
  assert.deepEqual(counted(REASONS, counts.rejected), { 'invalid-msisdn': 1 })
})

test('a footer has no MSISDN, no Start, no End and a fraction of a byte', () => {
  const footer = new Map([
    ['MSISDN/Number', NaN],
    ['Start', NaN],
    ['End', NaN],
    ['Gaming DL (Bytes)', 12.5],
  ])
  const reasonOf = (changes: [column: string, value: number][]): string => {
    const values = new Map([...footer, ...changes])
    const cells = USED_COLUMNS.map((name): Cell => ({ raw: null, value: values.get(name) ?? 1 }))
    const [validator, batch] = [createValidator(1), createBatch(1)]
    const options = { missingMsisdnZero: false }
    const rows = rawRowsOf([cells])
    validate(rows, Uint32Array.of(0), 1, options, validator, batch, createValidationCounts())
    return REASONS[validator.outcome[0] - 1]
  }
  const time = Date.UTC(2026, 2, 1)
  assert.equal(reasonOf([]), 'footer')
  assert.equal(reasonOf([['Start', time]]), 'missing-msisdn')
  assert.equal(reasonOf([['End', time]]), 'missing-msisdn')
  assert.equal(reasonOf([['Gaming DL (Bytes)', 12]]), 'missing-msisdn')
  const fractionOfMs: [string, number][] = [
    ['Gaming DL (Bytes)', 12],
    ['Dur. (ms)', 0.5],
  ]
  assert.equal(reasonOf(fractionOfMs), 'missing-msisdn')
})

test('only a time in whole seconds takes milliseconds from its column', () => {
  assert.equal(withPart(5000, 250), 5250)
  assert.equal(withPart(5001, 250), 5001)
  assert.equal(withPart(5000, 1000), 5000)
  assert.equal(withPart(5000, -1), 5000)
  assert.equal(withPart(5000, NaN), 5000)
})
