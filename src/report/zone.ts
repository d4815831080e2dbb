// The time zone of the state, in which the report shows days and hours.

/** A zone by its IANA name. */
export interface Zone {
  name: string
  /** The local time of an instant, given as if it were UTC. */
  local: (ms: number) => number
}

const OFFSET = /([+-])(\d\d):(\d\d)(?::(\d\d))?$/

/** The zone of a name, which was validated when the state was created. */
export function zoneOf(name: string): Zone {
  if (name === 'UTC') return { name, local: (ms) => ms }
  const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  const local = (ms: number): number => {
    const found = OFFSET.exec(format.format(ms))
    if (found === null) return ms
    const [sign, hours, minutes, seconds = '0'] = found.slice(1) as (string | undefined)[]
    const length = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
    return ms + (sign === '-' ? -1000 : 1000) * length
  }
  return { name, local }
}

/** The time of day: `20:30`. */
export const timeText = (localMs: number): string => new Date(localMs).toISOString().slice(11, 16)
