// Reads a file as a replay does: to its end, or until it is refused.
import { decideFirst, inspectFiles, withFiles } from '../../consumers/files/sources.ts'
import { messageOf, PulseError } from '../../src/errors.ts'
import { readInFileOrder } from '../../src/parquet/rows.ts'
import { PLAIN_UNITS, type UnitOptions } from '../../src/record/source-units.ts'

/** Of many files the rows do not show a unit. */
const UNITS: UnitOptions = {
  durationUnit: 'ms',
  timeFormat: 'month-first',
  numberFormat: 'point',
  volumeUnit: 'bytes',
  mapped: {},
  forceUnits: true,
}

/** What became of a file: one of these is not null. */
export interface Outcome {
  /** Rows read. */
  rows: number | null
  /** The sentence of the refusal. */
  refused: string | null
  /** The stack of an internal error. */
  internal: string | null
}

/** Reads one file to its end, or returns why that was not possible. */
export const readAll = (path: string): Promise<Outcome> =>
  outcomeOf(() =>
    withFiles('max', async (connection) => {
      const inspected = await inspectFiles(connection, [path], UNITS)
      await decideFirst(connection, inspected, UNITS)
      const [file] = inspected.files
      const readable = { file, reading: { ...PLAIN_UNITS, timeZone: 'UTC' } }
      let rows = 0
      for await (const delivery of readInFileOrder(connection, readable, 0, 0)) {
        rows += delivery.rows.count
      }
      return rows
    }),
  )

/** The outcome of work that returns a number of rows. */
export async function outcomeOf(work: () => Promise<number>): Promise<Outcome> {
  const outcome: Outcome = { rows: null, refused: null, internal: null }
  try {
    outcome.rows = await work()
  } catch (error) {
    if (error instanceof PulseError) outcome.refused = error.message
    else outcome.internal = error instanceof Error ? (error.stack ?? '') : messageOf(error)
  }
  return outcome
}
