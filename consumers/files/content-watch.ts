// Watches the files of a run: what is committed of a file was read from one unchanged content.
//
// While a file is read, its stamp is compared before each commit, and its whole content is hashed.
// The hash is stored with the last position at the latest: a file's last commit waits for it.
import { messageOf, PulseError } from '../../src/errors.ts'
import type { Hasher } from '../../src/parquet/identity/content-hash.ts'
import type { SourceInfo } from '../../src/parquet/delivery.ts'
import { changeOf, type FileStamp } from '../../src/record/file-stamp.ts'
import type { SourcePosition } from '../../state/partition-metadata.ts'
import type { Partition } from '../../state/partition.ts'

/** A source that is being read. */
interface OpenSource {
  /** The hash of its whole content; null until it is known. */
  content: string | null
  /** Why it could not be hashed. */
  failure: Error | null
  /** Resolves when one of them is known. */
  hashed: Promise<void>
}

/** The files of a run, and which of them are being read. */
export interface ContentWatch {
  sources: readonly SourceInfo[]
  partitions: readonly Partition[]
  /** By partition, by source. */
  positions: readonly (readonly SourcePosition[])[]
  hasher: Pick<Hasher, 'hash'>
  /** The file at a path as it is now. */
  stampOf: (path: string) => FileStamp | null
  /** By source that is being read. */
  open: Map<number, OpenSource>
  /** By source: rows as of the last commit. */
  committed: number[]
}

/** A watch that watches nothing yet. */
export function createWatch(
  parts: Pick<ContentWatch, 'sources' | 'partitions' | 'positions' | 'hasher' | 'stampOf'>,
): ContentWatch {
  const watch = { ...parts, open: new Map<number, OpenSource>(), committed: [] }
  noteCommit(watch)
  return watch
}

/** Begins to watch and to hash a source that is read from now on. */
export function beginWatch(watch: ContentWatch, place: number): void {
  const { content, stamp } = watch.sources[place]
  const hash = content === null ? watch.hasher.hash(stamp.path, 'gmac') : Promise.resolve(content)
  const source: OpenSource = { content: null, failure: null, hashed: Promise.resolve() }
  source.hashed = hash.then(
    (known) => {
      source.content = known
      // The next commit stores it: a later run can then compare the content.
      for (const of of watch.positions) of[place].content = known
    },
    (error: unknown) => {
      source.failure = error instanceof Error ? error : new Error(messageOf(error))
    },
  )
  watch.open.set(place, source)
}

/**
 * Compares the files that are being read with what was opened; to be called before each commit.
 *
 * @throws PulseError `input-invalid` when a file was replaced, grew, was cut off or written to
 */
export function checkWatched(watch: ContentWatch): void {
  for (const [place, { failure }] of watch.open) {
    checkSource(watch, place)
    if (failure !== null) throw failure
  }
}

function checkSource({ sources, committed, stampOf }: ContentWatch, place: number): void {
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
  [...watch.open].some(
    ([place, { content, failure }]) => content === null && failure === null && isRead(watch, place),
  )

/** Waits for the hashes of the files that were read to their end. */
export async function awaitHashes(watch: ContentWatch): Promise<void> {
  for (const [place, { hashed }] of watch.open) if (isRead(watch, place)) await hashed
}

/**
 * Ends the watch of the files that were read to their end; their last positions, with their hashes,
 * are part of the next commit. To be called right before it, after `checkWatched`.
 */
export function sealRead(watch: ContentWatch): void {
  for (const [place, { content }] of watch.open) {
    if (content === null || !isRead(watch, place)) continue
    const { id, stamp } = watch.sources[place]
    watch.positions.forEach((of, p) => {
      of[place].content = content
      of[place].stamp = stamp
      watch.partitions[p].moved.add(id)
    })
    watch.open.delete(place)
  }
}
