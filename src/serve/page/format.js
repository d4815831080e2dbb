// Numbers as people read them: bytes in decimal units, durations in hours, counts in groups.

/** @typedef {(value: number) => string} Format */

const LOCALE = 'en'
const MS_PER_HOUR = 3_600_000
/** In seconds. */
const DAY = 86_400
const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB']
/** From here on a count is shown short; its whole length is kept in the title. */
const LONG_COUNT = 1e8
/** What is less would be shown as 0%. */
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

/** @type {Format} */
export function count(value) {
  return value >= LONG_COUNT ? short.format(value) : whole.format(value)
}

/** A mean of counts. @type {Format} */
export function meanCount(value) {
  return significant(value)
}

/** A label of an axis. @type {Format} */
export function tick(value) {
  return short.format(value)
}

/** Of few among many it says that there are any. @type {Format} */
export function share(value) {
  return value > 0 && value < LEAST_SHARE ? '<0.1%' : percent.format(value)
}

/** @type {Format} */
export function bytes(value) {
  let unit = 0
  let scaled = value
  while (Math.abs(scaled) >= 1000 && unit < BYTE_UNITS.length - 1) {
    scaled /= 1000
    unit += 1
  }
  return `${unit === 0 ? count(scaled) : significant(scaled)} ${BYTE_UNITS[unit]}`
}

/** Hours, or what is shorter than one in minutes or seconds. @type {Format} */
export function hours(milliseconds) {
  const value = milliseconds / MS_PER_HOUR
  if (value < 1 / 60) return `${significant(milliseconds / 1000)} s`
  if (value < 1) return `${significant(value * 60)} min`
  return `${value >= LONG_COUNT ? short.format(value) : significant(value)} h`
}

/** How long something takes, from seconds. @type {Format} */
export function span(seconds) {
  const rounded = Math.round(seconds)
  if (rounded < 60) return `${rounded} s`
  if (rounded < 3600) return `${Math.floor(rounded / 60)} min ${rounded % 60} s`
  if (rounded < 2 * DAY) {
    return `${Math.floor(rounded / 3600)} h ${Math.floor((rounded % 3600) / 60)} min`
  }
  return `${Math.floor(rounded / DAY)} d ${Math.floor((rounded % DAY) / 3600)} h`
}

/** @typedef {{ name: string, unit?: string, format: Format, mean: Format,
 *   plot: number }} Metric unit: of the plain number; plot: by which it is divided on an axis */

/** @type {Record<string, Metric>} */
const METRICS = {
  sessions: { name: 'Sessions', format: count, mean: meanCount, plot: 1 },
  durationMs: amount('Session duration', 'ms', hours, MS_PER_HOUR),
  trafficBytes: amount('Total traffic', 'bytes', bytes),
  downlinkBytes: amount('Download', 'bytes', bytes),
  uplinkBytes: amount('Upload', 'bytes', bytes),
  meanSessionDurationMs: amount('Mean session', 'ms', hours, MS_PER_HOUR),
}

/**
 * @param {string} name
 * @param {string} unit
 * @param {Format} format
 * @param {number} [plot]
 * @returns {Metric}
 */
function amount(name, unit, format, plot = 1) {
  return { name, unit, format, mean: format, plot }
}

/** Formats a value or a mean of a metric: a mean of counts has digits after the point. */
export function valueOrMean(/** @type {string} */ key) {
  const { format, mean } = metric(key)
  return (/** @type {number} */ value) => (Number.isInteger(value) ? format(value) : mean(value))
}

/** Without zeros at the end, as an axis needs no three digits. @param {string} text */
export function trimmed(text) {
  return text.replace(/(\.\d*?)0+(?=\D*$)/, '$1').replace(/\.(?=\D*$)/, '')
}

/** Name and units of a metric or feature; one that is not known yet is shown as it is. */
export function metric(/** @type {string} */ key) {
  return METRICS[key] ?? { name: key, format: meanCount, mean: meanCount, plot: 1 }
}
