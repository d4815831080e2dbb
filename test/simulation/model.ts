// The model: what a state must hold, computed from rows and positions one by one.
//
// It shares no code with the state: sums are of whole numbers in plain maps, row after row.
import assert from 'node:assert/strict'
import { FIELD, WIDTH } from '../../src/subscriber/aggregate.ts'
import { rowOfKey, sourceOfKey } from '../../state/keys.ts'
import type { Partition } from '../../state/partition.ts'
import type { SourcePosition } from '../../state/partition-metadata.ts'
import type { StoredRow } from '../../state/rejected-rows.ts'
import { rowOf } from '../state/stores.ts'
import type { Row } from './rows.ts'

/** A source as the model knows it, in one partition. */
export interface ModelSource {
  kind: 'file' | 'topic'
  /** By the order of reading, and the place in it: the row; null for an offset without one. */
  rowsIn: (order: SourcePosition['order']) => readonly (Row | null)[]
  /** By the same: the number under which a rejected row is kept. */
  numberOf: (order: SourcePosition['order'], at: number) => number
  /** Whether a row of a file belongs to this partition; every row of a log does. */
  isHere: (row: Row) => boolean
  /** Offsets up to it may have been deleted before they were read; 0 for none. */
  deletedTo: number
}

/** Rows of the files start before it, those of logs at it or later; null for no cut-over. */
type Cutover = number | null

/** What became of the rows of one source. */
interface Outcomes {
  applied: Row[]
  rejected: { at: number; row: Row }[]
  excluded: number
}

const isMalformed = ({ reason }: Row): boolean => reason === 'malformed' || reason === 'no-value'

function outcomesOf(
  { kind, rowsIn, isHere }: ModelSource,
  order: SourcePosition['order'],
  from: number,
  to: number,
  cutover: Cutover,
): Outcomes {
  const found: Outcomes = { applied: [], rejected: [], excluded: 0 }
  const rows = rowsIn(order)
  for (let at = from; at < to; at++) {
    const row = rows[at]
    if (row === null || !isHere(row)) continue
    const isOther =
      cutover !== null && (kind === 'file' ? row.startMs >= cutover : row.startMs < cutover)
    if (isOther && !isMalformed(row)) found.excluded++
    else if (row.reason === null) found.applied.push(row)
    else found.rejected.push({ at, row })
  }
  return found
}

/**
 * The outcomes of the rows up to a position. Where offsets were deleted before they were read, the
 * position has their number only: those that were read end where the counts of the position agree.
 */
function outcomesAt(source: ModelSource, position: SourcePosition, cutover: Cutover): Outcomes {
  const { next, first, applied, rejected, excluded, order } = position
  const all = outcomesOf(source, order, first, next, cutover)
  if (source.deletedTo === 0 || next < source.deletedTo) return all
  for (let end = source.deletedTo; end >= first; end--) {
    const before = outcomesOf(source, order, first, end, cutover)
    const after = outcomesOf(source, order, source.deletedTo, next, cutover)
    if (before.applied.length + after.applied.length !== applied) continue
    if (before.rejected.length + after.rejected.length !== rejected) continue
    if (before.excluded + after.excluded !== excluded) continue
    return {
      applied: [...before.applied, ...after.applied],
      rejected: [...before.rejected, ...after.rejected],
      excluded,
    }
  }
  return all
}

const HOUR_MS = 3_600_000

function add(to: Map<number, number[]>, key: number, row: Row): void {
  const before = to.get(key) ?? [0, 0, 0, 0, 0, 0]
  const { session, durationMs, downlinkBytes, uplinkBytes, youtubeBytes } = row
  const numbers = [1, session ? 1 : 0, durationMs, downlinkBytes, uplinkBytes, youtubeBytes]
  to.set(
    key,
    numbers.map((value, at) => before[at] + value),
  )
}

/** What a partition must hold for its positions. */
export interface Expected {
  subscribers: Map<number, number[]>
  /** First Start and last End by subscriber. */
  times: Map<number, [number, number]>
  hours: Map<number, number[]>
  /** Reason by source and number of the row. */
  rejected: Map<string, string>
}

/** Computes it, and asserts that each position counts what became of its rows. */
export function expectedOf(
  { positions, store }: Pick<Partition, 'positions' | 'store'>,
  sources: ReadonlyMap<string, ModelSource>,
  cutover: Cutover,
): Expected {
  const expected: Expected = {
    ...{ subscribers: new Map(), times: new Map(), hours: new Map(), rejected: new Map() },
  }
  for (const [id, position] of positions) {
    const source = sources.get(id)
    assert.ok(source !== undefined, `a position of ${position.name}, which was not read`)
    const { applied, rejected, excluded } = outcomesAt(source, position, cutover)
    const counted = [position.applied, position.rejected, position.excluded]
    const place = `rows of ${position.name} in partition ${store.partition}, at ${position.next}`
    assert.deepEqual(counted, [applied.length, rejected.length, excluded], `I1: ${place}`)
    for (const row of applied) {
      const { msisdn, startMs, durationMs } = row
      add(expected.subscribers, msisdn, row)
      add(expected.hours, Math.floor(startMs / HOUR_MS), row)
      const [first, last] = expected.times.get(msisdn) ?? [Infinity, 0]
      const end = startMs + durationMs
      expected.times.set(msisdn, [Math.min(first, startMs), Math.max(last, end)])
    }
    for (const { at, row } of rejected) {
      expected.rejected.set(
        `${id.slice(0, 32)}/${source.numberOf(position.order, at)}`,
        row.reason ?? '',
      )
    }
  }
  return expected
}

const YOUTUBE = FIELD.applications + 2 * 3

/** Asserts that what was loaded is what is expected (I1, I2). */
export function assertHolds(partition: Partition, expected: Expected): void {
  const { table, hours, counters, store } = partition
  const place = `partition ${store.partition}`
  const { records, sessions, downlinkBytes, uplinkBytes, durationMs } = FIELD
  const fields = [records, sessions, durationMs, downlinkBytes, uplinkBytes, YOUTUBE]
  assert.equal(table.count, expected.subscribers.size, `I2: subscribers of ${place}`)
  let applied = 0
  for (let slot = 0; slot < table.count; slot++) {
    const row = rowOf(table, slot)
    assert.equal(row.length, WIDTH)
    const msisdn = row[FIELD.msisdn]
    const found = fields.map((field) => row[field])
    assert.deepEqual(found, expected.subscribers.get(msisdn), `I2: slot ${slot} of ${place}`)
    const times = [row[FIELD.firstStartMs], row[FIELD.lastEndMs]]
    assert.deepEqual(times, expected.times.get(msisdn), `I2: times of slot ${slot} of ${place}`)
    applied += row[records]
  }
  assert.equal(counters.applied, applied, `I1: records of ${place}`)
  assert.deepEqual(
    [...hours.rows.keys()].sort((a, b) => a - b),
    [...expected.hours.keys()].sort((a, b) => a - b),
    `I2: hours of ${place}`,
  )
  for (const [hour, row] of hours.rows) {
    const found = fields.map((field) => row[field - records])
    assert.deepEqual(found, expected.hours.get(hour), `I2: hour ${hour} of ${place}`)
  }
}

/** Asserts that rejected rows are counted by reason, and kept up to their bound (I8). */
export function assertRejected(
  { counters, store }: Partition,
  { rejected }: Expected,
  keepRejected: number,
): void {
  const place = `partition ${store.partition}`
  const reasons: Record<string, number> = {}
  for (const reason of rejected.values()) reasons[reason] = (reasons[reason] ?? 0) + 1
  const counted = Object.entries(counters.rejected).filter(([, count]) => count !== 0)
  assert.deepEqual(Object.fromEntries(counted), reasons, `I1: reasons of ${place}`)
  const kept = keysOf(store.rejected.getRange())
  assert.equal(kept.size, Math.min(rejected.size, keepRejected), `I8: kept rows of ${place}`)
  for (const [key, reason] of kept) {
    assert.equal(rejected.get(key), reason, `I8: the kept row ${key} of ${place}`)
  }
}

/** Entries of rejected rows: reason by source and number. */
export const keysOf = (range: Iterable<{ key: Buffer; value: unknown }>): Map<string, string> =>
  new Map(
    [...range].map(({ key, value }) => {
      const [reason] = value as StoredRow
      return [`${sourceOfKey(key)}/${rowOfKey(key)}`, reason]
    }),
  )
