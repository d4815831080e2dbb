// What hours carried: of one application or all of them, in a chosen direction.
import { ALL, APPLICATIONS } from './choices.js'

/** @typedef {import('../../snapshot/schema.ts').Hour} Hour */

/** The hour of records whose start could not be read. */
export const UNKNOWN = 'not readable'

/** Hours with a time, earliest first. @param {readonly Hour[]} hours */
export function known(hours) {
  return hours
    .filter(({ startMs }) => startMs !== null)
    .sort((a, b) => (a.startMs ?? 0) - (b.startMs ?? 0))
}

/**
 * Bytes of an application, or of all, in an hour.
 * @param {Hour | undefined} hour
 * @param {string} application
 * @param {string} direction `downlinkBytes`, `uplinkBytes`, or both together
 * @returns {number}
 */
export function trafficIn(hour, application, direction) {
  if (hour === undefined) return 0
  if (application === ALL) {
    return APPLICATIONS.reduce((sum, name) => sum + trafficIn(hour, name, direction), 0)
  }
  const found = hour.applications[APPLICATIONS.indexOf(application)]
  if (found === undefined) return 0
  if (direction === 'downlinkBytes') return found.downlinkBytes
  if (direction === 'uplinkBytes') return found.uplinkBytes
  return found.downlinkBytes + found.uplinkBytes
}
