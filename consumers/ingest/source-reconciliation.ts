// The reconciliation of a source, as a consumer reports it at its end.

/** All rows ever read from a source: read = applied + rejected + excluded + gap. */
export interface SourceReconciliation {
  name: string
  kind: 'file' | 'topic'
  read: number
  applied: number
  /** Rows that belong to the other side of a cut-over. */
  excluded: number
  rejected: number
  /** Offsets of the topic that were lost before reading began here; not part of `read`. */
  notRetained: number
  /** Offsets without a row: markers, aborted or compacted records, accepted gaps, other types. */
  skipped: number
  /** Of these, messages of record types that are not read. */
  otherTypes: number
  /** Rejected rows that wait in the outbox: the dead-letter topic has not acknowledged them. */
  undelivered: number
  /** 0; anything else is an internal error. */
  gap: number
}
