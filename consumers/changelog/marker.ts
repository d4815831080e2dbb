// The marker of a checkpoint: the last record of its transaction, which describes it.
import { AMOUNTS } from '../../src/record/columns.ts'
import { FIELD, WIDTH } from '../../src/subscriber/aggregate.ts'
import { HOUR_WIDTH } from '../../src/subscriber/hours.ts'
import type { StateOptions } from '../../state/writer.ts'

/** The key of markers in the topic of the state. */
export const MARKER_KEY = 'marker'

/** The sums that the aggregates of a partition must have. */
export interface Sums {
  subscribers: number
  /** Of all MSISDNs, as a whole number in decimal digits. */
  msisdns: string
  /** Of each sum of an aggregate, in the order of its fields; totals may exceed 2^53. */
  columns: string[]
}

/** A checkpoint of one partition. */
export interface Marker {
  version: 1
  /** Counts from 1. */
  number: number
  /** Identity of the partition that published it, and its commit. */
  by: string
  commit: number
  /** Name of the member that published it. */
  member: string
  /** When it was published (UTC ms), and the longest time until the next one (ms). */
  atMs: number
  withinMs: number
  /** End of the partition in the topic of aggregates, exclusive. */
  engagementEnd: number
  /** What the state was made with. */
  options: StateOptions
  /** Rejected rows before these positions are kept where they were read, by source. */
  positions: Record<string, number>
  sums: Sums
}

/** Reads a marker. @throws Error for a text that is none */
export function parseMarker(text: string): Marker {
  const { version } = JSON.parse(text) as { version?: unknown }
  if (version === 1) return JSON.parse(text) as Marker
  throw new Error(`a checkpoint of version ${String(version)}, expected 1`)
}

/** Sums of aggregates, while they are added. */
export interface Adder {
  subscribers: number
  msisdns: bigint
  columns: Float64Array
  /** What left the columns: a float64 is exact up to 2^53. */
  carried: bigint[]
}

/** The sums of no aggregates. */
export const createAdder = (): Adder => ({
  subscribers: 0,
  msisdns: 0n,
  columns: new Float64Array(HOUR_WIDTH),
  carried: Array<bigint>(HOUR_WIDTH).fill(0n),
})

const LARGE = 2 ** 52

/** Adds the sums of a row of an aggregate or, from its `records` on, of an hour. */
export function addColumns(adder: Adder, rows: Float64Array, from: number): void {
  const { columns, carried } = adder
  for (let i = 0; i < HOUR_WIDTH; i++) {
    const value = rows[from + i]
    if (value > LARGE || columns[i] > LARGE) {
      carried[i] += BigInt(columns[i])
      columns[i] = 0
    }
    columns[i] += value
  }
}

/** The sums as a marker holds them. */
export const sumsOf = ({ subscribers, msisdns, columns, carried }: Adder): Sums => ({
  subscribers,
  msisdns: String(msisdns),
  columns: Array.from(columns, (sum, i) => String(BigInt(sum) + carried[i])),
})

/** The first difference between sums as a sentence; null for none. */
export function differenceOf(found: Sums, expected: Sums): string | null {
  if (found.subscribers !== expected.subscribers) {
    return `${found.subscribers} subscribers, expected ${expected.subscribers}`
  }
  if (found.msisdns !== expected.msisdns) return 'other MSISDNs than the checkpoint'
  const at = expected.columns.findIndex((sum, i) => sum !== found.columns[i])
  if (at === -1) return null
  const names = ['records', 'sessions', ...AMOUNTS.map(({ name }) => name)]
  return `a sum of ${names[at]} of ${found.columns[at]}, expected ${expected.columns[at]}`
}

/** Adds the aggregates of a table's rows, `count` rows of WIDTH numbers. */
export function addAggregates(adder: Adder, rows: Float64Array, count: number): void {
  let msisdns = 0
  for (let i = 0; i < count; i++) {
    const offset = i * WIDTH
    addColumns(adder, rows, offset + FIELD.records)
    msisdns += rows[offset]
    if (msisdns > LARGE) {
      adder.msisdns += BigInt(msisdns)
      msisdns = 0
    }
  }
  adder.msisdns += BigInt(msisdns)
  adder.subscribers += count
}
