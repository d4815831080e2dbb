// Numbers as text: GB, hours, thousands, per cent. The page formats them alike (format.js).
import { featureRow, type Feature } from './metrics.ts'

const BYTES = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB']

/** Three significant digits below 1,000, a whole number above; no exponent, no trailing zeros. */
function short(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}

/** Bytes in powers of 1,000: `1.5 GB`. */
export function bytesText(bytes: number): string {
  let unit = 0
  let value = bytes
  while (value >= 999.5 && unit < BYTES.length - 1) {
    value /= 1000
    unit++
  }
  return `${short(value)} ${BYTES[unit]}`
}

/** A duration in hours, or in minutes or seconds below one hour or minute: `1,234 h`, `45 min`. */
export function durationText(ms: number): string {
  if (ms >= 3_600_000) return `${short(ms / 3_600_000)} h`
  if (ms >= 60_000) return `${short(ms / 60_000)} min`
  return `${short(ms / 1000)} s`
}

/** A share from 0 to 1 as a percentage: `12.3%`; a share above 0 is never `0%`. */
export function shareText(share: number): string {
  if (share > 0 && share < 0.001) return 'under 0.1%'
  if (share < 1 && share > 0.999) return 'over 99.9%'
  return `${Number((100 * share).toFixed(1))}%`
}

/** A whole number with thousands separated, and its noun: `1,234 subscribers`, `1 subscriber`. */
export function countText(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`
}

/** A value of a feature in its unit; a count has at most one digit after the point. */
export function valueText(feature: Feature, value: number): string {
  const { unit } = featureRow(feature)
  if (unit === 'ms') return durationText(value)
  if (unit === 'bytes') return bytesText(value)
  return Number(value.toFixed(1)).toLocaleString('en-US')
}

/** A feature of a subscriber in a sentence: `3.2 sessions`, `1.5 GB of traffic`. */
export function featureText(feature: Feature, value: number): string {
  const { unit, phrase } = featureRow(feature)
  if (unit === 'count') return `${short(value)} ${phrase}${value === 1 ? '' : 's'}`
  return `${valueText(feature, value)} ${phrase}`
}
