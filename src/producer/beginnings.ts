// Where sending begins in each source: after what is committed, or after what the topic's records
// show. What neither shows is not guessed.
import { PulseError } from '../errors.ts'
import type { KafkaConnection } from '../kafka/client.ts'
import type { GroupOffset } from '../kafka/transactions.ts'
import type { Beginning } from './follow.ts'
import type { Owners } from './owners.ts'
import { nameOf, progressOf, type Progress, type Source } from './progress.ts'
import { findSent, type SentRows } from './sent-rows.ts'

/** Where sending begins in each source, and what finding it cost. */
export interface Found {
  beginnings: Beginning[]
  /** Records of the topic that were read for it. */
  recordsRead: number
}

/**
 * Finds where sending begins in each source.
 *
 * @param offsets by source: its committed offset
 * @param fromRow rows of the only source, in order of Start, that were sent before, by the
 *   option; null without it
 * @throws PulseError `kafka` when the topic has lost records and nothing shows which rows were sent
 */
export async function findBeginnings(
  connection: KafkaConnection,
  owners: Owners,
  sources: readonly Source[],
  offsets: readonly (GroupOffset | null)[],
  fromRow: number | null,
  onNote: (sentence: string) => void,
): Promise<Found> {
  const { topic } = owners
  const committed = sources.map((source, at) => progressOf(offsets[at], source, topic))
  const open = sources.filter((_, at) => committed[at]?.whole !== true)
  if (fromRow !== null) checkFromRow(sources, committed, fromRow)
  const sent = open.length === 0 ? null : await scan(connection, owners, open, onNote)
  if (sent !== null && fromRow === null) requireAll(owners, open, sent)
  const beginnings = sources.map((source, at): Beginning => {
    const progress = committed[at]
    if (progress?.whole === true) {
      const { rows: from, checksum } = progress
      return { source, from, checksum, marks: null, marked: 0, committed: progress }
    }
    const place = open.indexOf(source)
    const [marks, marked] = [sent?.marks[place] ?? null, sent?.rows[place] ?? 0]
    return { source, from: fromRow ?? 0, checksum: null, marks, marked, committed: progress }
  })
  return { beginnings, recordsRead: sent?.records ?? 0 }
}

function scan(
  connection: KafkaConnection,
  { topic }: Owners,
  open: readonly Source[],
  onNote: (sentence: string) => void,
): Promise<SentRows> {
  return findSent(connection, topic, open, (records, of) => {
    if (of === 0) return
    onNote(
      records === 0
        ? `no committed progress of ${named(open)}: the ${of} offsets of the topic are read`
        : `read ${records} of ${of} records of the topic to find rows already sent`,
    )
  })
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
