// Metrics and features of the program's table, with the formats of their values.
import { bytes, count, hours, meanCount } from './format.js'
import { TABLES } from './tables.js'

/** @typedef {import('./format.js').Format} Format */
/** @typedef {import('../../snapshot/metrics.ts').MetricField} MetricField */
/** @typedef {import('../../snapshot/metrics.ts').Unit} Unit */
/** @typedef {{ name: string, unit?: string, format: Format, mean: Format,
 *   plot: number }} Shown unit: of the plain number; plot: its divisor on an axis */

const MS_PER_HOUR = 3_600_000

/** @type {Record<Unit, Omit<Shown, 'name'>>} */
const UNITS = {
  count: { format: count, mean: meanCount, plot: 1 },
  ms: { unit: 'ms', format: hours, mean: hours, plot: MS_PER_HOUR },
  bytes: { unit: 'bytes', format: bytes, mean: bytes, plot: 1 },
}

/** The keys of all metrics. */
export const METRICS = TABLES.metrics.map(({ key }) => key)

/** The keys of all features. @type {string[]} */
export const FEATURES = [...METRICS, ...TABLES.ratios.map(({ key }) => key)]

/** The keys of the metrics whose distribution is in the snapshot. */
export const DISTRIBUTIONS = TABLES.metrics.filter((row) => row.distribution).map(({ key }) => key)

const ROWS = new Map(
  [...TABLES.metrics, ...TABLES.ratios].map(({ key, label, unit }) => [
    /** @type {string} */ (key),
    { name: label, ...UNITS[unit] },
  ]),
)

/** Name, unit and formats of a metric or feature; an unknown one is shown by its key. */
export function metric(/** @type {string} */ key) {
  return ROWS.get(key) ?? { name: key, ...UNITS.count }
}

/** Formats a value or a mean of a metric: a mean of counts has digits after the point. */
export function valueOrMean(/** @type {string} */ key) {
  const { format, mean } = metric(key)
  return (/** @type {number} */ value) => (Number.isInteger(value) ? format(value) : mean(value))
}

/** @param {string} key @returns {readonly MetricField[]} */
const fieldsOf = (key) => TABLES.metrics.find((row) => row.key === key)?.fields ?? []

/**
 * A metric from the sums of an hour.
 * @param {Record<MetricField, number>} sums
 * @param {string} key
 */
export function metricIn(sums, key) {
  return fieldsOf(key).reduce((sum, field) => sum + sums[field], 0)
}

/**
 * The values of a feature from values of fields, a list for each field.
 * @param {Record<MetricField, number[]>} lists
 * @param {string} feature
 * @returns {number[]}
 */
export function featureValues(lists, feature) {
  const ratio = TABLES.ratios.find(({ key }) => key === feature)
  if (ratio !== undefined) {
    const per = featureValues(lists, ratio.per)
    return featureValues(lists, ratio.of).map((value, at) => quotient(value, per[at] ?? 0))
  }
  const summed = fieldsOf(feature).map((field) => lists[field])
  return (summed[0] ?? []).map((_, at) => summed.reduce((sum, list) => sum + (list[at] ?? 0), 0))
}

/**
 * The mean of a feature over some subscribers, from their totals; of a ratio that of the totals.
 * @param {Record<string, { mean: number, total: number }>} totals by metric
 * @param {string} feature
 */
export function meanOf(totals, feature) {
  const ratio = TABLES.ratios.find(({ key }) => key === feature)
  if (ratio === undefined) return totals[feature]?.mean ?? 0
  return quotient(totals[ratio.of]?.total ?? 0, totals[ratio.per]?.total ?? 0)
}

/** @param {number} value @param {number} per */
function quotient(value, per) {
  return per > 0 ? value / per : 0
}
