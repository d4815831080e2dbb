// The time zone of the state, in which the report tells days and hours.

/** A zone by its IANA name. */
export interface Zone {
  name: string
  /** The wall clock's time at an instant, itself given as if it were UTC. */
  local: (ms: number) => number
}

const OFFSET = /([+-])(\d\d):(\d\d)(?::(\d\d))?$/

/** The zone of a name that was checked when the state was made. */
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

/** `20:30`, of a wall clock. */
export const timeText = (localMs: number): string => new Date(localMs).toISOString().slice(11, 16)
