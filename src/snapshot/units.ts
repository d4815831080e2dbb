// Numbers as people say them: GB, hours, thousands, per cent. The page says them alike (format.js).
import type { Feature } from './schema.ts'

const BYTES = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB']

/** At most three digits that mean something, no exponent, no trailing zeros. */
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

/** A duration in hours, in minutes or seconds where it is shorter than one: `1,234 h`, `45 min`. */
export function durationText(ms: number): string {
  if (ms >= 3_600_000) return `${short(ms / 3_600_000)} h`
  if (ms >= 60_000) return `${short(ms / 60_000)} min`
  return `${short(ms / 1000)} s`
}

/** A share from 0 to 1 as a percentage: `12.3%`; what is there but small is never `0%`. */
export function shareText(share: number): string {
  if (share > 0 && share < 0.001) return 'under 0.1%'
  if (share < 1 && share > 0.999) return 'over 99.9%'
  return `${Number((100 * share).toFixed(1))}%`
}

/** A whole number with thousands separated, and its noun: `1,234 subscribers`, `1 subscriber`. */
export function countText(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`
}

/** A feature of a subscriber with unit and noun: `3.2 sessions`, `1.5 GB of traffic`. */
export function featureText(feature: Feature, value: number): string {
  switch (feature) {
    case 'sessions':
      return `${short(value)} ${value === 1 ? 'session' : 'sessions'}`
    case 'durationMs':
      return `${durationText(value)} online`
    case 'trafficBytes':
      return `${bytesText(value)} of traffic`
    case 'downlinkBytes':
      return `${bytesText(value)} downloaded`
    case 'uplinkBytes':
      return `${bytesText(value)} uploaded`
    case 'meanSessionDurationMs':
      return `${durationText(value)} a session`
  }
}
