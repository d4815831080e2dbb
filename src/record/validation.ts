// Splits raw rows into valid records, as whole non-negative numbers, and rejected rows.
import { outcomeOf, REASONS, UNREADABLE } from './batch.ts'
import type { Batch, RawColumn, RawRows } from './batch.ts'
import { AMOUNTS, PLACE, USED_COLUMNS } from './columns.ts'
import { IMPRECISE } from './msisdn.ts'
import { isKnownTime, withPart } from './event-time.ts'

/** How rows are validated; the same for all rows of a state. */
export interface ValidationOptions {
  /** Fold rows without MSISDN under MSISDN 0 instead of rejecting them. */
  missingMsisdnZero: boolean
}

/** Counts of validation; each call adds to them. */
export interface ValidationCounts {
  /** Rejected rows, by place in REASONS. */
  rejected: Float64Array
  /** Values of records that were rounded or unreadable, by place in USED_COLUMNS. */
  coerced: Float64Array
  /** Values of records that were missing, by place in USED_COLUMNS. */
  missing: Float64Array
}

/** Counts that are all 0. */
export function createValidationCounts(): ValidationCounts {
  return {
    rejected: new Float64Array(REASONS.length),
    coerced: new Float64Array(USED_COLUMNS.length),
    missing: new Float64Array(USED_COLUMNS.length),
  }
}

const { msisdn: MSISDN, bearer: BEARER, amounts: FIRST_AMOUNT } = PLACE
const BYTE_PLACES = USED_COLUMNS.flatMap((name, place) => (name.endsWith('(Bytes)') ? [place] : []))
/** Sums of integers below this are exact in a float64. */
const LIMIT = 2 ** 53
/** E.164 allows 15 digits. */
const MSISDN_LIMIT = 1e15
const FOOTER = outcomeOf('footer')
const MISSING_MSISDN = outcomeOf('missing-msisdn')
const INVALID_MSISDN = outcomeOf('invalid-msisdn')
const IMPRECISE_MSISDN = outcomeOf('imprecise-msisdn')
const INVALID_NUMBER = outcomeOf('invalid-number')

/** Memory of one validator, reused for each batch. */
export interface Validator {
  /** By row: 0 for a record, else 1 + the place in REASONS. Valid for the rows last selected. */
  outcome: Uint8Array
  /** By record of the batch: the row it comes from. */
  accepted: Uint32Array
}

/** A validator of deliveries of up to `capacity` rows. */
export const createValidator = (capacity: number): Validator => ({
  outcome: new Uint8Array(capacity),
  accepted: new Uint32Array(capacity),
})

/**
 * Validates the first `count` rows of `selected` column by column and overwrites `batch` with the
 * records. Afterwards `validator.outcome` holds the outcome of each row; `counts` is added to.
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
  const { outcome, accepted } = validator
  checkSubscribers(rows, selected, count, options, outcome)
  for (let a = 0; a < AMOUNTS.length; a++) {
    checkAmounts(rows.columns[FIRST_AMOUNT + a], selected, count, outcome)
  }
  let records = 0
  for (let n = 0; n < count; n++) {
    const i = selected[n]
    if (outcome[i] === 0) accepted[records++] = i
    else counts.rejected[outcome[i] - 1]++
  }
  batch.count = records
  copySubscribers(rows.columns[MSISDN].values, accepted, batch)
  counts.missing[BEARER] += copySessions(rows.columns[BEARER].values, accepted, batch)
  copyTimes(rows.columns, PLACE.start, PLACE.startMs, accepted, records, batch.startMs, counts)
  copyTimes(rows.columns, PLACE.end, PLACE.endMs, accepted, records, batch.endMs, counts)
  for (let a = 0; a < AMOUNTS.length; a++) {
    const column = FIRST_AMOUNT + a
    copyAmounts(rows.columns[column], accepted, records, batch.amounts[a], counts, column)
  }
}

function checkSubscribers(
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
    else if (msisdn === IMPRECISE) outcome[i] = IMPRECISE_MSISDN
    else if (msisdn === msisdn) outcome[i] = INVALID_MSISDN
    else if (isFooter(rows, i)) outcome[i] = FOOTER
    else outcome[i] = options.missingMsisdnZero ? 0 : MISSING_MSISDN
  }
}

/** Whether a number is a valid MSISDN: a whole number above 0 with at most 15 digits. */
export const isMsisdn = (value: number): boolean =>
  value > 0 && value < MSISDN_LIMIT && Math.floor(value) === value

/** Whether a row without MSISDN is a footer of column means: no Start, no End, fractions of bytes. */
function isFooter({ columns }: RawRows, i: number): boolean {
  const isAbsent = (column: number): boolean => Number.isNaN(columns[column].values[i])
  if (!isAbsent(PLACE.start) || !isAbsent(PLACE.end)) return false
  return BYTE_PLACES.some((place) => {
    const value = columns[place].values[i]
    return Number.isFinite(value) && Math.floor(value) !== value
  })
}

function checkAmounts(
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

function copySubscribers(values: Float64Array, accepted: Uint32Array, batch: Batch): void {
  const { subscriber, count } = batch
  for (let j = 0; j < count; j++) {
    const msisdn = values[accepted[j]]
    subscriber[j] = msisdn === msisdn ? msisdn : 0
  }
}

/** Returns the number of missing Bearer Ids. */
function copySessions(values: Float64Array, accepted: Uint32Array, batch: Batch): number {
  const { session, count } = batch
  let missing = 0
  for (let j = 0; j < count; j++) {
    const present = values[accepted[j]] === 1
    session[j] = present ? 1 : 0
    if (!present) missing++
  }
  return missing
}

function copyTimes(
  columns: readonly RawColumn[],
  column: number,
  partColumn: number,
  accepted: Uint32Array,
  count: number,
  out: Float64Array,
  counts: ValidationCounts,
): void {
  const { values } = columns[column]
  const parts = columns[partColumn].values
  for (let j = 0; j < count; j++) {
    const i = accepted[j]
    const time = values[i]
    if (isKnownTime(time)) out[j] = withPart(time, parts[i])
    else {
      out[j] = 0
      if (time === time) counts.coerced[column]++
      else counts.missing[column]++
    }
  }
}

function copyAmounts(
  { values, isScaled }: RawColumn,
  accepted: Uint32Array,
  count: number,
  out: Float64Array,
  counts: ValidationCounts,
  column: number,
): void {
  let missing = 0
  let coerced = 0
  for (let j = 0; j < count; j++) {
    const value = values[accepted[j]]
    const whole = Math.floor(value)
    if (whole === value && value >= 0) out[j] = value
    else if (value !== value) {
      out[j] = 0
      missing++
    } else {
      // Only unreadable text is still negative here; -0 counts as 0.
      out[j] = value > 0 ? whole + (value - whole >= 0.5 ? 1 : 0) : 0
      if (!isScaled || !(value > 0)) coerced++
    }
  }
  counts.missing[column] += missing
  counts.coerced[column] += coerced
}
