// Watches the files of a run: what is committed of a file was read from one unchanged content.
//
// While a file is read, its stamp is compared before each commit, and its whole content is hashed.
// The hash is stored with the last position at the latest: a file's last commit waits for it.
import { PulseError } from '../../src/errors.ts'
import type { Hasher } from '../../src/parquet/content-hash.ts'
import type { SourceInfo } from '../../src/parquet/delivery.ts'
import { stampOf } from '../../src/parquet/fingerprint.ts'
import { changeOf } from '../../src/record/file-stamp.ts'
import type { SourcePosition } from '../../state/partition-metadata.ts'
import type { Partition } from '../../state/partition.ts'

/** The files of a run, and which of them are being read. */
export interface ContentWatch {
  sources: readonly SourceInfo[]
  partitions: readonly Partition[]
  /** By partition, by source. */
  positions: readonly (readonly SourcePosition[])[]
  hasher: Hasher
  /** By source that is being read: its hash. */
  open: Map<number, Promise<string>>
  /** By source: rows as of the last commit. */
  committed: number[]
}

/** A watch that watches nothing yet. */
export function createWatch(
  parts: Pick<ContentWatch, 'sources' | 'partitions' | 'positions' | 'hasher'>,
): ContentWatch {
  const watch = { ...parts, open: new Map<number, Promise<string>>(), committed: [] }
  noteCommit(watch)
  return watch
}

/** Begins to watch and to hash a source that is read from now on. */
export function beginWatch(watch: ContentWatch, place: number): void {
  const { content, stamp } = watch.sources[place]
  const hash = content === null ? watch.hasher.hash(stamp.path) : Promise.resolve(content)
  // As soon as it is known the next commit stores it: a later run can then compare the content.
  const stored = hash.then((known) => {
    for (const of of watch.positions) of[place].content = known
    return known
  })
  // It may fail while the file is read; sealing awaits it.
  stored.catch(() => undefined)
  watch.open.set(place, stored)
}

/**
 * Compares the files that are being read with what was opened; to be called before each commit.
 *
 * @throws PulseError `input-invalid` when a file was replaced, grew, was cut off or written to
 */
export function checkWatched(watch: ContentWatch): void {
  for (const place of watch.open.keys()) checkSource(watch, place)
}

function checkSource({ sources, committed }: ContentWatch, place: number): void {
  const { stamp } = sources[place]
  const change = changeOf(stamp, stampOf(stamp.path))
  if (change === null) return
  throw new PulseError(
    'input-invalid',
    `${stamp.path}: the file ${change} while it was read; the first ${committed[place]} rows of ` +
      'its former content are applied; expected a file that nobody writes to: restore the former ' +
      'file and run again to finish it, or replay all files into a new directory',
  )
}

/** Notes that what was applied is durable now. */
export function noteCommit(watch: ContentWatch): void {
  watch.committed = watch.sources.map((_, place) => rowsRead(watch, place))
}

const rowsRead = ({ positions }: ContentWatch, place: number): number =>
  Math.max(...positions.map((of) => of[place].next))

const isRead = (watch: ContentWatch, place: number): boolean =>
  rowsRead(watch, place) >= watch.sources[place].rows

/** True while the last position of a file waits for its hash: it is not to be committed yet. */
export const isSealing = (watch: ContentWatch): boolean =>
  [...watch.open.keys()].some((place) => isRead(watch, place))

/**
 * Ends the watch of the files that were read to their end: stores their hashes in their positions.
 *
 * @throws PulseError `input-invalid` when a file has changed, or could not be hashed
 */
export async function sealRead(watch: ContentWatch): Promise<void> {
  for (const [place, hash] of watch.open) {
    if (!isRead(watch, place)) continue
    const content = await hash.catch((error: unknown) => {
      checkSource(watch, place)
      throw error
    })
    checkSource(watch, place)
    const { id, stamp } = watch.sources[place]
    watch.positions.forEach((of, p) => {
      of[place].content = content
      of[place].stamp = stamp
      watch.partitions[p].moved.add(id)
    })
    watch.open.delete(place)
  }
}
