// What applications carried, one or all of them, in a chosen direction; and that totals are others.
import { ALL, APPLICATIONS } from '../choices.js'
import { bytes } from '../format.js'

/** @typedef {import('../../../snapshot/schema.ts').Hour} Hour */
/** @typedef {{ applications: readonly { downlinkBytes: number, uplinkBytes: number }[] }} Carried
 *   applications: in the order of APPLICATIONS */
/** @typedef {Carried & { downlinkBytes: number, uplinkBytes: number, trafficBytes: number }} Whole
 *   a snapshot, or an aggregate */

/** The hour of records whose start could not be read. */
export const UNKNOWN = 'not readable'

/** Hours with a time, earliest first. @param {readonly Hour[]} hours */
export function known(hours) {
  return hours
    .filter(({ startMs }) => startMs !== null)
    .sort((a, b) => (a.startMs ?? 0) - (b.startMs ?? 0))
}

/**
 * Bytes of an application, or of all: of an hour, of a subscriber, of everybody.
 * @param {Carried | undefined} carried
 * @param {string} application
 * @param {string} direction `downlinkBytes`, `uplinkBytes`, or both together
 * @returns {number}
 */
export function trafficIn(carried, application, direction) {
  if (carried === undefined) return 0
  if (application === ALL) {
    return APPLICATIONS.reduce((sum, name) => sum + trafficIn(carried, name, direction), 0)
  }
  const found = carried.applications[APPLICATIONS.indexOf(application)]
  if (found === undefined) return 0
  if (direction === 'downlinkBytes') return found.downlinkBytes
  if (direction === 'uplinkBytes') return found.uplinkBytes
  return found.downlinkBytes + found.uplinkBytes
}

/**
 * Which columns the traffic of applications comes from, as it does not add up to the totals.
 * @param {Whole} whole
 * @param {string} [direction]
 */
export function measureText(whole, direction = 'trafficBytes') {
  const key = /** @type {'trafficBytes' | 'downlinkBytes' | 'uplinkBytes'} */ (direction)
  return (
    `By application columns, which sum to ${bytes(trafficIn(whole, ALL, key))}; ` +
    `the totals are the records’ own Total columns: ${bytes(whole[key])}.`
  )
}
