// The numbers of a partition that must agree with each other, and one sentence where they do not.
import { FIELD } from '../src/subscriber/aggregate.ts'
import { hourPlace, type HourTable } from '../src/subscriber/hours.ts'
import type { Counters, SourcePosition } from './partition-metadata.ts'
import type { PartitionStore } from './store.ts'
import type { ReadTransaction } from './environment.ts'

/** The numbers of a partition as of one transaction. */
export interface PartitionNumbers {
  partition: number
  counters: Counters
  /** Sum of the records of its subscribers. */
  records: number
  /** Sum of the records of its hours. */
  hourRecords: number
  /** Rejected rows that are stored. */
  rejectedStored: number
  positions: [source: string, position: SourcePosition][]
  /** False for a state that a former format began without counts by source. */
  hasSourceCounts: boolean
}

/** Key in `meta`: false when former formats counted rows that no source has. */
export const SOURCE_COUNTS = 'hasSourceCounts'

/** False when sources and counters cannot be compared: in former formats, and in what they left. */
export const readSourceCounts = (store: PartitionStore, transaction: ReadTransaction): boolean =>
  store.checks.enabled && store.meta.get(SOURCE_COUNTS, { transaction }) !== false

/** Sum of the records of all hours, the unknown one included. */
export function sumHours({ rows }: HourTable): number {
  let sum = 0
  for (const row of rows.values()) sum += row[hourPlace(FIELD.records)]
  return sum
}

/** Sums of what the sources count. */
export function sumSources(positions: Iterable<[string, SourcePosition]>): {
  applied: number
  rejected: number
} {
  const sums = { applied: 0, rejected: 0 }
  for (const [, position] of positions) {
    sums.applied += position.applied
    sums.rejected += position.rejected
  }
  return sums
}

/** Sum of the rejected rows over all reasons. */
export const sumRejected = ({ rejected }: Counters): number =>
  Object.values(rejected).reduce((sum, count) => sum + count, 0)

/** One sentence for each inconsistency; none when everything is consistent. */
export function inconsistenciesOf(numbers: PartitionNumbers): string[] {
  const { partition, counters, records, hourRecords, rejectedStored, positions } = numbers
  const { applied, rejectedKept } = counters
  const sources = sumSources(positions)
  const rejected = sumRejected(counters)
  const found = positions.map(([, position]) => offsetFinding(partition, position))
  const differ = (a: number, b: number, text: string): void => {
    if (a !== b) found.push(`partition ${partition}: ${text}`)
  }
  const expected = `expected ${applied}, the number of records applied`
  differ(records, applied, `its subscribers have ${records} records, ${expected}`)
  differ(hourRecords, applied, `its hours have ${hourRecords} records, ${expected}`)
  differ(
    rejectedStored,
    rejectedKept,
    `${rejectedStored} rejected rows are stored, expected ${rejectedKept}`,
  )
  if (numbers.hasSourceCounts) {
    const bySource = `its sources have ${sources.applied} records, ${expected}`
    differ(sources.applied, applied, bySource)
    const rejectedText = `its sources have ${sources.rejected} rejected rows, expected ${rejected}`
    differ(sources.rejected, rejected, `${rejectedText}, the sum over all reasons`)
  }
  return found.filter((sentence) => sentence !== null)
}

/** Each offset of a topic from the first one on was applied, rejected, excluded or skipped. */
function offsetFinding(partition: number, at: SourcePosition): string | null {
  if (at.kind !== 'topic') return null
  const read = at.next - at.first
  const counted = at.applied + at.rejected + at.excluded + at.skipped
  if (read === counted) return null
  return (
    `partition ${partition} of ${at.name}: applied + rejected + excluded + skipped are ` +
    `${counted}, expected ${read}, the offsets from ${at.first} to ${at.next}`
  )
}
