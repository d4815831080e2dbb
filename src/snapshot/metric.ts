// Metrics and features of a subscriber, computed from the columns a scan has kept.
import type { Feature } from './schema.ts'
import { kept, type Scan } from './scan.ts'

/** The columns behind each feature: how much of a subscriber, given its index in the scan. */
export function featureOf(scan: Scan, feature: Feature): (index: number) => number {
  const { sessions, durationMs, downlinkBytes, uplinkBytes } = scan.columns
  switch (feature) {
    case 'sessions':
      return (index) => kept(sessions, index)
    case 'durationMs':
      return (index) => kept(durationMs, index)
    case 'downlinkBytes':
      return (index) => kept(downlinkBytes, index)
    case 'uplinkBytes':
      return (index) => kept(uplinkBytes, index)
    case 'trafficBytes':
      return (index) => kept(downlinkBytes, index) + kept(uplinkBytes, index)
    case 'meanSessionDurationMs':
      return (index) => meanSession(kept(durationMs, index), kept(sessions, index))
  }
}

/** Milliseconds a session, 0 for a subscriber without one. */
export function meanSession(durationMs: number, sessions: number): number {
  return sessions > 0 ? durationMs / sessions : 0
}

/** A feature of all subscribers, in the order of the scan: 8 bytes a subscriber. */
export function featureColumn(scan: Scan, feature: Feature): Float64Array {
  const value = featureOf(scan, feature)
  const column = new Float64Array(scan.subscribers)
  for (let index = 0; index < column.length; index++) column[index] = value(index)
  return column
}
