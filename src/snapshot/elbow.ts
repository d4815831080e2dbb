// The elbow: the inertia by the number of segments, and its knee.
import type { ElbowCurve } from './schema.ts'

/** The largest number of segments of the curve. */
export const ELBOW_K = 10

/**
 * The k whose point on the curve, both axes scaled to [0, 1], is farthest below the chord from the
 * first to the last point; of equally far ones the smaller. Null when no point is below the chord, as
 * for a flat or straight curve and for fewer than three points. The measure is that of Satopää et al.,
 * "Finding a Kneedle in a Haystack", ICDCS Workshops 2011.
 */
export function kneeOf(k: readonly number[], inertia: readonly number[]): number | null {
  const last = k.length - 1
  const fall = inertia[0] - inertia[last]
  if (k.length < 3 || !(fall > 0)) return null
  let knee: number | null = null
  // Rounding must not create a knee on a straight line.
  let farthest = 1e-9
  for (let at = 1; at < last; at++) {
    const across = (k[at] - k[0]) / (k[last] - k[0])
    const down = (inertia[0] - inertia[at]) / fall
    if (down - across > farthest) {
      farthest = down - across
      knee = k[at]
    }
  }
  return knee
}

/**
 * The number of segments; for `auto` the knee. Without a knee it is 1, as no number of segments
 * explains notably more than the next smaller one.
 */
export function chosenK(k: number | 'auto', knee: number | null): number {
  return k === 'auto' ? (knee ?? 1) : k
}

/** The curve with knee and text. `inertia` is for k = 1, 2, 3 …; empty without subscribers. */
export function elbowOf(inertia: readonly number[]): ElbowCurve {
  const k = inertia.map((_, at) => at + 1)
  const knee = kneeOf(k, inertia)
  return { k, inertia: [...inertia], knee, text: elbowText(inertia, knee) }
}

function elbowText(inertia: readonly number[], knee: number | null): string {
  if (inertia.length === 0) return 'No subscribers yet, so there is no curve.'
  if (!(inertia[0] > 0)) {
    return 'All subscribers are alike in these features: one segment describes them exactly.'
  }
  if (knee === null) return 'The curve has no knee: no number of segments is clearly better.'
  const left = inertia[knee - 1] / inertia[0]
  const next = inertia[knee] / inertia[0]
  return (
    `The curve bends at ${knee} segments: they explain ${percent(1 - left)} of the differences ` +
    `between subscribers, one more would add only ${percent(left - next)}.`
  )
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`
}
