// What a state knows of the files that it has read, over all of its partitions.
import type { SourcePosition } from './partition-metadata.ts'

/** A file of a state, as `KnownSource` in `src/parquet/identity/identity.ts` describes it. */
export interface KnownFile extends Pick<SourcePosition, 'name' | 'content' | 'stamp' | 'rows'> {
  id: string
  /** Rows read in the partition that has read most. */
  next: number
}

/** The files among the positions of some partitions. */
export function knownFiles(positions: Iterable<readonly [string, SourcePosition]>): KnownFile[] {
  const files = new Map<string, KnownFile>()
  for (const [id, { kind, name, content, stamp, rows, next }] of positions) {
    if (kind !== 'file') continue
    const file = files.get(id) ?? { id, name, content, stamp, rows, next }
    file.content ??= content
    file.stamp ??= stamp
    file.next = Math.max(file.next, next)
    files.set(id, file)
  }
  return [...files.values()]
}
