// The aggregate of one subscriber: a row of numbers in a fixed order, the MSISDN first.
import { AMOUNT, AMOUNTS, DIRECTIONS, TOTALS, type Total } from '../record/columns.ts'

/** A sum that belongs to no application. */
export type SumField = 'records' | 'sessions' | Total

/** A number for each of SUM_FIELDS. */
export type Sums = Record<SumField, number>

/** The sums of a subscriber, or of an hour, that belong to no application, in order. */
export const SUM_FIELDS: readonly SumField[] = [
  'records',
  'sessions',
  ...TOTALS.map(({ key }) => key),
]

/** The names of the numbers of a row, in order. */
export const FIELD_NAMES: readonly string[] = [
  'msisdn',
  'records',
  'sessions',
  ...AMOUNTS.map(({ name }) => name),
  'firstStartMs',
  'lastEndMs',
]

/** Numbers in a row. */
export const WIDTH: number = FIELD_NAMES.length

const placeOf = (name: string): number => FIELD_NAMES.indexOf(name)

/** A number of a row with a place of its own in FIELD. */
export type Field = 'msisdn' | SumField | 'firstStartMs' | 'lastEndMs'

/**
 * The place of each number in a row. Bytes and milliseconds are whole numbers below 2^53. The times
 * are in milliseconds since 1970, 0 without a record that has a readable time.
 */
export const FIELD: Readonly<Record<Field | 'amounts' | 'applications', number>> = {
  msisdn: placeOf('msisdn'),
  ...(Object.fromEntries(SUM_FIELDS.map((name) => [name, placeOf(name)])) as Sums),
  /** The first of AMOUNTS; the others follow in their order. */
  amounts: placeOf(AMOUNTS[0].name),
  /** The first amount of the first application. */
  applications: placeOf(AMOUNTS[AMOUNT.applications].name),
  firstStartMs: placeOf('firstStartMs'),
  lastEndMs: placeOf('lastEndMs'),
}

/** The place of an application's download in a row. */
export const downlinkField = (application: number): number =>
  FIELD.applications + DIRECTIONS.length * application

/** The place of an application's upload in a row. */
export const uplinkField = (application: number): number => downlinkField(application) + 1

/** The sum of records over the first `count` rows. */
export function sumRecords(rows: Float64Array, count: number): number {
  // Not in the callback of a scan: a sum in a closure is boxed at every addition.
  let sum = 0
  for (let i = 0; i < count; i++) sum += rows[i * WIDTH + FIELD.records]
  return sum
}

/**
 * Adds a row to the one at `into[at]`: another row of the same subscriber, or zeros. Sums are added;
 * of the times the first and the last one stay.
 */
export function addRow(into: Float64Array, at: number, rows: Float64Array, from: number): void {
  into[at + FIELD.msisdn] = rows[from + FIELD.msisdn]
  for (let field = FIELD.records; field < FIELD.firstStartMs; field++) {
    into[at + field] += rows[from + field]
  }
  const [start, end] = [rows[from + FIELD.firstStartMs], rows[from + FIELD.lastEndMs]]
  const first = into[at + FIELD.firstStartMs]
  if (start > 0 && (first === 0 || start < first)) into[at + FIELD.firstStartMs] = start
  if (end > into[at + FIELD.lastEndMs]) into[at + FIELD.lastEndMs] = end
}
