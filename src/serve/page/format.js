// Numbers as text: bytes in decimal units, durations in hours, counts with thousands separators.

/** @typedef {(value: number) => string} Format */

const LOCALE = 'en'
const MS_PER_HOUR = 3_600_000
const SECONDS_PER_DAY = 86_400
const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB']
/** A count from here on is abbreviated; the title has all digits. */
const LONG_COUNT = 1e8
/** A smaller share would be shown as 0%. */
const LEAST_SHARE = 0.0005

const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat(LOCALE, { notation: 'compact', maximumSignificantDigits: 4 })
const percent = new Intl.NumberFormat(LOCALE, { style: 'percent', maximumFractionDigits: 1 })

/** Formats by digits after the point. */
const fixed = [0, 1, 2].map(
  (digits) =>
    new Intl.NumberFormat(LOCALE, { minimumFractionDigits: digits, maximumFractionDigits: digits }),
)

/**
 * Three significant digits below 1000, none after the point above.
 * @type {Format}
 */
function significant(value) {
  const digits = value === 0 || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return fixed[digits]?.format(value) ?? String(value)
}

/** A count, with thousands separators or abbreviated. @type {Format} */
export function count(value) {
  return value >= LONG_COUNT ? short.format(value) : whole.format(value)
}

/** A mean of counts. @type {Format} */
export function meanCount(value) {
  return significant(value)
}

/** A label of an axis, abbreviated. @type {Format} */
export function tick(value) {
  return short.format(value)
}

/** A share from 0 to 1 as a percentage; a share above 0 is never 0%. @type {Format} */
export function share(value) {
  return value > 0 && value < LEAST_SHARE ? '<0.1%' : percent.format(value)
}

/** Bytes in powers of 1,000. @type {Format} */
export function bytes(value) {
  let unit = 0
  let scaled = value
  while (Math.abs(scaled) >= 1000 && unit < BYTE_UNITS.length - 1) {
    scaled /= 1000
    unit += 1
  }
  return `${unit === 0 ? count(scaled) : significant(scaled)} ${BYTE_UNITS[unit]}`
}

/** Milliseconds in hours, or in minutes or seconds below one hour or minute. @type {Format} */
export function hours(milliseconds) {
  const value = milliseconds / MS_PER_HOUR
  if (value < 1 / 60) return `${significant(milliseconds / 1000)} s`
  if (value < 1) return `${significant(value * 60)} min`
  return `${value >= LONG_COUNT ? short.format(value) : significant(value)} h`
}

/** Seconds as days, hours, minutes and seconds, in two units at most. @type {Format} */
export function span(seconds) {
  const rounded = Math.round(seconds)
  if (rounded < 60) return `${rounded} s`
  if (rounded < 3600) return `${Math.floor(rounded / 60)} min ${rounded % 60} s`
  if (rounded < 2 * SECONDS_PER_DAY) {
    return `${Math.floor(rounded / 3600)} h ${Math.floor((rounded % 3600) / 60)} min`
  }
  return `${Math.floor(rounded / SECONDS_PER_DAY)} d ${Math.floor((rounded % SECONDS_PER_DAY) / 3600)} h`
}

/** The text of a number without trailing zeros, for the labels of an axis. @param {string} text */
export function trimmed(text) {
  return text.replace(/(\.\d*?)0+(?=\D*$)/, '$1').replace(/\.(?=\D*$)/, '')
}
