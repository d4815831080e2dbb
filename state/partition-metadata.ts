// What a partition stores in addition to aggregates: its stamp, counters and the positions of its sources.
import { REASONS } from '../src/record/batch.ts'
import type { FileStamp } from '../src/record/file-stamp.ts'
import { USED_COLUMNS } from '../src/record/columns.ts'
import type { DecidedUnits, StoredUnits } from '../src/record/source-units.ts'

/**
 * Version of the format on disk; a newer one is refused. A directory of a former format is readable,
 * and its next writer marks it as this one. Format 1 held files only: fields that it lacks read as
 * zero. Formats 1 and 2 name some fields differently: see `former-format.ts`.
 */
export const FORMAT = 4

/** Options that a state directory fixes: with others the same rows would give other numbers. */
export interface Stamp {
  format: number
  partitions: number
  timeZone: string
  missingMsisdn: 'reject' | 'zero'
  /** Absent while no topic has grown. */
  growth?: Growth
}

/** How the topics of a state have grown since it was made. */
export interface Growth {
  /** The number of partitions that the state was made with: a history is divided over these. */
  madeWith: number
  /** By name of a topic: the numbers of partitions that it has had, in order. */
  topics: Readonly<Record<string, readonly number[]>>
}

/** Counters of a partition since its creation, written with every commit. */
export interface Counters {
  /** Number of the last commit, starting at 1; 0 before the first. */
  commit: number
  subscribers: number
  applied: number
  rejected: Record<string, number>
  coerced: Record<string, number>
  missing: Record<string, number>
  /** Rejected rows that are stored; rows beyond the bounds are only counted. */
  rejectedKept: number
  /** Sum of the lengths of their raw texts. */
  rejectedKeptBytes: number
}

/**
 * How far a source was read, and the outcome of its rows. For a topic, where a partition of the state
 * reads the same partition of the topic, next − first = applied + rejected + excluded + skipped.
 */
export interface SourcePosition extends StoredUnits {
  name: string
  /** Number of rows of a file; 0 for a topic, which has no end. */
  rows: number
  /** The next row to read, in `order`: the exclusive end of what was applied. */
  next: number
  kind: 'file' | 'topic'
  /** What `next` counts: rows in file order, rows in order of Start, or offsets of the topic. */
  order: 'file' | 'time' | 'offset'
  /** Needed columns that JSON messages of a topic have named; absent while there were none. */
  jsonColumns?: readonly string[]
  /** The names of a file's columns, as one short text; absent of topics and in former formats. */
  columns?: string
  /** Days by which the times of a file were moved; absent where they were not. */
  shiftDays?: number
  applied: number
  rejected: number
  /** Valid rows that another source covers: before or after a cut-over. */
  excluded: number
  /** The position at which reading began; 0 for a file. */
  first: number
  /**
   * Offsets without a row: transaction markers, aborted or compacted records, accepted gaps, messages
   * of other record types.
   */
  skipped: number
  /** Of these, messages of record types that `--record-type` does not name; absent for none. */
  otherTypes?: number
  /** Offsets from 0 on that the log no longer held when reading began; 0 for a file. */
  notRetained: number
  /** Leader epoch of the last row read from a topic; -1 when unknown. */
  leaderEpoch: number
  /**
   * Hash of a file's whole content in hex digits (SHA-256 of a former version, GMAC); null until it is
   * known, for a topic, and where a former version read the file.
   */
  content: string | null
  /** The file that was read; null for a topic, and where a former version read the file. */
  stamp: FileStamp | null
}

/** The position of a source before its first row. */
export const createPosition = (
  source: Pick<
    SourcePosition,
    'name' | 'kind' | 'rows' | 'order' | 'columns' | 'shiftDays' | keyof DecidedUnits
  >,
  first = 0,
): SourcePosition => ({
  ...source,
  next: first,
  applied: 0,
  rejected: 0,
  excluded: 0,
  first,
  skipped: 0,
  notRetained: 0,
  leaderEpoch: -1,
  content: null,
  stamp: null,
})

/** One rejected row as it is stored. */
export interface RejectedRow {
  source: string
  row: number
  reason: (typeof REASONS)[number]
  /**
   * Row of a file: a JSON array of the used columns' original texts, in the order of USED_COLUMNS.
   * Message of a topic: a JSON object with key and value in base64 (null for none) and timestamp.
   */
  raw: string
  /** Why a message was rejected, without any of its values; absent where the reason is enough. */
  detail?: string
}

/** Counts of 0 by name. */
export const zeros = (names: readonly string[]): Record<string, number> =>
  Object.fromEntries(names.map((name) => [name, 0]))

/** The counters of a partition before its first commit. */
export const createCounters = (): Counters => ({
  commit: 0,
  subscribers: 0,
  applied: 0,
  rejected: zeros(REASONS),
  coerced: zeros(USED_COLUMNS),
  missing: zeros(USED_COLUMNS),
  rejectedKept: 0,
  rejectedKeptBytes: 0,
})
