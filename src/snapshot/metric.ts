// Metrics and features of all subscribers, computed from the columns a scan has kept.
import type { Feature } from './schema.ts'
import type { Scan } from './scan.ts'

/** A feature of all subscribers, in the order of the scan: 8 bytes a subscriber. */
export function featureColumn(scan: Scan, feature: Feature): Float64Array {
  const { sessions, durationMs, downlinkBytes, uplinkBytes } = scan.columns
  const column = new Float64Array(scan.subscribers)
  if (feature === 'trafficBytes') fill(column, downlinkBytes, uplinkBytes, sum)
  else if (feature === 'meanSessionDurationMs') fill(column, durationMs, sessions, meanSession)
  else {
    for (const [at, block] of scan.columns[feature].entries()) {
      const from = at * block.length
      column.set(block.subarray(0, column.length - from), from)
    }
  }
  return column
}

/** Milliseconds a session, 0 for a subscriber without one. */
export function meanSession(durationMs: number, sessions: number): number {
  return sessions > 0 ? durationMs / sessions : 0
}

function sum(a: number, b: number): number {
  return a + b
}

function fill(
  column: Float64Array,
  first: readonly Float64Array[],
  second: readonly Float64Array[],
  combine: (a: number, b: number) => number,
): void {
  let at = 0
  for (let block = 0; block < first.length; block++) {
    const a = first[block]
    const b = second[block]
    for (let row = 0; row < a.length && at < column.length; row++) {
      column[at++] = combine(a[row], b[row])
    }
  }
}
