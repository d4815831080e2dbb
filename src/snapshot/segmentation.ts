// Computes segments and elbow from a roster: scale, cluster for each k, settle the chosen k.
import { chosenK, ELBOW_K, elbowOf, kneeOf } from './elbow.ts'
import { featureMatrix } from './features.ts'
import { interpretSegments } from './segment-text.ts'
import { absentFeatureWords, knownMetrics } from './not-in-data.ts'
import type { Crew } from './kmeans/descents.ts'
import { clusterUpTo, createSearch, type Clustering } from './kmeans/kmeans.ts'
import type { Roster } from './roster.ts'
import type { Phase, Segment, Snapshot, SnapshotOptions } from './schema.ts'
import { segmentsOf } from './segments.ts'
import { settle } from './kmeans/settle.ts'
import { buildTree } from './kmeans/tree.ts'

/** The parts of a snapshot that come from k-means. */
export type Segmentation = Pick<Snapshot, 'segments' | 'elbow'>

/**
 * Segments and elbow of the features that the data has; at most as many segments as there are
 * distinct points, hence one without a feature.
 */
export function segmentation(
  roster: Roster,
  notInData: Snapshot['notInData'],
  options: SnapshotOptions,
  onPhase: (phase: Phase) => void,
  crew: Crew | null,
): Segmentation {
  const { scaling } = options
  const features = knownMetrics({ notInData }, options.features)
  const textOf = (found: readonly Segment[]): string =>
    [
      interpretSegments(found, features, roster.subscribers),
      ...absentFeatureWords({ notInData }, options.features),
    ].join(' ')
  onPhase('scale')
  const { points, scales } = featureMatrix(roster, features, scaling)
  // The tree puts the points in an order of its own.
  const order = new Uint32Array(roster.subscribers)
  for (let at = 0; at < order.length; at++) order[at] = at
  const most = Math.max(ELBOW_K, options.k === 'auto' ? 0 : options.k)
  onPhase('elbow')
  const tree = buildTree(points, order, features.length)
  const found = clusterUpTo(createSearch(tree, most, options.seed, crewFor(roster, crew)), most)
  const inertia = elbowInertia(found, roster.subscribers)
  onPhase('kmeans')
  const knee = kneeOf(
    inertia.map((_, at) => at + 1),
    inertia,
  )
  const k = Math.min(chosenK(options.k, knee), found.length)
  const base = {
    features: [...features],
    scaling,
    scale: Object.fromEntries(features.map((feature, axis) => [feature, scales[axis]])),
  }
  if (k === 0) {
    const segments = { ...base, k, inertia: 0, iterations: 0, text: textOf([]), segments: [] }
    return { segments, elbow: elbowOf(inertia) }
  }
  const { centroids, iterations } = found[k - 1]
  const settled = settle(points, features.length, centroids, k, order.length)
  if (k <= ELBOW_K) inertia[k - 1] = settled.inertia
  const segments = segmentsOf(roster, { ...settled, order, centroids, features, scales })
  return {
    segments: {
      ...base,
      k,
      inertia: settled.inertia,
      iterations: iterations + settled.passes,
      text: textOf(segments),
      segments,
    },
    elbow: elbowOf(inertia),
  }
}

/** Sharing the descents over few subscribers costs more than it saves. */
const LEAST_TO_SHARE = 50_000

const crewFor = ({ subscribers }: Roster, crew: Crew | null): Crew | null =>
  subscribers < LEAST_TO_SHARE ? null : crew

/** Inertia for k = 1 to 10: 0 from the number of distinct points on; empty without points. */
function elbowInertia(found: readonly Clustering[], subscribers: number): number[] {
  if (subscribers === 0) return []
  return Array.from({ length: ELBOW_K }, (_, at) => found[at]?.inertia ?? 0)
}
