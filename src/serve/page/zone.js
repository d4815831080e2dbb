// The time zone of the state: hours and moments are shown in it, wherever the reader is.

/** Clocks change on quarters of an hour everywhere since 1972. */
const QUARTER_MS = 900_000
const OFFSET = /([+-])(\d\d):(\d\d)(?::(\d\d))?$/

let zone = 'UTC'
let format = formatOf(zone)
/** Of quarters of an hour. @type {Map<number, number>} */
const offsets = new Map()

/** @param {string} name */
function formatOf(name) {
  return new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
}

/**
 * Shows times in a zone from now on, and says whether that is another one than before. One that
 * this browser does not know changes nothing: what is shown is named by what it is shown in.
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

/** The IANA name of the zone in force. */
export function zoneName() {
  return zone
}

/** What clocks there are ahead of UTC, in milliseconds. @param {number} ms */
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

/** The wall clock's time, itself given as if it were UTC. @param {number} ms */
export function local(ms) {
  return ms + offsetAt(ms)
}

/** @param {number} ms @param {number} length of the text */
const localText = (ms, length) =>
  new Date(local(ms)).toISOString().slice(0, length).replace('T', ' ')

/** Day, hour and minute. @param {number} ms */
export function minuteOf(ms) {
  return localText(ms, 16)
}

/** Day and time with the zone's name. @param {number} ms */
export function moment(ms) {
  return `${localText(ms, 19)} ${zone}`
}

/** Day and time. @param {number} ms */
export function secondOf(ms) {
  return localText(ms, 19)
}

/** Time of day. @param {number} ms */
export function clock(ms) {
  return localText(ms, 19).slice(-8)
}

/** An hour with its offset, which tells two of the same name apart. @param {number} ms */
export function hourOf(ms) {
  if (zone === 'UTC') return minuteOf(ms)
  const offset = offsetAt(ms)
  const length = new Date(Math.abs(offset)).toISOString().slice(11, 16)
  return `${minuteOf(ms)} ${offset < 0 ? '-' : '+'}${length}`
}
