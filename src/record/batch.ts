// Rows as a source delivers them and records as they are folded: both are columns, never objects.
import { APPLICATIONS, USED_COLUMNS } from './columns.ts'

/** Why a row can be rejected: the closed list, in the order of test. */
export const REASONS = [
  'footer',
  'missing-msisdn',
  'invalid-msisdn',
  'invalid-number',
  // Of messages only: no value at all, bytes that do not decode, a schema that cannot be used.
  'no-value',
  'malformed',
  'incompatible-schema',
] as const
export type Reason = (typeof REASONS)[number]

/** One used column of raw rows. */
export interface RawColumn {
  /** NaN: missing. In a text column UNREADABLE: text that is not what it should be. */
  values: Float64Array
  text: boolean
}

/** What a source puts in a text column for text that is no number or no time. */
export const UNREADABLE = -Number.MAX_VALUE

/** Raw rows as a source delivers them. Times are UTC milliseconds since 1970. */
export interface RawRows {
  count: number
  /**
   * USED_COLUMNS.length columns, in that order; Bearer Id is 1 where present, else NaN; the
   * duration is in milliseconds.
   */
  columns: RawColumn[]
  /** The used values of row i as the file spells them, as JSON; only good for rejected rows. */
  raw(i: number): string
}

/** Amounts of a record in the order of an aggregate's fields, from durationMs on. */
export const AMOUNTS = 3 + 2 * APPLICATIONS.length

/** First amount in USED_COLUMNS: `Dur. (ms)`; the rest follows in the order of an aggregate. */
export const FIRST_AMOUNT: number = USED_COLUMNS.indexOf('Dur. (ms)')

/** Cleaned records. All columns have the same capacity; the first `count` entries are valid. */
export interface Batch {
  count: number
  capacity: number
  subscriber: Float64Array
  /** 1 where the record has a Bearer Id. */
  session: Uint8Array
  /** 0: unknown. */
  startMs: Float64Array
  endMs: Float64Array
  /** durationMs, downlinkBytes, uplinkBytes, then download and upload of each application. */
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
    amounts: Array.from({ length: AMOUNTS }, () => new Float64Array(capacity)),
  }
}
