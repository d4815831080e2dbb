// All aggregates of a partition in memory: rows in chunks, and an index from MSISDN to row.
import { PulseError } from '../errors.ts'
import { FIELD, WIDTH } from './aggregate.ts'

/** A subscriber's slot is its row number. Rows are in chunks of 2^13, about 1.4 MB each. */
export const CHUNK_BITS = 13
/** The bits of a slot that are the row number within its chunk. */
export const CHUNK_MASK: number = (1 << CHUNK_BITS) - 1

/** A slot takes 26 bits of an index entry; 6 bits of hash avoid reading the rows of most others. */
const SLOT_BITS = 26
const SLOT_MASK = 2 ** SLOT_BITS - 1
/** The most subscribers of a table. */
export const MAX_SLOTS: number = SLOT_MASK
const FIRST_INDEX_SIZE = 1 << 12

/** Aggregates by slot, and the slots changed since the last commit. It grows by chunks, without copies. */
export interface Table {
  count: number
  chunks: Float64Array[]
  /** Open addressing, linear probing: 6 bits of hash, then slot + 1; 0 is empty. */
  index: Uint32Array
  /** 1 where the slot changed since the last commit. */
  dirty: Uint8Array
  dirtyCount: number
}

/** A table without subscribers. */
export function createTable(): Table {
  return {
    count: 0,
    chunks: [],
    index: new Uint32Array(FIRST_INDEX_SIZE),
    dirty: new Uint8Array(1 << CHUNK_BITS),
    dirtyCount: 0,
  }
}

/** Multiplicative mixing of both halves of an MSISDN (constants of MurmurHash3's finaliser). */
function hash(msisdn: number): number {
  const high = Math.floor(msisdn / 4294967296)
  let h = Math.imul((msisdn - high * 4294967296) | 0, 0x85ebca6b) ^ Math.imul(high, 0xc2b2ae35)
  h ^= h >>> 15
  h = Math.imul(h, 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** The slot of an MSISDN, or -1. */
export function findSlot(table: Table, msisdn: number): number {
  const entry = table.index[probe(table, msisdn, hash(msisdn))]
  return entry === 0 ? -1 : (entry & SLOT_MASK) - 1
}

/** The place in the index of `msisdn`, or the free place for it. */
function probe(table: Table, msisdn: number, h: number): number {
  const { index, chunks } = table
  const mask = index.length - 1
  const tag = h >>> SLOT_BITS
  let at = h & mask
  for (;;) {
    const entry = index[at]
    if (entry === 0) return at
    if (entry >>> SLOT_BITS === tag) {
      const slot = (entry & SLOT_MASK) - 1
      if (chunks[slot >>> CHUNK_BITS][(slot & CHUNK_MASK) * WIDTH] === msisdn) return at
    }
    at = (at + 1) & mask
  }
}

/**
 * Writes the slots of the first `count` subscribers to `slots`; new subscribers are added with zeros.
 *
 * @throws PulseError `store-failed` when the partition would hold more than MAX_SLOTS subscribers
 */
export function findOrAddSlots(
  table: Table,
  subscribers: Float64Array,
  count: number,
  slots: Uint32Array,
): void {
  reserve(table, table.count + count)
  for (let i = 0; i < count; i++) {
    const msisdn = subscribers[i]
    const h = hash(msisdn)
    const at = probe(table, msisdn, h)
    const entry = table.index[at]
    slots[i] = entry === 0 ? addAt(table, msisdn, h, at) : (entry & SLOT_MASK) - 1
  }
}

function addAt(table: Table, msisdn: number, h: number, at: number): number {
  const slot = table.count++
  table.index[at] = (((h >>> SLOT_BITS) << SLOT_BITS) | (slot + 1)) >>> 0
  table.chunks[slot >>> CHUNK_BITS][(slot & CHUNK_MASK) * WIDTH + FIELD.msisdn] = msisdn
  return slot
}

/**
 * Appends rows of different subscribers, which a scan of the store yields in slot order; they are not
 * dirty.
 *
 * @throws PulseError `store-failed` when the partition would hold more than MAX_SLOTS subscribers
 */
export function appendRows(table: Table, rows: Float64Array, count: number): void {
  reserve(table, table.count + count)
  const first = table.count
  for (let i = 0; i < count;) {
    const slot = first + i
    const part = Math.min(count - i, CHUNK_MASK + 1 - (slot & CHUNK_MASK))
    const copied = rows.subarray(i * WIDTH, (i + part) * WIDTH)
    table.chunks[slot >>> CHUNK_BITS].set(copied, (slot & CHUNK_MASK) * WIDTH)
    i += part
  }
  table.count += count
  indexSlots(table, first)
}

/** Adds the slots from `first` on to the index, which has room for them. */
function indexSlots({ index, chunks, count }: Table, first: number): void {
  const mask = index.length - 1
  for (let slot = first; slot < count; slot++) {
    const h = hash(chunks[slot >>> CHUNK_BITS][(slot & CHUNK_MASK) * WIDTH])
    let at = h & mask
    while (index[at] !== 0) at = (at + 1) & mask
    index[at] = (((h >>> SLOT_BITS) << SLOT_BITS) | (slot + 1)) >>> 0
  }
}

/**
 * Makes room for `slots` rows and keeps the index at most two thirds full.
 *
 * @throws PulseError `store-failed` when `slots` exceeds MAX_SLOTS
 */
export function reserve(table: Table, slots: number): void {
  if (slots > MAX_SLOTS) {
    throw new PulseError(
      'store-failed',
      `a partition holds at most ${MAX_SLOTS} subscribers and this one would hold up to ${slots}; ` +
        'replay into a new state directory with more --partitions',
    )
  }
  while (table.chunks.length << CHUNK_BITS < slots) {
    table.chunks.push(new Float64Array(WIDTH << CHUNK_BITS))
  }
  if (table.dirty.length < slots) {
    const dirty = new Uint8Array(Math.max(slots, table.dirty.length * 2))
    dirty.set(table.dirty)
    table.dirty = dirty
  }
  let size = table.index.length
  while (slots * 3 > size * 2) size *= 2
  if (size > table.index.length) rebuildIndex(table, size)
}

function rebuildIndex(table: Table, size: number): void {
  table.index = new Uint32Array(size)
  indexSlots(table, 0)
}
