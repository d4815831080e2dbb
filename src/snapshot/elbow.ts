// The elbow: how much each further segment explains, and where that stops being much.
import type { ElbowCurve } from './schema.ts'

/** The curve goes from one segment to this many. */
export const ELBOW_K = 10

/**
 * The k whose point on the curve, both axes brought to [0, 1], lies farthest below the chord from
 * its first to its last point; the smaller of equals. Null when no point lies below the chord, as
 * for a curve that is flat, straight or has fewer than three points. The measure is that of
 * Satopää et al., "Finding a Kneedle in a Haystack", ICDCS Workshops 2011.
 */
export function kneeOf(k: readonly number[], inertia: readonly number[]): number | null {
  const last = k.length - 1
  const fall = inertia[0] - inertia[last]
  if (k.length < 3 || !(fall > 0)) return null
  let knee: number | null = null
  // Rounding alone must not make a knee of a straight line.
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
 * Segments to make for `auto`: the knee; without one 1, because then no number of segments
 * describes the subscribers notably better than the next smaller one.
 */
export function chosenK(k: number | 'auto', knee: number | null): number {
  return k === 'auto' ? (knee ?? 1) : k
}

/** The curve, its knee, what it means. `inertia` is for k = 1, 2, 3 …; none: no subscribers. */
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
  if (knee === null) return 'The curve has no knee: no number of segments stands out.'
  const left = inertia[knee - 1] / inertia[0]
  const next = inertia[knee] / inertia[0]
  return (
    `The curve bends at ${knee} segments: they explain ${percent(1 - left)} of the differences ` +
    `between subscribers, one more would explain only ${percent(left - next)} on top.`
  )
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`
}
