// Descents from several starts, which threads can share: each takes the next start that is left.
import { createFilter, type Filter } from './filter.ts'
import { descend } from './lloyd.ts'
import { sharedCounters, sharedNumbers } from './shared.ts'
import type { Tree } from './tree.ts'

/** Where a descent takes its steps: over all points, or over the sketch. */
export type Place = 'points' | 'sketch'

/** The trees of a search, in memory that threads share. */
export interface Trees {
  points: Tree
  sketch: Tree
  /** See filterStep; for steps over the sketch. */
  coarse: number
  /** The most clusters. */
  most: number
}

/** The memory of one thread for steps over the trees of a search. */
export interface Filters {
  points: Filter
  sketch: Filter
  coarse: number
}

/** Starts with k centroids each, in shared memory: a descent moves the centroids of its start. */
export interface Descents {
  place: Place
  k: number
  /** See descend. */
  limit: number
  /** The number of starts. */
  count: number
  centroids: Float64Array
  /** Inertia and number of steps of each. */
  ends: Float64Array
  /** The next start that is left, the number of those at their end, and 1 when a thread has failed. */
  counters: Int32Array
}

/** Other threads that descend as well. */
export interface Crew {
  /** Gives them the trees of a search. */
  begin(trees: Trees): void
  /** Lets them take starts that are left; does not wait. */
  share(descents: Descents): void
}

const [NEXT, ENDED, FAILED] = [0, 1, 2] as const
/** A thread that ends without its code, as when memory runs out, reports nothing; a descent takes seconds. */
const LONGEST_MS = 600_000

/** The memory of a thread for a search. */
export const createFilters = ({ points, sketch, coarse, most }: Trees): Filters => ({
  points: createFilter(points, most),
  sketch: createFilter(sketch, most),
  coarse,
})

/** Descents from starts with k centroids each. */
export function descentsFrom(
  place: Place,
  k: number,
  starts: readonly Float64Array[],
  limit: number,
): Descents {
  const count = starts.length
  const size = starts.at(0)?.length ?? 0
  const centroids = sharedNumbers(count * size)
  starts.forEach((start, at) => centroids.set(start, at * size))
  const [ends, counters] = [sharedNumbers(2 * count), sharedCounters(3)]
  return { place, k, limit, count, centroids, ends, counters }
}

/** Descends from the starts that are left, until none is. */
export function takeStarts(filters: Filters, descents: Descents): void {
  const { place, k, limit, count, centroids, ends, counters } = descents
  const size = centroids.length / count
  const coarse = place === 'points' ? 0 : filters.coarse
  for (let at = 0; (at = Atomics.add(counters, NEXT, 1)) < count;) {
    const own = centroids.subarray(at * size, (at + 1) * size)
    const { inertia, iterations } = descend(filters[place], own, k, coarse, limit)
    ends.set([inertia, iterations], 2 * at)
    Atomics.add(counters, ENDED, 1)
    Atomics.notify(counters, ENDED)
  }
}

/** As `takeStarts`, in another thread than the one that waits: it learns of a failure. */
export function takeStartsFor(filters: Filters, descents: Descents): void {
  try {
    takeStarts(filters, descents)
  } catch (error) {
    Atomics.store(descents.counters, FAILED, 1)
    Atomics.add(descents.counters, ENDED, descents.count)
    Atomics.notify(descents.counters, ENDED)
    throw error
  }
}

/**
 * Waits for the starts that other threads have taken.
 *
 * @param longestMs for one of them
 * @throws Error when one of them has failed, or does not end
 */
export function waitForAll({ count, counters }: Descents, longestMs = LONGEST_MS): void {
  for (let ended = 0; (ended = Atomics.load(counters, ENDED)) < count;) {
    if (Atomics.wait(counters, ENDED, ended, longestMs) === 'timed-out') {
      throw new Error(`a thread of the snapshot has not answered for ${longestMs / 1000} seconds`)
    }
  }
  if (Atomics.load(counters, FAILED) !== 0) throw new Error('a thread of the snapshot has failed')
}
