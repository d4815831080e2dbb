// Replays in the test's own process, and what the oracle expects of them.
import type { Unit } from '../../../src/record/duration-unit.ts'
import { AUTO_UNITS, type UnitOptions } from '../../../src/record/source-units.ts'
import type { Replay, ReplayOptions } from '../../../consumers/files/replay.ts'
import { replayFiles } from '../../../consumers/files/replay.ts'
import type { IngestProgress } from '../../../consumers/ingest/progress.ts'
import type { StateOptions } from '../../../state/writer.ts'
import type { OracleHour } from '../../oracle.ts'
import type { Found } from '../../state-directory.ts'

/** A state of one partition. */
export const STATE: StateOptions = {
  partitions: 1,
  timeZone: 'UTC',
  missingMsisdn: 'reject',
}

/** Options of a replay that differ from the defaults of tests. */
export type Changes = Partial<Omit<ReplayOptions, 'state' | 'units'>> & {
  state?: Partial<StateOptions>
  units?: Partial<UnitOptions>
}

/** Of most fixtures all days are up to 12. */
export const MONTH_FIRST = { units: { timeFormat: 'month-first' } } as const

/** Replays files with the defaults of tests, except for `changes`. */
export function replay(
  files: readonly string[],
  stateDirectory: string,
  changes: Changes = {},
  onReady: (replay: Replay) => void = () => undefined,
): Promise<IngestProgress> {
  const options: ReplayOptions = {
    files,
    stateDirectory,
    commitIntervalMs: 1000,
    keepRejected: 100_000,
    speed: 'max',
    threads: Number(process.env['XDR_PULSE_THREADS'] ?? 1),
    ...changes,
    state: { ...STATE, ...changes.state },
    units: { ...AUTO_UNITS, ...changes.units },
  }
  return replayFiles(options, onReady)
}

/** The result of `oracleJson`, as the fixtures store it. */
export interface Expected {
  durationUnit: Unit
  rows: number
  applied: number
  rejected: Record<string, number>
  coerced: Record<string, number>
  missing: Record<string, number>
  subscribers: [number, number[]][]
  hours: [number | null, OracleHour][]
}

/** The part of a state that expectations cover, in their form. */
export type Comparable = Pick<
  Found,
  'applied' | 'rejected' | 'coerced' | 'missing' | 'subscribers' | 'hours'
>

/** What was found, reduced to what expectations cover. */
export const comparableFound = (found: Found): Comparable => {
  const { applied, rejected, coerced, missing, subscribers, hours } = found
  return { applied, rejected, coerced, missing, subscribers, hours }
}

/** An expectation in the form of what is found. */
export const comparableExpected = (expected: Expected): Comparable => {
  const { applied, rejected, coerced, missing, subscribers } = expected
  const hours = expected.hours.map(([start, hour]): [number | null, number[]] => [
    start,
    [
      hour.records,
      hour.sessions,
      hour.durationMs,
      hour.downlinkBytes,
      hour.uplinkBytes,
      ...hour.applications,
    ],
  ])
  return { applied, rejected, coerced, missing, subscribers, hours }
}
