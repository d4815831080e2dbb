// The interface between sources and ingest: rows, each with its position in its source.
import type { RawRows } from '../record/batch.ts'
import type { FileStamp } from '../record/file-stamp.ts'
import type { SourceNote } from '../record/source-units.ts'

/** A source of rows: a Parquet file. */
export interface SourceInfo extends SourceNote {
  /** The identity under which positions are stored. */
  id: string
  rows: number
  bytes: number
  /** The names of its columns, as one short text. */
  columns: string
  /** Days by which its times are moved; absent where they are not. */
  shiftDays?: number
  /** The file as it was opened. */
  stamp: FileStamp
  /** Hash of its whole content in hex digits; null where it is hashed beside the reading. */
  content: string | null
}

/** A chunk of a run's rows, from one or more sources. */
export interface Delivery {
  rows: RawRows
  /** Index into the run's list of sources, by row. */
  source: (i: number) => number
  /** By row: its number in the order in which the source is read, which positions count. */
  ordinal: (i: number) => number
  /** Row number in the source, by row. */
  rowNumber: (i: number) => number
  /** True for a row that is a malformed line; null where there is none. */
  isMalformed: ((i: number) => boolean) | null
  /** Event time in UTC ms by row, NaN when unknown; null when rows are not in order of time. */
  eventTimeMs: Float64Array | null
}
