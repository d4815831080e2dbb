// Where sending begins in each source: after what is committed, or after what the topic's records
// show. What neither shows is not guessed.
import { PulseError } from '../errors.ts'
import type { KafkaConnection } from '../kafka/client.ts'
import type { GroupOffset } from '../kafka/transactions.ts'
import type { Beginning } from './follow.ts'
import type { Owners } from './owners.ts'
import { nameOf, progressOf, type Progress, type Settled, type Source } from './progress.ts'
import { findSent, type SentRows } from './sent-rows.ts'

/** Where sending begins in each source, and what finding it cost. */
export interface Found {
  beginnings: Beginning[]
  /** Records of the topic that were read for it. */
  recordsRead: number
}

/** What is known before the topic is read. */
export interface Known {
  sources: readonly Source[]
  /** By source: its committed offset. */
  offsets: readonly (GroupOffset | null)[]
  /**
   * Rows of the only source, in order of Start, that were sent before, by the option; null without it.
   */
  fromRow: number | null
  /** Reads all records for rows that are not settled, not only the latest ones. */
  all: boolean
}

/**
 * Finds where sending begins in each source.
 *
 * Of a committed progress only the settled rows count without a look at the topic: it is read since
 * the first transaction that could have lost its end.
 *
 * @throws PulseError `kafka` when the topic has lost records and nothing shows which rows were sent
 */
export async function findBeginnings(
  connection: KafkaConnection,
  owners: Owners,
  { sources, offsets, fromRow, all }: Known,
  onNote: (sentence: string) => void,
): Promise<Found> {
  const { topic } = owners
  const committed = sources.map((source, at) => progressOf(offsets[at], source, topic))
  const open = sources.filter((_, at) => committed[at]?.whole !== true)
  if (fromRow !== null) checkFromRow(sources, committed, fromRow)
  const unsettled = sources.filter((_, at) => settledOf(committed[at]) !== null)
  const wanted = [...open, ...unsettled]
  const since = committed.map((one) => settledOf(one)?.sinceMs ?? Infinity)
  const sinceMs = open.length > 0 || all ? 0 : Math.min(...since)
  const sent =
    wanted.length === 0
      ? null
      : await findSent(connection, topic, wanted, sinceMs, noteReading(open, onNote))
  if (sent !== null && open.length > 0 && fromRow === null) requireAll(owners, open, sent)
  const beginnings = sources.map((source, at): Beginning => {
    const progress = committed[at]
    const place = wanted.indexOf(source)
    const [marks, marked] = [sent?.marks[place] ?? null, sent?.rows[place] ?? 0]
    if (progress?.whole !== true) {
      const [from, checksum] = [fromRow ?? 0, null]
      return { source, from, checksum, marks, marked, sinceMs: 0, committed: progress }
    }
    const settled = settledOf(progress)
    if (settled !== null && sent !== null && (sent.complete || all)) {
      const { rows: from, checksum } = settled
      return { source, from, checksum, marks, marked, sinceMs, committed: progress }
    }
    // Rows that may be deleted cannot be looked for: the committed progress counts.
    const { rows: from, checksum } = progress
    const none = { marks: null, marked: 0, sinceMs: Infinity }
    return { source, from, checksum, ...none, committed: progress }
  })
  return { beginnings, recordsRead: sent?.records ?? 0 }
}

/** What is settled of a progress; null where all of it is, and for a progress that is not whole. */
const settledOf = (progress: Progress | null): Settled | null =>
  progress?.whole === true ? (progress.settled ?? null) : null

/** The reading of the latest records takes moments: that of all is reported. */
const noteReading =
  (open: readonly Source[], onNote: (sentence: string) => void) =>
  (records: number, of: number): void => {
    if (of === 0 || (records === 0 && open.length === 0)) return
    onNote(
      records === 0
        ? `no committed progress of ${named(open)}: the ${of} offsets of the topic are read`
        : `read ${records} of ${of} records of the topic to find rows already sent`,
    )
  }

/** Refuses sources whose rows may have been among the records that the topic has lost. */
function requireAll(owners: Owners, open: readonly Source[], sent: SentRows): void {
  const partition = sent.starts.findIndex((start) => start > 0)
  const at = open.findIndex(({ rows }, place) => sent.rows[place] < rows)
  if (partition === -1 || at === -1) return
  const { name } = owners.topic
  const others = open.filter(({ rows }, place) => sent.rows[place] < rows).length - 1
  const more = others === 0 ? '' : ` (and ${others} other files)`
  throw new PulseError(
    'kafka',
    `${open[at].path}${more}: topic "${name}" holds ${sent.rows[at]} of its ${open[at].rows} rows, ` +
      `partition ${partition} begins at offset ${sent.starts[partition]}, and group ` +
      `"${nameOf(open[at], owners.topic)}" has no progress: rows may have been sent, consumed and ` +
      'deleted. Expected a topic that still has all its records, or a progress. If no row was sent ' +
      'before, add --from-row 0; if the first N rows in order of Start were sent, --from-row N',
  )
}

function checkFromRow(
  sources: readonly Source[],
  committed: readonly (Progress | null)[],
  fromRow: number,
): void {
  const fail = (found: string, remedy: string): PulseError =>
    new PulseError('usage', `--from-row ${fromRow}: ${found}; ${remedy}`)
  if (fromRow === 0) return
  if (sources.length !== 1) {
    throw fail(`there are ${sources.length} files`, 'expected one file, or --from-row 0')
  }
  const [{ path, rows }] = sources
  if (fromRow > rows) throw fail(`${path} has ${rows} rows`, `expected at most ${rows}`)
  const sent = committed[0]
  if (sent?.whole === true && sent.rows < fromRow) {
    throw fail(
      `the committed progress of ${path} is ${sent.rows} rows`,
      'leave the option out to continue there',
    )
  }
}

const named = (sources: readonly Source[]): string =>
  sources.length === 1 ? sources[0].path : `${sources.length} files`
