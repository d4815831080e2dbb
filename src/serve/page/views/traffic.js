// Traffic of one application or all, in a direction, and how it relates to the totals.
import { ALL, APPLICATIONS, TRAFFIC } from '../choices.js'
import { bytes } from '../format.js'
import { metric } from '../metrics.js'
import { hasTraffic, knownApplications, knownCell } from '../known.js'
import { TABLES } from '../tables.js'

/** @typedef {import('../../../snapshot/schema.ts').Hour} Hour */
/** @typedef {{ applications: readonly { downlinkBytes: number, uplinkBytes: number }[] }} Carried
 *   applications: in the order of APPLICATIONS */
/** @typedef {Carried & { downlinkBytes: number, uplinkBytes: number, trafficBytes: number }} Whole
 *   a snapshot, or an aggregate */

/** The name of the hour of records without a readable Start. */
export const UNKNOWN = 'not readable'

/** Hours with a time, earliest first. @param {readonly Hour[]} hours */
export function known(hours) {
  return hours
    .filter(({ startMs }) => startMs !== null)
    .sort((a, b) => (a.startMs ?? 0) - (b.startMs ?? 0))
}

/**
 * Bytes of an application, or of all, in an hour, of a subscriber or of all subscribers.
 * @param {Carried | undefined} carried
 * @param {string} application
 * @param {string} direction the key of a direction, or TRAFFIC for the sum of them
 * @returns {number}
 */
export function trafficIn(carried, application, direction) {
  if (carried === undefined) return 0
  if (application === ALL) {
    return APPLICATIONS.reduce((sum, name) => sum + trafficIn(carried, name, direction), 0)
  }
  const found = carried.applications[APPLICATIONS.indexOf(application)]
  if (found === undefined) return 0
  return TABLES.directions
    .filter(({ key }) => direction === TRAFFIC || direction === key)
    .reduce((sum, { key }) => sum + found[key], 0)
}

/**
 * Download and upload of an application as cells of a table, where the data has them.
 * @param {import('../known.js').Known} known
 * @param {{ name: string, downlinkBytes: number, uplinkBytes: number }} application
 */
export function directionCells(known, application) {
  return TABLES.directions.map(({ key }) =>
    knownCell(hasTraffic(known, application.name, key), application[key]),
  )
}

/**
 * Download and upload of an application for a tooltip, where the data has them.
 * @param {import('../known.js').Known} known
 * @param {{ name: string, downlinkBytes: number, uplinkBytes: number }} application
 * @returns {[string, string][]}
 */
export function directionRows(known, application) {
  return TABLES.directions.map(({ key }) => [
    metric(key).name,
    hasTraffic(known, application.name, key) ? bytes(application[key]) : TABLES.notInData,
  ])
}

/**
 * The columns that traffic of applications is summed from, as it differs from the totals.
 * @param {import('../known.js').Known} known
 * @param {Whole} whole
 * @param {string} [direction]
 */
export function measureText(known, whole, direction = TRAFFIC) {
  const key = /** @type {'trafficBytes' | 'downlinkBytes' | 'uplinkBytes'} */ (direction)
  const isKnown = knownApplications(known, direction).length > 0
  const sum = isKnown ? bytes(trafficIn(whole, ALL, key)) : TABLES.notInData
  return (
    `Sum of the application columns: ${sum}; ` + `sum of the Total columns: ${bytes(whole[key])}.`
  )
}
