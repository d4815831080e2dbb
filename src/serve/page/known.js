// What the data has: a number that depends on a column without any value is never shown as 0.
import { APPLICATIONS, TRAFFIC } from './choices.js'
import { metric } from './metrics.js'
import { TABLES } from './tables.js'

/** @typedef {{ notInData: readonly string[] }} Known a snapshot, or the moment of a look-up */

/**
 * Whether the data has what a metric or feature is computed from.
 * @param {Known} known
 * @param {string} key
 */
export function hasMetric({ notInData }, key) {
  const column = new Map(Object.entries(TABLES.featureColumns)).get(key)
  return column === undefined || !notInData.includes(column)
}

/**
 * Whether the data has traffic of an application.
 * @param {Known} known
 * @param {string} application
 * @param {string} [direction] the key of a direction, or TRAFFIC for any of them
 */
export function hasTraffic({ notInData }, application, direction = TRAFFIC) {
  const column = TABLES.applications.find(({ name }) => name === application)?.column ?? ''
  return TABLES.directions.some(
    ({ key, way }) =>
      (direction === TRAFFIC || direction === key) &&
      !notInData.includes(`${column} ${way} (Bytes)`),
  )
}

/**
 * The applications that the data has traffic of.
 * @param {Known} known
 * @param {string} [direction]
 */
export function knownApplications(known, direction) {
  return APPLICATIONS.filter((name) => hasTraffic(known, name, direction))
}

/**
 * A cell of a table.
 * @param {boolean} isKnown
 * @param {number} value
 * @returns {import('./table.js').Cell}
 */
export function knownCell(isKnown, value) {
  return isKnown ? value : { text: TABLES.notInData }
}

/** A sentence on those that the data has nothing of. @param {readonly string[]} names */
export function absentText(names) {
  return names.length === 0 ? '' : ` Not in the data: ${names.join(', ')}.`
}

/**
 * A sentence on those of some metrics or features that the data has not.
 * @param {Known} known
 * @param {readonly string[]} keys
 */
export function absentMetrics(known, keys) {
  return absentText(keys.filter((key) => !hasMetric(known, key)).map((key) => metric(key).name))
}
