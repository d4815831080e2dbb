// Rows as a source delivers them and records as they are folded, both as columns.
import { AMOUNTS } from './columns.ts'

/** The reasons for which a row is rejected, in the order in which they are tested. */
export const REASONS = [
  'footer',
  'missing-msisdn',
  'invalid-msisdn',
  'imprecise-msisdn',
  'invalid-number',
  // Messages only: a tombstone, bytes that do not decode (or a line of CSV that is not a row), a
  // schema that cannot be used.
  'no-value',
  'malformed',
  'incompatible-schema',
] as const
/** One of REASONS. */
export type Reason = (typeof REASONS)[number]

/** The outcome of a row that is rejected: 1 + the place of the reason; 0 is the outcome of a record. */
export const outcomeOf = (reason: Reason): number => 1 + REASONS.indexOf(reason)

/** One used column of raw rows. */
export interface RawColumn {
  /** NaN where the value is missing; UNREADABLE in a text column where the text does not parse. */
  values: Float64Array
  /** Whether the source holds text here. */
  text: boolean
  /** Whether values were converted from a larger unit: rounding them to bytes is expected. */
  isScaled: boolean
}

/** The value of a text that is not a valid number or time. */
export const UNREADABLE = -Number.MAX_VALUE

/** Raw rows as a source delivers them. Times are UTC milliseconds since 1970. */
export interface RawRows {
  count: number
  /**
   * One for each of USED_COLUMNS, in that order. Bearer Id is 1 where present, else NaN; the
   * duration is in milliseconds.
   */
  columns: RawColumn[]
  /** The used values of row i as the source spells them, as JSON; available for rejected rows. */
  raw(i: number): string
}

/** Valid records. All columns have the same capacity; the first `count` entries are used. */
export interface Batch {
  count: number
  capacity: number
  /** MSISDN, 0 where it is missing. */
  subscriber: Float64Array
  /** 1 where the record has a Bearer Id. */
  session: Uint8Array
  /** Milliseconds since 1970, 0 where unknown; the same for `endMs`. */
  startMs: Float64Array
  endMs: Float64Array
  /** A column for each of AMOUNTS, in that order; whole numbers below 2^53. */
  amounts: Float64Array[]
}

/** An empty batch for up to `capacity` records. */
export function createBatch(capacity: number): Batch {
  return {
    count: 0,
    capacity,
    subscriber: new Float64Array(capacity),
    session: new Uint8Array(capacity),
    startMs: new Float64Array(capacity),
    endMs: new Float64Array(capacity),
    amounts: AMOUNTS.map(() => new Float64Array(capacity)),
  }
}
