// Ranks of any aggregate among the subscribers of a roster, without a pass over all of them.
import { featureRow, METRIC_PLACES, METRICS, sumAt } from './metrics.ts'
import { fineBin, FINE_BINS, wordsOf } from './quantile.ts'
import { firstFrom, type Roster } from './roster.ts'
import { featureColumn } from './features.ts'
import { precedes } from './top.ts'
import { FIELD } from '../subscriber/aggregate.ts'

/** The places of a roster by bins of one metric. */
interface Binned {
  /** Their sum is the metric. */
  columns: readonly Float64Array[]
  /** By bin: where its places begin; at the end their number. */
  starts: Uint32Array
  /** Places of the roster: those of a bin together, ascending. */
  places: Uint32Array
  /** By bin: 1 when its values differ. */
  differs: Uint8Array
}

/** The places of a roster by each of METRICS; 20 bytes per subscriber. */
export interface RankIndex {
  roster: Roster
  metrics: readonly Binned[]
}

/** The rank in each of METRICS, 1 for the largest value, and how many subscribers are ranked. */
export interface Ranking {
  ranks: readonly number[]
  subscribers: number
}

/** Two passes per metric: one counts the values of each bin, the other places them. */
export function indexRanks(roster: Roster): RankIndex {
  const metrics = METRICS.map((metric): Binned => {
    const columns = featureRow(metric).fields.map((field) => roster.columns[field])
    const values = featureColumn(roster, metric)
    const words = wordsOf(values)
    const starts = new Uint32Array(FINE_BINS + 1)
    for (let at = 0; at < roster.subscribers; at++) starts[fineBin(words, at) + 1]++
    for (let bin = 0; bin < FINE_BINS; bin++) starts[bin + 1] += starts[bin]
    const next = starts.slice()
    const places = new Uint32Array(roster.subscribers)
    const differs = new Uint8Array(FINE_BINS)
    for (let at = 0; at < roster.subscribers; at++) {
      const bin = fineBin(words, at)
      places[next[bin]++] = at
      if (values[at] !== values[places[starts[bin]]]) differs[bin] = 1
    }
    return { columns, starts, places, differs }
  })
  return { roster, metrics }
}

/**
 * The ranks of a row among the subscribers of the roster, in which it replaces its former self at the
 * place `own`; -1 for a subscriber that the roster does not have.
 */
export function ranksOf(index: RankIndex, row: Float64Array, own: number): Ranking {
  const { roster, metrics } = index
  const msisdn = row[FIELD.msisdn]
  // Subscribers of a smaller MSISDN, which precede this one at equal values.
  const smaller = firstFrom(roster, msisdn)
  const ranks = metrics.map((binned, metric) => {
    const value = sumAt(row, 0, METRIC_PLACES[metric])
    const before = countBefore(binned, value, smaller)
    const former = own < 0 ? 0 : valueAt(binned.columns, own)
    const isCounted = own >= 0 && precedes(former, msisdn, value, msisdn)
    return 1 + before - (isCounted ? 1 : 0)
  })
  return { ranks, subscribers: roster.subscribers + (own < 0 ? 1 : 0) }
}

/** The number of places with a larger value, and of those below `smaller` with an equal one. */
function countBefore(binned: Binned, value: number, smaller: number): number {
  const { columns, starts, places, differs } = binned
  const bin = fineBin(wordsOf(Float64Array.of(value)), 0)
  const [first, end] = [starts[bin], starts[bin + 1]]
  let before = places.length - end
  if (first < end && differs[bin] === 0) {
    const all = valueAt(columns, places[first])
    if (all > value) return before + end - first
    return all < value ? before : before + firstAtLeast(places, first, end, smaller) - first
  }
  for (let at = first; at < end; at++) {
    const each = valueAt(columns, places[at])
    if (each > value || (each === value && places[at] < smaller)) before++
  }
  return before
}

/** The first of the ascending numbers from `first` to `end` that is at least `least`; else `end`. */
function firstAtLeast(ascending: Uint32Array, first: number, end: number, least: number): number {
  let [below, above] = [first - 1, end]
  while (above - below > 1) {
    const middle = (below + above) >>> 1
    if (ascending[middle] < least) below = middle
    else above = middle
  }
  return above
}

function valueAt(columns: readonly Float64Array[], place: number): number {
  let sum = 0
  for (let i = 0; i < columns.length; i++) sum += columns[i][place]
  return sum
}
