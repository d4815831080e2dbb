// How the partitions of a member are divided over its ingest threads.
//
// The first thread is the member of the group. Until the units and columns of all topics are decided it
// reads all partitions, so that they are decided once, on the rows of all. Then it gives the other
// threads their partitions, for good.

/** The division of a member's partitions, as one of its threads knows it. */
export interface ReadingThreads {
  /** This thread; 0 for the first. Another one is assigned its own partitions only. */
  index: number
  /** Number of threads. */
  count: number
  /** The other threads have their partitions. */
  divided: boolean
  /** The last assignment, and the part of it that the first thread reads. */
  last: { assigned: readonly number[] | null; divided: boolean; own: readonly number[] | null }
}

/** A division over `count` threads: this one reads all that is assigned to it so far. */
export const undivided = (index: number, count: number): ReadingThreads => ({
  index,
  count,
  divided: false,
  last: { assigned: null, divided: false, own: null },
})

/** The thread that reads a partition, 0 for the first. */
export const threadOf = (partition: number, { count }: Pick<ReadingThreads, 'count'>): number =>
  partition % count

/** What the first thread reads of an assignment; the same array until either changes. */
export function ownPart(
  threads: ReadingThreads,
  assigned: readonly number[] | null,
): readonly number[] | null {
  const { last, divided } = threads
  if (last.assigned === assigned && last.divided === divided) return last.own
  const own =
    assigned === null || !divided
      ? assigned
      : assigned.filter((partition) => threadOf(partition, threads) === 0)
  threads.last = { assigned, divided, own }
  return own
}
