// A snapshot of data that lacks columns, as the program computes it: sums of them are 0.
import type { Snapshot } from '../../src/snapshot/schema.ts'

/** Without sessions, Netflix, and the download of Google. */
export const ABSENT_COLUMNS = [
  'Bearer Id',
  'Google DL (Bytes)',
  'Netflix DL (Bytes)',
  'Netflix UL (Bytes)',
]

type Traffic = Pick<Snapshot, 'downlinkBytes' | 'uplinkBytes'>

/** The snapshot as it would be without ABSENT_COLUMNS. */
export function withoutColumns(snapshot: Snapshot): Snapshot {
  const names = snapshot.applications.map(({ name }) => name)
  const remaining = <T extends Traffic>(each: T, name: string): T => ({
    ...each,
    ...(name === 'Netflix' || name === 'Google' ? { downlinkBytes: 0 } : {}),
    ...(name === 'Netflix' ? { uplinkBytes: 0 } : {}),
  })
  return {
    ...snapshot,
    notInData: ABSENT_COLUMNS,
    sessions: 0,
    top: { ...snapshot.top, sessions: [] },
    topApplications: snapshot.topApplications.filter((name) => name !== 'Netflix'),
    applications: snapshot.applications.map((each) => {
      const sums = remaining(each, each.name)
      const trafficBytes = sums.downlinkBytes + sums.uplinkBytes
      const none = each.name === 'Netflix' ? { share: 0, subscribers: 0, top: [] } : {}
      return { ...sums, trafficBytes, ...none }
    }),
    hours: snapshot.hours.map((hour) => ({
      ...hour,
      sessions: 0,
      applications: hour.applications.map((each, at) => remaining(each, names[at])),
    })),
    segments: {
      ...snapshot.segments,
      features: snapshot.segments.features.filter((feature) => feature !== 'sessions'),
      segments: snapshot.segments.segments.map((segment) => ({
        ...segment,
        metrics: { ...segment.metrics, sessions: { min: 0, max: 0, mean: 0, total: 0 } },
        sample: { ...segment.sample, sessions: segment.sample.sessions.map(() => 0) },
      })),
    },
  }
}
