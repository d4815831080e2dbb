// The engagement table as records of a compacted topic: the MSISDN as decimal text, the aggregate in Avro.
//
// The schema is public (schema/engagement.avsc): other systems read the topic as a table.
import { APPLICATIONS } from '../../src/record/columns.ts'
import { FIELD, WIDTH } from '../../src/subscriber/aggregate.ts'
import { readVarint, writeLong, type RecordBytes } from '../../src/kafka/varint.ts'

/** A field of the schema: a whole number, or a time in UTC milliseconds that may be unknown. */
interface EngagementField {
  name: string
  type: 'long' | ['null', { type: 'long'; logicalType: 'timestamp-millis' }]
  doc: string
}

const TIME = ['null', { type: 'long', logicalType: 'timestamp-millis' }] as const
const [UNKNOWN, KNOWN] = [0, 1] as const

const APPLICATION_FIELDS = APPLICATIONS.flatMap((name): EngagementField[] => {
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_')
  return [
    { name: `${plain}_dl_bytes`, type: 'long', doc: `Bytes downloaded with ${name}` },
    { name: `${plain}_ul_bytes`, type: 'long', doc: `Bytes uploaded with ${name}` },
  ]
})

/** The Avro schema of the values: the sums of one subscriber since the state began. */
export const ENGAGEMENT_SCHEMA = {
  type: 'record',
  name: 'Engagement',
  namespace: 'xdr_pulse',
  doc: 'The sums of one subscriber since the state began; the key is the MSISDN as decimal text.',
  fields: [
    { name: 'records', type: 'long', doc: 'Records applied' },
    { name: 'sessions', type: 'long', doc: 'Records with a Bearer Id' },
    { name: 'duration_ms', type: 'long', doc: 'Duration of the sessions' },
    { name: 'dl_bytes', type: 'long', doc: 'Bytes downloaded in total' },
    { name: 'ul_bytes', type: 'long', doc: 'Bytes uploaded in total' },
    ...APPLICATION_FIELDS,
    { name: 'first_start', type: [...TIME], doc: 'Start of the earliest session' },
    { name: 'last_end', type: [...TIME], doc: 'End of the latest session' },
  ] as EngagementField[],
} as const

/** The most bytes of a value without its frame. */
export const MAX_ENGAGEMENT_BYTES: number = WIDTH * 10

/** Writes the aggregate of a row of WIDTH numbers; returns the place after it. */
export function writeEngagement(
  rows: Float64Array,
  offset: number,
  into: Uint8Array,
  start: number,
): number {
  let at = start
  for (let field = FIELD.records; field < FIELD.firstStartMs; field++) {
    at = writeLong(Math.min(Number.MAX_SAFE_INTEGER, rows[offset + field]), into, at)
  }
  at = writeTime(rows[offset + FIELD.firstStartMs], into, at)
  return writeTime(rows[offset + FIELD.lastEndMs], into, at)
}

function writeTime(ms: number, into: Uint8Array, at: number): number {
  const isKnown = ms !== 0
  at = writeLong(isKnown ? KNOWN : UNKNOWN, into, at)
  return isKnown ? writeLong(ms, into, at) : at
}

/**
 * Reads an aggregate into a row of WIDTH numbers, except its MSISDN; returns false for bytes that are
 * none.
 */
export function readEngagement(cursor: RecordBytes, rows: Float64Array, offset: number): boolean {
  for (let field = FIELD.records; field < FIELD.firstStartMs; field++) {
    rows[offset + field] = readVarint(cursor)
  }
  rows[offset + FIELD.firstStartMs] = readTime(cursor)
  rows[offset + FIELD.lastEndMs] = readTime(cursor)
  if (cursor.at !== cursor.to || !(rows[offset + FIELD.records] > 0)) return false
  for (let i = offset + 1; i < offset + WIDTH; i++) if (rows[i] !== rows[i]) return false
  return true
}

/** NaN for bytes that are no time. */
function readTime(cursor: RecordBytes): number {
  const branch = readVarint(cursor)
  if (branch === UNKNOWN) return 0
  return branch === KNOWN ? readVarint(cursor) : NaN
}
