// The segment of any row of aggregates: the one whose centre is nearest.
import { squaredDistance } from './kmeans/distance.ts'
import { featureAt } from './lookup.ts'
import { scaled } from './scale.ts'
import type { Snapshot } from './schema.ts'

/** Place of the segment of the row that starts at `offset`, from least engaged; -1 without any. */
export type SegmentFinder = (rows: Float64Array, offset: number) => number

/** Finds as k-means does, in scaled space; of equally near ones the less engaged. */
export function segmentFinder({ features, scale, segments }: Snapshot['segments']): SegmentFinder {
  const dimensions = features.length
  const centres = Float64Array.from(
    segments.flatMap(({ centroidScaled }) => features.map((feature) => centroidScaled[feature])),
  )
  const point = new Float64Array(dimensions)
  return (rows, offset) => {
    for (let axis = 0; axis < dimensions; axis++) {
      const feature = features[axis]
      point[axis] = scaled(featureAt(rows, offset, feature), scale[feature])
    }
    let nearest = -1
    let least = Infinity
    for (let at = 0; at < segments.length; at++) {
      const distance = squaredDistance(point, 0, centres, at * dimensions, dimensions)
      if (distance >= least) continue
      least = distance
      nearest = at
    }
    return nearest
  }
}
