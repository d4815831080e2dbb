// The port between sources and ingest: rows, and for each of them where it stands in its source.
import type { RawRows } from '../record/batch.ts'
import type { SourceNote } from '../record/duration-unit.ts'

/** A source of rows: for now a Parquet file. */
export interface SourceInfo extends SourceNote {
  /** Identity that positions belong to. */
  id: string
  rows: number
  bytes: number
}

/** Some rows of a run, from one source or several. */
export interface Delivery {
  rows: RawRows
  /** Place in the run's list of sources, by row. */
  source: (i: number) => number
  /** Place in the order in which its source is read, by row: what positions count. */
  ordinal: (i: number) => number
  /** Row number in the source, by row. */
  rowNumber: (i: number) => number
  /** Event time, by row, NaN where unknown; null when rows are not in order of time. */
  eventTimeMs: Float64Array | null
}
