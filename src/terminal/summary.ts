// The reconciliation of a run: the number of rows by outcome.
import type { IngestCounters, IngestProgress } from '../../consumers/ingest/progress.ts'
import { PulseError } from '../errors.ts'
import { plainLine } from '../plain-text.ts'
import { tableText } from './table.ts'

/** The reconciliation as JSON; rows = applied + duplicate + excluded + the sum of rejected. */
export interface Reconciliation {
  rows: number
  applied: number
  /** Rows at positions that were applied before. */
  duplicate: number
  /** Valid rows that the other source of a cut-over covers. */
  excluded: number
  rejected: Record<string, number>
  coerced: Record<string, number>
  missing: Record<string, number>
  /** Subscribers in the state after the run. */
  subscribers: number
  /** What the arguments cover and was not read, with the reason. */
  skipped: IngestProgress['skipped']
  /** Notes of the run, as sentences. */
  notes: readonly string[]
  /** False if the run was stopped before the end of its source. */
  complete: boolean
}

/** The reconciliation of the run that ended with this progress. */
export function reconciliationOf(
  last: IngestProgress,
  notes: readonly string[] = [],
): Reconciliation {
  const { rows, applied, duplicate, excluded, rejected, coerced, missing } = last.counters
  return {
    ...{ rows, applied, duplicate, excluded, rejected, coerced, missing },
    subscribers: last.subscribers,
    skipped: last.skipped,
    notes,
    complete: last.done,
  }
}

/**
 * Checks that a run which ended by itself applied something, or had nothing to do.
 *
 * @throws PulseError `input-invalid` when every row that it read anew was rejected, or
 *   no message of a topic was of a record type that is read
 */
export function requireApplied(last: IngestProgress): void {
  const { counters, history, done } = last
  const all = [counters, ...(history === null ? [] : [history])]
  const sum = (of: (each: IngestCounters) => number): number =>
    all.reduce((total, each) => total + of(each), 0)
  for (const { name, read, otherTypes } of last.reconciliation ?? []) {
    if (done && read === 0 && otherTypes > 0) throw noneOfType(name, otherTypes)
  }
  const rejected = sum((each) => Object.values(each.rejected).reduce((a, b) => a + b, 0))
  if (!done || rejected === 0 || sum((each) => each.applied + each.excluded) > 0) return
  throw new PulseError(
    'input-invalid',
    `all ${rejected} rows were rejected and nothing was applied; see "xdr-pulse rejected", and ` +
      'correct the source',
  )
}

const noneOfType = (topic: string, otherTypes: number): PulseError =>
  new PulseError(
    'input-invalid',
    `topic ${topic}: all ${otherTypes} messages are of record types that --record-type does not name, ` +
      'and nothing was applied; correct it, and start in another --state directory',
  )

/**
 * Checks that the dead-letter topic of a run has acknowledged all that it was sent.
 *
 * @throws PulseError `kafka` when rejected rows are left in the outbox
 */
export function requireDelivered({ consumer, reconciliation }: IngestProgress): void {
  const topic = consumer?.deadLetters?.topic
  const left = (reconciliation ?? []).reduce((sum, { undelivered }) => sum + undelivered, 0)
  if (topic === undefined || left === 0) return
  throw new PulseError(
    'kafka',
    `the dead-letter topic ${topic} has not acknowledged ${left} rejected rows, expected all; they ` +
      'are kept in the state and sent by the next run: see the log for the cause, and start again',
  )
}

/** The reconciliation as a table; reasons and columns with a count of 0 are left out. */
export function reconciliationText(found: Reconciliation, stateDirectory: string): string {
  const some = (what: string, counts: Record<string, number>): [string, number][] =>
    Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => [`${what}: ${name}`, count])
  const rows: [string, number][] = [
    ['read', found.rows],
    ['applied', found.applied],
    ['duplicate (applied before)', found.duplicate],
    ...(found.excluded === 0 ? [] : [['excluded (cut-over)', found.excluded] as [string, number]]),
    ...some('rejected', found.rejected),
    ...some('coerced', found.coerced),
    ...some('missing', found.missing),
    ['subscribers now', found.subscribers],
  ]
  const lines = [...found.notes.map(plainLine), tableText([['reconciliation', 'rows'], ...rows])]
  if (!found.complete) {
    lines.push('Stopped before the end: run the same command again to continue.')
  } else if (found.applied === 0 && found.duplicate > 0) {
    lines.push(`Nothing was applied: ${stateDirectory} already holds all of these rows.`)
  }
  return lines.join('\n')
}
