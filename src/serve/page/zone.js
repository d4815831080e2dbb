// The time zone of the state, in which all times are shown.

/** Since 1972 clocks change at quarters of an hour everywhere. */
const QUARTER_MS = 900_000
const OFFSET = /([+-])(\d\d):(\d\d)(?::(\d\d))?$/

let zone = 'UTC'
let format = formatOf(zone)
/** Offsets by quarter of an hour. @type {Map<number, number>} */
const offsets = new Map()

/** @param {string} name */
function formatOf(name) {
  return new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
}

/**
 * Shows times in a zone from now on, and returns whether the zone has changed. A zone that the
 * browser does not know changes nothing; times are always shown with the name of their zone.
 * @param {unknown} name
 */
export function useZone(name) {
  if (typeof name !== 'string' || name === zone) return false
  try {
    format = formatOf(name)
  } catch {
    return false
  }
  zone = name
  offsets.clear()
  return true
}

/** The IANA name of the current zone. */
export function zoneName() {
  return zone
}

/** The offset of the zone from UTC, in milliseconds. @param {number} ms */
function offsetAt(ms) {
  const quarter = Math.floor(ms / QUARTER_MS)
  let offset = offsets.get(quarter)
  if (offset === undefined) {
    const [, sign, hours = 0, minutes = 0, seconds = 0] = OFFSET.exec(format.format(ms)) ?? []
    const length = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
    offset = (sign === '-' ? -1000 : 1000) * length
    offsets.set(quarter, offset)
  }
  return offset
}

/** The local time of an instant, given as if it were UTC. @param {number} ms */
export function local(ms) {
  return ms + offsetAt(ms)
}

/** @param {number} ms @param {number} length of the text */
const localText = (ms, length) =>
  new Date(local(ms)).toISOString().slice(0, length).replace('T', ' ')

/** The local day, hour and minute. @param {number} ms */
export function minuteOf(ms) {
  return localText(ms, 16)
}

/** The local day and time with the name of the zone. @param {number} ms */
export function moment(ms) {
  return `${localText(ms, 19)} ${zone}`
}

/** The local day and time. @param {number} ms */
export function secondOf(ms) {
  return localText(ms, 19)
}

/** The local time of day. @param {number} ms */
export function clock(ms) {
  return localText(ms, 19).slice(-8)
}

/** An hour with its offset, which distinguishes two hours with the same local time. @param {number} ms */
export function hourOf(ms) {
  if (zone === 'UTC') return minuteOf(ms)
  const offset = offsetAt(ms)
  const length = new Date(Math.abs(offset)).toISOString().slice(11, 16)
  return `${minuteOf(ms)} ${offset < 0 ? '-' : '+'}${length}`
}
