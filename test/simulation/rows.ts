// Rows of simulated sources: what each is, as a message and as columns, decided by the seed.
import type { RawRows, Reason } from '../../src/record/batch.ts'
import { PLACE, USED_COLUMNS } from '../../src/record/columns.ts'
import type { Random } from '../../src/random.ts'

/** One row, with the outcome that it is to have. */
export interface Row {
  /** Null for a record. */
  reason: Reason | null
  /** NaN where it is missing. */
  msisdn: number
  session: boolean
  startMs: number
  durationMs: number
  downlinkBytes: number
  uplinkBytes: number
  youtubeBytes: number
}

/** A whole number below `limit`. */
export const below = (random: Random, limit: number): number => Math.floor(random() * limit)

/** One of a list. */
export const oneOf = <T>(random: Random, list: readonly T[]): T => list[below(random, list.length)]

const HOUR_MS = 3_600_000
/** Around this moment, the cut-over of a history. */
export const CUTOVER_MS = Date.UTC(2026, 2, 4)
const NOT_IN_FILES = new Set<Reason>(['no-value'])
const REJECTED: readonly Reason[] = [
  ...(['missing-msisdn', 'invalid-msisdn', 'invalid-number', 'malformed', 'no-value'] as const),
]

/** A row of one of some subscribers. */
export function someRow(random: Random, subscribers: readonly number[], dirt: number): Row {
  const reason = random() < dirt ? oneOf(random, REJECTED) : null
  const bytes = reason === 'invalid-number' ? -1 : below(random, 2 ** 40)
  return {
    reason,
    msisdn:
      reason === 'missing-msisdn'
        ? NaN
        : reason === 'invalid-msisdn'
          ? -5
          : oneOf(random, subscribers),
    session: random() < 0.9,
    startMs: CUTOVER_MS + (below(random, 6000) - 3000) * (HOUR_MS / 1000),
    durationMs: 1000 + below(random, 1_000_000),
    downlinkBytes: bytes,
    uplinkBytes: below(random, 2 ** 30),
    youtubeBytes: below(random, 1000),
  }
}

/** As `someRow`, for a file. */
export function someFileRow(random: Random, subscribers: readonly number[], dirt: number): Row {
  const row = someRow(random, subscribers, dirt)
  return row.reason !== null && NOT_IN_FILES.has(row.reason) ? { ...row, reason: 'malformed' } : row
}

/** The value of a message; null for a tombstone. With a schema id it has the frame of a registry. */
export function valueOf(row: Row, schemaId: number | null): Buffer | null {
  if (row.reason === 'no-value') return null
  const json = JSON.stringify({
    'MSISDN/Number': Number.isNaN(row.msisdn) ? null : row.msisdn,
    ...(row.session ? { 'Bearer Id': '7' } : {}),
    Start: row.startMs,
    End: row.startMs + row.durationMs,
    'Dur. (ms)': row.durationMs,
    'Total DL (Bytes)': row.downlinkBytes,
    'Total UL (Bytes)': row.uplinkBytes,
    'Youtube DL (Bytes)': row.youtubeBytes,
  })
  const text = row.reason === 'malformed' ? json.slice(0, -5) : json
  if (schemaId === null) return Buffer.from(text)
  const frame = Buffer.alloc(5)
  frame.writeUInt32BE(schemaId, 1)
  return Buffer.concat([frame, Buffer.from(text)])
}

const YOUTUBE = USED_COLUMNS.indexOf('Youtube DL (Bytes)')

/** Rows as a file's reader delivers them. */
export function columnsOf(rows: readonly Row[]): RawRows {
  const columns = USED_COLUMNS.map(() => ({
    values: new Float64Array(rows.length).fill(NaN),
    ...{ text: false, isScaled: false },
  }))
  rows.forEach((row, i) => {
    columns[PLACE.msisdn].values[i] = row.msisdn
    columns[PLACE.bearer].values[i] = row.session ? 1 : NaN
    columns[PLACE.start].values[i] = row.startMs
    columns[PLACE.end].values[i] = row.startMs + row.durationMs
    columns[PLACE.amounts].values[i] = row.durationMs
    columns[PLACE.amounts + 1].values[i] = row.downlinkBytes
    columns[PLACE.amounts + 2].values[i] = row.uplinkBytes
    columns[YOUTUBE].values[i] = row.youtubeBytes
  })
  return { count: rows.length, columns, raw: (i) => JSON.stringify(rows[i]) }
}
