// Follows the rows of each source in order of Start: which of them are in the topic already, and how
// far each source is sent.
import { assert, PulseError } from '../errors.ts'
import { rowsInDoubt } from './errors.ts'
import { addToChecksum, isSame, NOTHING } from './progress.ts'
import type { Progress, Source } from './progress.ts'
import { settledBefore, type History } from './settled.ts'
import type { Values } from './values.ts'

/** What the topic holds of a source when a producer starts. */
export interface Beginning {
  source: Source
  /** Its first rows in order of Start are in the topic, and settled. */
  from: number
  /** The checksum over these rows; null when nothing shows it. */
  checksum: number | null
  /** Rows found in the topic, one bit per row number; null when the topic was not read. */
  marks: Uint8Array | null
  /** Number of marked rows. */
  marked: number
  /** Records from this time on (UTC ms) were read for marks; Infinity for none, 0 for all. */
  sinceMs: number
  /** What is committed now; null for nothing. */
  committed: Progress | null
}

/** The progress of one source that the next transaction commits. */
export interface Step {
  source: Source
  progress: Progress
  /** The progress that it replaces. */
  former: Progress | null
}

/** A place in the order of each source. */
interface Places {
  rows: Float64Array
  checksums: Int32Array
}

/** Follows the rows of all sources of a run. */
export interface Follower {
  /** What the topic held when the run started. */
  initial: readonly Beginning[]
  /** What it holds now: more than that where sending began again. */
  beginnings: readonly Beginning[]
  /** Up to the end of the chunk that was looked at last. */
  seen: Places
  /** Up to the last row that was added or skipped. */
  passed: Places
  /** Marked rows that are still to be passed. */
  marksLeft: Float64Array
  /** The latest progress that was handed out to be committed. */
  handedOut: (Progress | null)[]
  /** By source: what is settled, and what the steps since then have made. */
  history: History[]
  /** Of the rows of the present chunk: place of the row after it, checksum, whether it is sent. */
  next: Float64Array
  checksums: Int32Array
  sent: Uint8Array
  /** By source: rows that this run has added. */
  added: Float64Array
}

/** Whether the topic holds a row: from before this run, or sent by it. */
export const [NOT_SENT, SENT_BEFORE, SENT_BY_THIS_RUN] = [0, 1, 2]

/** Follows from the first row of each source on; `initial` is what the topic held at the start. */
export const createFollower = (
  beginnings: readonly Beginning[],
  initial = beginnings,
): Follower => {
  const places = (): Places => ({
    rows: new Float64Array(beginnings.length),
    checksums: new Int32Array(beginnings.length),
  })
  return {
    initial,
    beginnings,
    seen: places(),
    passed: places(),
    marksLeft: Float64Array.from(beginnings, ({ marked }) => marked),
    handedOut: beginnings.map(({ committed }) => committed),
    history: beginnings.map(({ from, checksum, sinceMs }) => {
      return { settled: { rows: from, checksum, sinceMs }, before: null, last: null }
    }),
    next: new Float64Array(0),
    checksums: new Int32Array(0),
    sent: new Uint8Array(0),
    added: new Float64Array(beginnings.length),
  }
}

/**
 * Looks at the next chunk of rows, in order: fills `sent`.
 *
 * @throws PulseError `kafka` when rows that were sent are now in another order
 * @throws PulseError with a doubt when the topic lacks a row of the committed progress
 */
export function lookAt(follower: Follower, values: Values): void {
  const { beginnings, initial, seen } = follower
  const { count, file, row } = values
  if (follower.sent.length < count) {
    follower.next = new Float64Array(count)
    follower.checksums = new Int32Array(count)
    follower.sent = new Uint8Array(count)
  }
  const { next, checksums, sent } = follower
  for (let i = 0; i < count; i++) {
    const at = file[i]
    const { from, checksum, source, sinceMs, committed } = beginnings[at]
    next[i] = ++seen.rows[at]
    checksums[i] = seen.checksums[at] = addToChecksum(seen.checksums[at], row[i])
    const holds = isIn(beginnings[at], next[i], row[i])
    sent[i] = !holds
      ? NOT_SENT
      : isIn(initial[at], next[i], row[i])
        ? SENT_BEFORE
        : SENT_BY_THIS_RUN
    if (!holds && sinceMs > 0 && next[i] <= (committed?.rows ?? 0)) {
      const what = `the brokers show ${committed?.rows} of its rows as sent, and row ${next[i]}`
      throw rowsInDoubt(source.path, `${what} was not found`, 'all')
    }
    if (next[i] === from && checksum !== null && checksum !== checksums[i]) {
      throw new PulseError(
        'kafka',
        `${source.path}: its first ${from} rows in order of Start are not those that were sent; ` +
          'expected the same options as before, above all those of times',
      )
    }
  }
}

const isIn = ({ from, marks }: Beginning, place: number, row: number): boolean =>
  place <= from || (marks !== null && isMarked(marks, row))

const isMarked = (marks: Uint8Array, row: number): boolean =>
  (marks[row >> 3] & (1 << (row & 7))) !== 0

/** Passes row i of the present chunk: it is added to a batch, or the topic holds it. */
export function pass(follower: Follower, values: Values, i: number): void {
  const { beginnings, passed } = follower
  const at = values.file[i]
  passed.rows[at] = follower.next[i]
  passed.checksums[at] = follower.checksums[i]
  const { marks } = beginnings[at]
  if (follower.sent[i] === NOT_SENT) follower.added[at]++
  if (marks !== null && isMarked(marks, values.row[i])) follower.marksLeft[at]--
}

/**
 * What has changed since the last call: to be committed with the rows that were added since.
 *
 * @param sinceMs when the first of these rows was added (UTC ms)
 */
export function steps(follower: Follower, sinceMs: number): Step[] {
  const { beginnings, passed, marksLeft, handedOut, history, added } = follower
  return beginnings.flatMap(({ source, committed }, at) => {
    const progress: Progress = {
      rows: passed.rows[at],
      checksum: passed.checksums[at],
      whole: marksLeft[at] === 0,
    }
    const former = handedOut[at]
    if (isSame(progress, former ?? NOTHING) && progress.whole === (former ?? NOTHING).whole)
      return []
    // Rows that were skipped are committed already.
    if (committed?.whole === true && added[at] === 0 && progress.rows <= committed.rows) return []
    progress.settled = settledBefore(history[at], { progress, sinceMs })
    handedOut[at] = progress
    return [{ source, progress, former }]
  })
}

/** Once all transactions have ended: the steps that keep their rows as settled. */
export function lastSteps({ beginnings, handedOut }: Follower): Step[] {
  return beginnings.flatMap(({ source }, at) => {
    const former = handedOut[at]
    if (former?.settled === undefined || !former.whole) return []
    const { rows, checksum, whole } = former
    const progress = { rows, checksum, whole }
    handedOut[at] = progress
    return [{ source, progress, former }]
  })
}

/** Asserts that a run that has passed all rows has passed those of each source. */
export function assertAllPassed({ beginnings, passed }: Follower): void {
  beginnings.forEach(({ source }, at) => {
    assert(passed.rows[at] === source.rows, `all rows of source ${at} were passed`)
  })
}
