// Subscribers for tests: plain objects, rows made of them, and snapshots of those.
import fc from 'fast-check'
import { createScan, addRows, type Scan } from '../../src/snapshot/scan.ts'
import type { Snapshot, SnapshotOptions, StateSummary } from '../../src/snapshot/schema.ts'
import { computeSnapshot } from '../../src/snapshot/snapshot.ts'

/** The numbers of a subscriber. */
export interface Subscriber {
  msisdn: number
  sessions: number
  durationMs: number
  downlinkBytes: number
  uplinkBytes: number
  /** Download and upload of each of the seven applications. */
  applications: [number, number][]
}

/** Numbers in a row, as a literal, so that a change of the layout fails here. */
const WIDTH = 22

/** The usual options. */
export const OPTIONS: SnapshotOptions = {
  features: ['sessions', 'durationMs', 'trafficBytes'],
  scaling: 'min-max',
  k: 3,
  top: 10,
  seed: 7,
  excludeApplications: [],
}

/** A summary of some state. */
export const STATE: StateSummary = {
  number: 3,
  hours: [
    {
      startMs: 3_600_000,
      records: 1,
      sessions: 1,
      durationMs: 5,
      downlinkBytes: 6,
      uplinkBytes: 7,
      applications: [{ downlinkBytes: 1, uplinkBytes: 2 }],
    },
  ],
  positions: [],
  rejected: { footer: 1 },
  coerced: {},
  missing: { 'Other DL (Bytes)': 2 },
}

/** A subscriber with the given numbers; applications carry nothing. */
export function subscriber(
  msisdn: number,
  sessions: number,
  durationMs: number,
  downlinkBytes: number,
  uplinkBytes = 0,
): Subscriber {
  const applications = Array.from({ length: 7 }, (): [number, number] => [0, 0])
  return { msisdn, sessions, durationMs, downlinkBytes, uplinkBytes, applications }
}

/** The rows of some subscribers, as the state has them. */
export function rowsOf(subscribers: readonly Subscriber[]): Float64Array {
  return Float64Array.from(
    subscribers.flatMap((each) => [
      each.msisdn,
      each.sessions + 1,
      each.sessions,
      each.durationMs,
      each.downlinkBytes,
      each.uplinkBytes,
      ...each.applications.flat(),
      1_000,
      2_000,
    ]),
  )
}

/** A scan of the subscribers, in blocks of `block` rows. */
export function scanOf(subscribers: readonly Subscriber[], block = 1000, top = 10): Scan {
  const scan = createScan(top)
  for (let at = 0; at < subscribers.length; at += block) {
    const part = subscribers.slice(at, at + block)
    // Numbers after the rows that do not belong to them, as in a reused buffer.
    const rows = new Float64Array((part.length + 1) * WIDTH).fill(NaN)
    rows.set(rowsOf(part))
    addRows(scan, rows, part.length)
  }
  return scan
}

/** The snapshot of some subscribers. */
export function snapshotOf(
  subscribers: readonly Subscriber[],
  options: Partial<SnapshotOptions> = {},
): Snapshot {
  return computeSnapshot(scanOf(subscribers), STATE, { ...OPTIONS, ...options }).snapshot
}

const amount = fc.oneof(
  fc.constantFrom(0, 1, 5),
  fc.nat(1000),
  fc.integer({ min: 0, max: 2 ** 40 }),
)

/** Up to `maxLength` subscribers of different MSISDN, many with equal numbers. */
export function subscribersOf(maxLength: number): fc.Arbitrary<Subscriber[]> {
  const one = fc.record({
    msisdn: fc.oneof(fc.nat(999), fc.integer({ min: 1, max: 999_999_999_999_999 })),
    sessions: fc.nat(20),
    durationMs: amount,
    downlinkBytes: amount,
    uplinkBytes: amount,
    applications: fc.array(fc.tuple(amount, amount), { minLength: 7, maxLength: 7 }),
  })
  return fc.uniqueArray(one, { selector: ({ msisdn }) => msisdn, maxLength, size: 'max' })
}
