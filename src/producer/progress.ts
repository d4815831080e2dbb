// The progress of a producer, as it is kept in Kafka: one committed offset per source and topic.
//
// The group and the transactional id of a source in a topic have one name. The offset is that of the
// topic's partition 0, and is a number of rows: the first rows of the source, in order of Start, that
// are in the topic. It is committed in the transaction that writes the last of them.
import { PulseError } from '../errors.ts'
import type { GroupOffset } from '../kafka/transactions.ts'
import type { Topic } from './topic.ts'

/** The beginning of the names of all groups and transactional ids of producers. */
export const NAME_PREFIX = 'xdr-pulse-produce.'

/** A file that is sent. */
export interface Source {
  path: string
  /** Identity of its content. */
  id: string
  /** The id under which a former version sent its rows. */
  formerId: string
  rows: number
  /** How its values are read: rows that were sent are not read again in another way. */
  reading: Readonly<Record<string, unknown>>
}

/** How far a source is sent. */
export interface Progress {
  /** Its first rows in order of Start that are in the topic. */
  rows: number
  /** Over the numbers of these rows: shows whether their order is still the same. */
  checksum: number
  /** False while rows after these are in the topic as well: only its records show which. */
  whole: boolean
  /** Absent when all of its rows are settled. */
  settled?: Settled
}

/**
 * The rows of a progress whose transactions have ended long ago. Brokers that stop can lose the end of
 * a transaction that they have confirmed; the topic's records show which of the other rows it has.
 */
export interface Settled {
  rows: number
  /** As that of a progress; null when nothing shows it. */
  checksum: number | null
  /** Rows after these were sent from this time on (UTC ms). */
  sinceMs: number
}

/** The progress of no rows. */
export const NOTHING: Progress = { rows: 0, checksum: 0, whole: true }

/** True for the same progress. */
export const isSame = (a: Progress | null, b: Progress | null): boolean =>
  a === b || (a !== null && b !== null && a.rows === b.rows && a.checksum === b.checksum)

/** Continues the checksum (FNV-1a over whole numbers) with the number of the next row. */
export const addToChecksum = (checksum: number, row: number): number =>
  Math.imul(checksum ^ row, 0x01000193)

/** The name of a source's group and of its transactional id. */
export const nameOf = ({ id }: Pick<Source, 'id'>, { name }: Pick<Topic, 'name'>): string =>
  `${NAME_PREFIX}${name}.${id}`

/** The committed offset that keeps a progress. */
export const offsetOf = (source: Source, topic: Topic, progress: Progress): GroupOffset => {
  const { checksum, whole, settled } = progress
  const { rows: of, reading } = source
  const metadata = JSON.stringify({ topic: topic.id, of, checksum, whole, settled, reading })
  return {
    group: nameOf(source, topic),
    topic: topic.name,
    partition: 0,
    offset: progress.rows,
    metadata,
  }
}

/**
 * The progress that a committed offset keeps; null for none, and for one of a deleted topic.
 *
 * @throws PulseError `kafka` when the offset is not one of this source, or its rows were read otherwise
 */
export function progressOf(
  found: GroupOffset | null,
  source: Source,
  topic: Topic,
): Progress | null {
  if (found === null) return null
  const kept = parse(found.metadata)
  if (kept !== null && kept.topic !== topic.id) return null
  if (kept === null || kept.of !== source.rows || found.offset > source.rows) {
    throw new PulseError(
      'kafka',
      `${source.path}: the committed offset ${found.offset} of group "${found.group}" is not the ` +
        `progress of this file (expected at most ${source.rows}, with the text that "produce" ` +
        'writes); another program has set it: delete the group, and run the same command again',
    )
  }
  for (const [name, value] of Object.entries(kept.reading)) {
    const [before, now] = [JSON.stringify(value), JSON.stringify(source.reading[name])]
    // A former version did not know it.
    if (source.reading[name] === undefined || now === before) continue
    throw new PulseError(
      'kafka',
      `${source.path}: its first ${found.offset} rows were sent with ${name} ${before} (now: ` +
        `${now}), expected the same; give the same options as before`,
    )
  }
  const { checksum, whole, settled } = kept
  return { rows: found.offset, checksum, whole, ...(settled === undefined ? {} : { settled }) }
}

/** How the values were read of the rows that a committed offset counts; null for no such offset. */
export function keptReading(found: GroupOffset | null, topic: Topic): Source['reading'] | null {
  const kept = found === null ? null : parse(found.metadata)
  return kept?.topic === topic.id ? kept.reading : null
}

interface Kept {
  topic: string
  of: number
  checksum: number
  whole: boolean
  settled?: Settled | undefined
  reading: Record<string, unknown>
}

function parse(text: string): Kept | null {
  try {
    const { topic, of, checksum, whole, settled, reading } = JSON.parse(text) as Partial<Kept>
    if (topic === undefined || of === undefined || checksum === undefined) return null
    return { topic, of, checksum, whole: whole === true, settled, reading: reading ?? {} }
  } catch {
    return null
  }
}
