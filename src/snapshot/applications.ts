// The applications of a snapshot: traffic, share, users, top subscribers, and the most used ones.
import { APPLICATIONS } from '../record/columns.ts'
import { downlinkField, uplinkField } from '../subscriber/aggregate.ts'
import { totalOf } from './exact.ts'
import { hasTraffic } from './not-in-data.ts'
import type { Scan } from './scan.ts'
import type { Snapshot } from './schema.ts'
import { entriesOf } from './top.ts'

/** The number of applications that are listed as most used. */
const MOST_USED = 3

/** Traffic, share, users and top subscribers of each application, in the order of columns. */
export function applicationsOf(
  scan: Scan,
  notInData: Snapshot['notInData'],
  top: number,
): Snapshot['applications'] {
  const fields = APPLICATIONS.flatMap((_, each) => [downlinkField(each), uplinkField(each)])
  const all = totalOf(scan.sums, ...fields)
  return APPLICATIONS.map((name, application) => {
    const [downlink, uplink] = [downlinkField(application), uplinkField(application)]
    const trafficBytes = totalOf(scan.sums, downlink, uplink)
    return {
      name,
      downlinkBytes: totalOf(scan.sums, downlink),
      uplinkBytes: totalOf(scan.sums, uplink),
      trafficBytes,
      share: all === 0 ? 0 : trafficBytes / all,
      subscribers: scan.users[application],
      top: hasTraffic({ notInData }, name) ? entriesOf(scan.applicationTops[application], top) : [],
    }
  })
}

/** The three with the most traffic, largest first, ties in the order of columns; without `excluded`. */
export function mostUsed(
  applications: Snapshot['applications'],
  excluded: readonly string[],
): Snapshot['topApplications'] {
  return applications
    .filter(({ name, trafficBytes }) => trafficBytes > 0 && !excluded.includes(name))
    .sort((a, b) => b.trafficBytes - a.trafficBytes)
    .slice(0, MOST_USED)
    .map(({ name }) => name)
}
