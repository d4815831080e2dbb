// The shift of the times of a run's files: decided once per source, and kept with its progress.
import type { DuckDBConnection } from '../duckdb.ts'
import { PulseError } from '../errors.ts'
import type { GroupOffset } from '../kafka/transactions.ts'
import type { Readable } from '../parquet/rows.ts'
import { findShift, type ShiftTo } from '../parquet/shift.ts'
import type { Beginning } from './follow.ts'
import { keptReading, type Source } from './progress.ts'
import type { Topic } from './topic.ts'

/** What the shift of a run is decided on. */
export interface ShiftRequest {
  to: ShiftTo | null
  timeZone: string
  /** By source: its committed offset. */
  offsets: readonly (GroupOffset | null)[]
}

/**
 * Decides the shift of each source and sets it in how the source is read. A source that was begun
 * keeps its own; new ones take that of the others, so that they stay as far apart as they are.
 */
export async function decideShift(
  connection: DuckDBConnection,
  readables: readonly Readable[],
  sources: readonly Source[],
  topic: Topic,
  { to, timeZone, offsets }: ShiftRequest,
  onNote: (sentence: string) => void,
): Promise<Readable[]> {
  const days = sources.map((): number | null => null)
  if (to !== null) {
    const kept = offsets.map((offset) => keptReading(offset, topic)?.['shiftDays'])
    const former = kept.find((one) => typeof one === 'number')
    if (to === 'now' && former !== undefined) {
      onNote(`times are shifted by ${former} days, as those that were sent before`)
      kept.forEach((one, at) => (days[at] = typeof one === 'number' ? one : former))
    } else {
      const shift = await findShift(connection, readables, to, timeZone, Date.now())
      const { lastDay, newDay } = shift
      onNote(`times are shifted by ${shift.days} days: ${lastDay} becomes ${newDay}`)
      days.fill(shift.days)
    }
  }
  return readables.map(({ file, reading }, at) => {
    sources[at].reading = { ...sources[at].reading, shiftDays: days[at] }
    return { file, reading: { ...reading, shiftDays: days[at] ?? 0 } }
  })
}

/**
 * Refuses a shift to the present day for rows that were sent before, when it is not known by how
 * many days they were shifted.
 */
export function requireKnownShift(to: ShiftTo | null, beginnings: readonly Beginning[]): void {
  const found = beginnings.find(({ checksum, marked }) => checksum === null && marked > 0)
  if (to !== 'now' || found === undefined) return
  throw new PulseError(
    'kafka',
    `${found.source.path}: the topic holds ${found.marked} of its rows, and the committed progress ` +
      'with their shift has expired; expected --shift-to with the day that was the present one when ' +
      'they were sent, as 2026-01-31',
  )
}
