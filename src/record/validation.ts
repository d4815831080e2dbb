// Decides of every raw row whether it is a record, and makes whole non-negative numbers of it.
import { AMOUNTS, FIRST_AMOUNT, REASONS, UNREADABLE } from './batch.ts'
import type { Batch, RawColumn, RawRows } from './batch.ts'
import { USED_COLUMNS } from './columns.ts'
import { isKnownTime, withPart } from './event-time.ts'

/** How rows are to be read; fixed for a source. */
export interface ValidationOptions {
  /** Fold rows without MSISDN under MSISDN 0 instead of rejecting them. */
  missingMsisdnZero: boolean
}

/** What was found while cleaning; counts add up over calls. */
export interface ValidationCounts {
  /** Rows rejected, by place in REASONS. */
  rejected: Float64Array
  /** Values of records rounded or unreadable, by place in USED_COLUMNS. */
  coerced: Float64Array
  /** Values of records that were missing, by place in USED_COLUMNS. */
  missing: Float64Array
}

export function createValidationCounts(): ValidationCounts {
  return {
    rejected: new Float64Array(REASONS.length),
    coerced: new Float64Array(USED_COLUMNS.length),
    missing: new Float64Array(USED_COLUMNS.length),
  }
}

const [MSISDN, BEARER, START, START_MS, END, END_MS] = [0, 1, 2, 3, 4, 5] as const
/** Sums of integers below this are exact in a float64. */
const LIMIT = 2 ** 53
const MSISDN_LIMIT = 1e15
const [FOOTER, MISSING_MSISDN, INVALID_MSISDN, INVALID_NUMBER] = [1, 2, 3, 4] as const

/** Scratch of one validator, for rows up to its capacity. */
export interface Validator {
  /** By row: 0 a record, otherwise 1 + the place in REASONS. Valid for the rows last selected. */
  outcome: Uint8Array
  /** Which row became record j of the batch. */
  taken: Uint32Array
}

export const createValidator = (capacity: number): Validator => ({
  outcome: new Uint8Array(capacity),
  taken: new Uint32Array(capacity),
})

/**
 * Cleans the first `count` rows of `selected` into `batch` (overwriting it), column by column.
 * `validator` tells afterwards what became of each of them; `counts` is added to.
 */
export function validate(
  rows: RawRows,
  selected: Uint32Array,
  count: number,
  options: ValidationOptions,
  validator: Validator,
  batch: Batch,
  counts: ValidationCounts,
): void {
  const { outcome, taken } = validator
  judgeSubscribers(rows, selected, count, options, outcome)
  for (let a = 0; a < AMOUNTS; a++) {
    judgeAmounts(rows.columns[FIRST_AMOUNT + a], selected, count, outcome)
  }
  let records = 0
  for (let n = 0; n < count; n++) {
    const i = selected[n]
    if (outcome[i] === 0) taken[records++] = i
    else counts.rejected[outcome[i] - 1]++
  }
  batch.count = records
  takeSubscribers(rows.columns[MSISDN].values, taken, batch)
  counts.missing[BEARER] += takeSessions(rows.columns[BEARER].values, taken, batch)
  takeTimes(rows.columns, START, START_MS, taken, records, batch.startMs, counts)
  takeTimes(rows.columns, END, END_MS, taken, records, batch.endMs, counts)
  for (let a = 0; a < AMOUNTS; a++) {
    const column = FIRST_AMOUNT + a
    takeAmounts(rows.columns[column].values, taken, records, batch.amounts[a], counts, column)
  }
}

function judgeSubscribers(
  rows: RawRows,
  selected: Uint32Array,
  count: number,
  options: ValidationOptions,
  outcome: Uint8Array,
): void {
  const { values } = rows.columns[MSISDN]
  for (let n = 0; n < count; n++) {
    const i = selected[n]
    const msisdn = values[i]
    if (isMsisdn(msisdn)) outcome[i] = 0
    else if (msisdn === msisdn) outcome[i] = INVALID_MSISDN
    else if (isFooter(rows, i)) outcome[i] = FOOTER
    else outcome[i] = options.missingMsisdnZero ? 0 : MISSING_MSISDN
  }
}

/** A whole number of at most 15 digits, above zero. */
export const isMsisdn = (value: number): boolean =>
  value > 0 && value < MSISDN_LIMIT && Math.floor(value) === value

/** A footer of column means: no MSISDN (known by the caller), no times, a fraction of a byte. */
function isFooter(rows: RawRows, i: number): boolean {
  const absent = (column: number): boolean => Number.isNaN(rows.columns[column].values[i])
  if (!absent(START) || !absent(END)) return false
  for (let a = 1; a < AMOUNTS; a++) {
    const value = rows.columns[FIRST_AMOUNT + a].values[i]
    if (Number.isFinite(value) && Math.floor(value) !== value) return true
  }
  return false
}

function judgeAmounts(
  { values, text }: RawColumn,
  selected: Uint32Array,
  count: number,
  outcome: Uint8Array,
): void {
  for (let n = 0; n < count; n++) {
    const i = selected[n]
    const value = values[i]
    if (value < 0 || value >= LIMIT) {
      if (outcome[i] === 0 && !(text && value === UNREADABLE)) outcome[i] = INVALID_NUMBER
    }
  }
}

function takeSubscribers(values: Float64Array, taken: Uint32Array, batch: Batch): void {
  const { subscriber, count } = batch
  for (let j = 0; j < count; j++) {
    const msisdn = values[taken[j]]
    subscriber[j] = msisdn === msisdn ? msisdn : 0
  }
}

/** Returns how many Bearer Ids were missing. */
function takeSessions(values: Float64Array, taken: Uint32Array, batch: Batch): number {
  const { session, count } = batch
  let missing = 0
  for (let j = 0; j < count; j++) {
    const present = values[taken[j]] === 1
    session[j] = present ? 1 : 0
    if (!present) missing++
  }
  return missing
}

function takeTimes(
  columns: readonly RawColumn[],
  column: number,
  partColumn: number,
  taken: Uint32Array,
  count: number,
  out: Float64Array,
  counts: ValidationCounts,
): void {
  const { values } = columns[column]
  const parts = columns[partColumn].values
  for (let j = 0; j < count; j++) {
    const i = taken[j]
    const time = values[i]
    if (isKnownTime(time)) out[j] = withPart(time, parts[i])
    else {
      out[j] = 0
      if (time === time) counts.coerced[column]++
      else counts.missing[column]++
    }
  }
}

function takeAmounts(
  values: Float64Array,
  taken: Uint32Array,
  count: number,
  out: Float64Array,
  counts: ValidationCounts,
  column: number,
): void {
  let missing = 0
  let coerced = 0
  for (let j = 0; j < count; j++) {
    const value = values[taken[j]]
    const whole = Math.floor(value)
    if (whole === value && value >= 0) out[j] = value
    else if (value !== value) {
      out[j] = 0
      missing++
    } else {
      // Still negative here can only be unreadable text; -0 counts as the zero it is.
      out[j] = value > 0 ? whole + (value - whole >= 0.5 ? 1 : 0) : 0
      coerced++
    }
  }
  counts.missing[column] += missing
  counts.coerced[column] += coerced
}
