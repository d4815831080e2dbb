// What we know of one subscriber: 22 numbers in a fixed order, the first of them the MSISDN.
import { APPLICATIONS } from '../record/columns.ts'

/** Place of each number in a row of aggregates. Bytes and milliseconds are integers below 2^53. */
export const FIELD = {
  msisdn: 0,
  records: 1,
  sessions: 2,
  durationMs: 3,
  downlinkBytes: 4,
  uplinkBytes: 5,
  /** Download of application a stands at `applications + 2a`, its upload right behind it. */
  applications: 6,
  /** Milliseconds since 1970, 0 when no record had a readable time. */
  firstStartMs: 20,
  lastEndMs: 21,
} as const

/** Numbers in a row. */
export const WIDTH = 22

/** One aggregate with names, as it is shown to people and machines. */
export interface Aggregate {
  msisdn: number
  records: number
  sessions: number
  durationMs: number
  downlinkBytes: number
  uplinkBytes: number
  trafficBytes: number
  applications: { name: string; downlinkBytes: number; uplinkBytes: number }[]
  firstStartMs: number | null
  lastEndMs: number | null
}

/** The aggregate that starts at `offset` of `rows`. */
export function aggregateAt(rows: Float64Array, offset: number): Aggregate {
  const at = (field: number): number => rows[offset + field]
  return {
    msisdn: at(FIELD.msisdn),
    records: at(FIELD.records),
    sessions: at(FIELD.sessions),
    durationMs: at(FIELD.durationMs),
    downlinkBytes: at(FIELD.downlinkBytes),
    uplinkBytes: at(FIELD.uplinkBytes),
    trafficBytes: at(FIELD.downlinkBytes) + at(FIELD.uplinkBytes),
    applications: APPLICATIONS.map((name, application) => ({
      name,
      downlinkBytes: at(FIELD.applications + 2 * application),
      uplinkBytes: at(FIELD.applications + 2 * application + 1),
    })),
    firstStartMs: at(FIELD.firstStartMs) || null,
    lastEndMs: at(FIELD.lastEndMs) || null,
  }
}
