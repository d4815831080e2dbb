// K-means of all points for k = 1, 2, 3 …: starts on a sketch, then exact descent on all points.
import { seededRandom, type Random } from '../../random.ts'
import {
  createFilters,
  descentsFrom,
  takeStarts,
  waitForAll,
  type Crew,
  type Filters,
  type Place,
} from './descents.ts'
import { addCentroids } from './starts.ts'
import { sketchOf, type Sketch } from './sketch.ts'
import type { Tree } from './tree.ts'

/** One solution: k centroids in scaled space, row by row. */
export interface Clustering {
  k: number
  centroids: Float64Array
  /** Sum of squared distances of all points to their nearest centroid. */
  inertia: number
  /** Steps over all points until convergence. */
  iterations: number
}

/** Points of the sketch, on which starts are compared. */
const SKETCH_POINTS = 1500

/**
 * Per k: fresh starts, starts grown from the solution for k - 1, and swaps tried afterwards. A smaller
 * sketch, on which they cost less, gets up to `MOST_TRIES` times as many.
 */
const FRESH_STARTS = 12
const GROWN_STARTS = 4
const SWAPS = 40
const MOST_TRIES = 8

/**
 * The local optima of the sketch that take TRIAL_STEPS steps on all points, as the first steps show
 * which is best. Up to FINALISTS of them, with an inertia within CLOSE of the least, then continue
 * until they converge.
 */
const SEMIFINALISTS = 8
const TRIAL_STEPS = 3
const FINALISTS = 2
const CLOSE = 1e-3

/** Inertias closer than this belong to the same local optimum. */
const SAME = 1e-9

/** A tree with its sketch and the memory of a search. */
export interface Search {
  tree: Tree
  sketch: Sketch
  filters: Filters
  /** Other threads that share the descents; null for none. */
  crew: Crew | null
  /** The factor of the numbers of starts and swaps. */
  tries: number
  seed: number
}

/** Prepares a search for up to `most` clusters. What it finds does not depend on the crew. */
export function createSearch(
  tree: Tree,
  most: number,
  seed: number,
  crew: Crew | null = null,
): Search {
  const sketch = sketchOf(tree, Math.max(SKETCH_POINTS, 20 * most))
  const trees = { points: tree, sketch: sketch.tree, coarse: sketch.coarse, most }
  crew?.begin(trees)
  return {
    ...{ tree, sketch, crew, filters: createFilters(trees) },
    tries: Math.min(MOST_TRIES, SKETCH_POINTS / Math.max(1, sketch.count)),
    seed,
  }
}

/**
 * The best solution found for `k` clusters, given the one for k - 1, or null for k = 1. There must be
 * k distinct points; with an inertia of 0 for k - 1 there are fewer. Lloyd's algorithm finds the local
 * optimum below its start. Therefore many starts are compared on a small sketch: greedy k-means++, the
 * solution for k - 1 with one more centroid (Likas, Vlassis, Verbeek, "The global k-means clustering
 * algorithm", Pattern Recognition 36, 2003), then random swaps of the best (Fränti, "Efficiency of
 * random swap clustering", J. Big Data 5, 2018). The best few continue on all points. The inertia is
 * never above that for k - 1.
 */
function cluster(search: Search, k: number, previous: Clustering | null): Clustering {
  const random = seededRandom(search.seed + k)
  const starts = sketchSolutions(search, k, previous, random)
  const tried = refine(search, 'points', starts.slice(0, SEMIFINALISTS), TRIAL_STEPS)
  const close = tried.filter(({ inertia }) => inertia <= tried[0].inertia * (1 + CLOSE))
  const best = refine(search, 'points', close.slice(0, FINALISTS))[0]
  if (previous === null || best.inertia <= previous.inertia) return best
  return refine(search, 'points', [grow(search, previous, k, random)])[0]
}

/** Solutions for k = 1 to `most`, or to the number of distinct points if that is smaller. */
export function clusterUpTo(search: Search, most: number): Clustering[] {
  const found: Clustering[] = []
  for (let k = 1; k <= most && search.tree.nodes > 0; k++) {
    const previous = found.at(-1) ?? null
    if (previous?.inertia === 0) break
    found.push(cluster(search, k, previous))
  }
  return found
}

/** Different solutions on the sketch, best first. */
function sketchSolutions(
  search: Search,
  k: number,
  previous: Clustering | null,
  random: Random,
): Clustering[] {
  const starts: Clustering[] = []
  for (let start = 0; start < FRESH_STARTS * search.tries; start++) {
    starts.push(grow(search, null, k, random))
  }
  for (let start = 0; previous !== null && start < GROWN_STARTS; start++) {
    starts.push(grow(search, previous, k, random))
  }
  let found = refine(search, 'sketch', starts)
  for (let swap = 0; k > 1 && swap < SWAPS * search.tries; swap++) {
    const swapped = swapOne(search, found[0], random)
    found = distinct([...found, ...refine(search, 'sketch', [swapped])])
  }
  return found
}

/** Descends from each start, all with the same k; returns the different solutions, best first. */
function refine(
  { filters, crew }: Search,
  place: Place,
  starts: readonly Clustering[],
  limit = Infinity,
): Clustering[] {
  const k = starts.at(0)?.k ?? 0
  const descents = descentsFrom(
    place,
    k,
    starts.map(({ centroids }) => centroids),
    limit,
  )
  if (starts.length > 1) crew?.share(descents)
  takeStarts(filters, descents)
  waitForAll(descents)
  const { centroids, ends } = descents
  const size = centroids.length / starts.length
  return distinct(
    starts.map((_, at) => ({
      k,
      centroids: centroids.slice(at * size, (at + 1) * size),
      inertia: ends[2 * at],
      iterations: ends[2 * at + 1],
    })),
  )
}

/** The solutions best first, without repetitions of the same inertia. */
function distinct(solutions: Clustering[]): Clustering[] {
  return solutions
    .sort((a, b) => a.inertia - b.inertia)
    .filter(({ inertia }, at, all) => at === 0 || inertia > all[at - 1].inertia * (1 + SAME))
}

/** A start of `k` centroids: those of `base`, and the rest drawn. */
function grow(search: Search, base: Clustering | null, k: number, random: Random): Clustering {
  const { dimensions } = search.tree
  const centroids = new Float64Array(k * dimensions)
  if (base !== null) centroids.set(base.centroids)
  addCentroids(search.sketch, dimensions, centroids, base?.k ?? 0, k, random)
  return { k, centroids, inertia: Infinity, iterations: 0 }
}

/** A start in which one centroid, chosen uniformly, is replaced by a drawn one. */
function swapOne(search: Search, from: Clustering, random: Random): Clustering {
  const { dimensions } = search.tree
  const out = Math.floor(random() * from.k)
  const centroids = from.centroids.slice()
  centroids.copyWithin(out * dimensions, (out + 1) * dimensions)
  const base = { ...from, k: from.k - 1, centroids: centroids.subarray(0, -dimensions) }
  return grow(search, base, from.k, random)
}
