// What each application carried, who used it most, and which were used most.
import { APPLICATIONS } from '../record/columns.ts'
import { FIELD } from '../subscriber/aggregate.ts'
import { totalOf } from './exact.ts'
import type { Scan } from './scan.ts'
import type { Snapshot } from './schema.ts'
import { entriesOf } from './top.ts'

/** How many applications count as the most used. */
const MOST_USED = 3

/** Traffic, share, users and top subscribers of each application, in the order of columns. */
export function applicationsOf(scan: Scan, top: number): Snapshot['applications'] {
  const fieldOf = (application: number): number => FIELD.applications + 2 * application
  const fields = APPLICATIONS.flatMap((_, each) => [fieldOf(each), fieldOf(each) + 1])
  const all = totalOf(scan.sums, ...fields)
  return APPLICATIONS.map((name, application) => {
    const field = fieldOf(application)
    const trafficBytes = totalOf(scan.sums, field, field + 1)
    return {
      name,
      downlinkBytes: totalOf(scan.sums, field),
      uplinkBytes: totalOf(scan.sums, field + 1),
      trafficBytes,
      share: all === 0 ? 0 : trafficBytes / all,
      subscribers: scan.users[application],
      top: entriesOf(scan.applicationTops[application], top),
    }
  })
}

/** The three with the most traffic, largest first, ties in the order of columns. */
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
