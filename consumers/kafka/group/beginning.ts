// Where a group began to read a partition: carried in the metadata of its committed offsets, so
// that a member without the state knows which rows the group has read before.

/** Where reading of a partition began. */
export interface Beginning {
  /** Key of the topic: a topic that was recreated under its name is another one. */
  source: string
  /** The first offset that was read. */
  first: number
  /** Cut-over of the history that was applied before (UTC ms); null without a history. */
  cutoverMs: number | null
}

/** A committed offset, and where reading began; null for a commit without such metadata. */
export interface CommittedOffset {
  offset: number
  beginning: Beginning | null
}

const VERSION = 'xdr-pulse/1'
/** A later version may add fields at the end. */
const PATTERN = /^xdr-pulse\/\d+ first=(\d+) topic=([0-9a-f]{32})(?: cutover=(-?\d+))?/

/** Encodes a beginning as metadata. A negative offset is one that a truncated log had before 0. */
export function encodeBeginning({ source, first, cutoverMs }: Beginning): string {
  const cutover = cutoverMs === null ? '' : ` cutover=${cutoverMs}`
  return `${VERSION} first=${Math.max(0, first)} topic=${source}${cutover}`
}

/** Decodes metadata; null for that of former versions and of other programs. */
export function decodeBeginning(metadata: string | null): Beginning | null {
  const found = PATTERN.exec(metadata ?? '')
  if (found === null) return null
  const [, first, source] = found
  const cutover = found.at(3)
  return {
    source,
    first: Number(first),
    cutoverMs: cutover === undefined ? null : Number(cutover),
  }
}
