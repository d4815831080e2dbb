// What a partition keeps in addition to aggregates and kept rejected rows, as texts by name: counters,
// positions, totals by hour, the outbox, and what was decided. A changelog carries them.
import { HOUR_WIDTH, type HourTable } from '../src/subscriber/hours.ts'
import type { ReadTransaction } from './environment.ts'
import { SOURCE_COUNTS } from './consistency.ts'
import type { Counters, SourcePosition } from './partition-metadata.ts'
import { readCounters, readHours, readPositions } from './partition.ts'
import type { PartitionStore } from './store.ts'

/** Texts by name. */
export type Facts = Map<string, string>

/** The first part of a name. */
const KIND = { position: 'position/', hour: 'hour/', outbox: 'outbox/', meta: 'meta/' } as const
const COUNTERS = 'counters'
/** What of `meta` is carried. */
const META = ['cutoverMs', 'partitioner', SOURCE_COUNTS] as const

/** The facts of a partition as of a read transaction. */
export function readFacts(store: PartitionStore, transaction: ReadTransaction): Facts {
  const facts: Facts = new Map([[COUNTERS, JSON.stringify(readCounters(store, transaction))]])
  for (const [source, position] of readPositions(store, transaction)) {
    facts.set(KIND.position + source, JSON.stringify(position))
  }
  for (const [hour, row] of readHours(store, transaction).rows) {
    facts.set(KIND.hour + String(hour), JSON.stringify([...row]))
  }
  for (const { key, value } of store.outbox?.getRange({ transaction }) ?? []) {
    facts.set(KIND.outbox + key.toString('hex'), JSON.stringify(value))
  }
  for (const name of META) {
    const value = store.meta.get(name, { transaction })
    if (value !== undefined) facts.set(KIND.meta + name, JSON.stringify(value))
  }
  return facts
}

/** The same as values, for a partition that takes them over. */
export interface ReadFacts {
  counters: Counters | null
  positions: Map<string, SourcePosition>
  hours: HourTable
  outbox: (readonly [key: Buffer, value: unknown])[]
  meta: (readonly [name: string, value: unknown])[]
}

/** Reads facts. @throws SyntaxError for a text that is not JSON */
export function parseFacts(facts: Facts): ReadFacts {
  const read: ReadFacts = {
    counters: null,
    positions: new Map(),
    hours: { rows: new Map(), dirty: new Set() },
    outbox: [],
    meta: [],
  }
  for (const [name, text] of facts) {
    const value: unknown = JSON.parse(text)
    const rest = name.slice(name.indexOf('/') + 1)
    if (name === COUNTERS) read.counters = value as Counters
    else if (name.startsWith(KIND.position)) read.positions.set(rest, value as SourcePosition)
    else if (name.startsWith(KIND.outbox)) read.outbox.push([Buffer.from(rest, 'hex'), value])
    else if (name.startsWith(KIND.meta)) read.meta.push([rest, value])
    else if (name.startsWith(KIND.hour)) {
      const row = new Float64Array(HOUR_WIDTH)
      row.set(value as number[])
      read.hours.rows.set(Number(rest), row)
    }
  }
  return read
}

/** The facts without the outbox: only the owner of a partition sends its dead letters. */
export const withoutOutbox = (facts: Facts): Facts =>
  new Map([...facts].filter(([name]) => !name.startsWith(KIND.outbox)))
