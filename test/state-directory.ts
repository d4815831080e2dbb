// Temporary directories, and the content of a state directory in the form of the oracle.
import { closeSync, openSync, statSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WIDTH } from '../src/subscriber/aggregate.ts'
import { HOUR_MS } from '../src/subscriber/hours.ts'
import { hashState } from '../state/hash.ts'
import { withView, type StateView } from '../state/read.ts'
import { summed } from './summed-rows.ts'

/** Runs `work` with a temporary directory, and deletes it afterwards. */
export async function withDirectory<T>(work: (directory: string) => Promise<T> | T): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'xdr-pulse-test-'))
  try {
    return await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

const META_BYTES = 2 * 4096

/** Overwrites a store with zeros, except its two meta pages, as a failing volume does. */
export function breakStore(file: string): void {
  const { size } = statSync(file)
  const opened = openSync(file, 'r+')
  writeSync(opened, Buffer.alloc(size - META_BYTES), 0, size - META_BYTES, META_BYTES)
  closeSync(opened)
}

/** The numbers of a state directory in order of their keys, comparable with the oracle's JSON. */
export interface Found {
  hash: string
  applied: number
  rejected: Record<string, number>
  coerced: Record<string, number>
  missing: Record<string, number>
  subscribers: [number, number[]][]
  hours: [number | null, number[]][]
  positions: StateView['positions']
}

/** Reads a state directory from its files, in one view. */
export const readBack = (directory: string): Promise<Found> =>
  withView(directory, (view) => {
    const { applied, rejected, coerced, missing } = view.counters
    return {
      hash: hashState(view),
      applied,
      rejected: withoutZeros(rejected),
      coerced: withoutZeros(coerced),
      missing: withoutZeros(missing),
      subscribers: subscribersOf(view),
      hours: hoursOf(view),
      positions: view.positions,
    }
  })

/** The subscribers of a view by MSISDN, each with the other numbers of its row, or of their sums. */
export function subscribersOf(view: StateView): [number, number[]][] {
  const found: Float64Array[] = []
  view.scan((rows, count) => {
    for (let at = 0; at < count * WIDTH; at += WIDTH) found.push(rows.slice(at, at + WIDTH))
  })
  return [...summed(found)].map(([msisdn, row]) => [msisdn, [...row.subarray(1)]])
}

const hoursOf = ({ hours }: StateView): [number | null, number[]][] =>
  [...hours]
    .map(([hour, sums]): [number | null, number[]] => [
      hour === -1 ? null : hour * HOUR_MS,
      [...sums],
    ])
    .sort(([a], [b]) => (a ?? Infinity) - (b ?? Infinity))

/** The counts above 0, sorted by name. */
export const withoutZeros = (counts: Record<string, number>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(counts)
      .filter(([, count]) => count > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
