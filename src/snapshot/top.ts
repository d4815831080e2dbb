// Top lists: the largest of many values, in one pass over them.
import type { TopEntry } from './schema.ts'

/** Up to `values.length` entries, largest first; equal values by smaller MSISDN first. */
export interface TopList {
  length: number
  values: Float64Array
  msisdns: Float64Array
}

/** An empty list for the `size` largest values. */
export function createTopList(size: number): TopList {
  return { length: 0, values: new Float64Array(size), msisdns: new Float64Array(size) }
}

/** Adds a subscriber if it belongs on the list; most calls end after one comparison. */
export function offer(list: TopList, value: number, msisdn: number): void {
  const { values, msisdns } = list
  const size = values.length
  if (list.length === size) {
    if (size === 0 || value < values[size - 1]) return
    if (value === values[size - 1] && msisdn > msisdns[size - 1]) return
  } else {
    list.length++
  }
  let at = list.length - 1
  while (at > 0 && precedes(value, msisdn, values[at - 1], msisdns[at - 1])) {
    values[at] = values[at - 1]
    msisdns[at] = msisdns[at - 1]
    at--
  }
  values[at] = value
  msisdns[at] = msisdn
}

/** Whether one subscriber ranks before another: by larger value, then by smaller MSISDN. */
export function precedes(value: number, msisdn: number, than: number, thanMsisdn: number): boolean {
  return value > than || (value === than && msisdn < thanMsisdn)
}

/** The first entries of the list, at most `limit`. */
export function entriesOf(list: TopList, limit: number): TopEntry[] {
  return Array.from({ length: Math.min(limit, list.length) }, (_, at) => ({
    msisdn: list.msisdns[at],
    value: list.values[at],
  }))
}
