// Rows of aggregates as values of at most one LMDB page each, and back.
import { CHECKSUM_BYTES } from './entries.ts'
import { WIDTH } from '../src/subscriber/aggregate.ts'
import {
  MAX_ROW_BYTES,
  readRow,
  readVarint,
  skipVarints,
  writeRow,
  writeVarint,
} from '../src/subscriber/bytes.ts'
import type { Cursor } from '../src/subscriber/bytes.ts'
import { CHUNK_BITS, CHUNK_MASK, type Table } from '../src/subscriber/table.ts'

/**
 * The largest value that takes, with its checksum, exactly one overflow page of 4,096 bytes (measured
 * with lmdb 3.5: 4,076 bytes take two). Single pages can be reused individually, so the file does not
 * fragment.
 */
export const PAGE_VALUE_BYTES: number = 4072 - CHECKSUM_BYTES
/** A row and the gap between slots before it, which takes at most 4 bytes. */
const MOST_PER_ROW = MAX_ROW_BYTES + 4

/** Slots of a block as a power of two: the base image is read and written block by block. */
export const BLOCK_BITS = 10
/** Slots of a block. */
export const BLOCK_SLOTS: number = 1 << BLOCK_BITS

const page = Buffer.alloc(PAGE_VALUE_BYTES + CHECKSUM_BYTES)

/**
 * Writes rows in ascending order of slot as pages. A page consists of varints: `tag`, the first
 * slot, then for each row the gap to the previous slot (0 for the first row) and the row.
 *
 * @param tag written to every page: the commit of a base image; unused in the journal
 * @param slots the rows to write, ascending; `count` of them are valid
 * @param emit receives each page, with room for a checksum behind it; the bytes are overwritten after
 *   the call
 * @returns the number of pages
 */
export function writePages(
  table: Table,
  slots: Uint32Array,
  count: number,
  tag: number,
  emit: (page: number, bytes: Buffer) => void,
): number {
  let pages = 0
  let i = 0
  while (i < count) {
    let slot = slots[i]
    let at = writeVarint(page, writeVarint(page, 0, tag), slot)
    for (; i < count && at + MOST_PER_ROW <= PAGE_VALUE_BYTES; i++) {
      at = writeVarint(page, at, slots[i] - slot)
      slot = slots[i]
      at = writeRow(table.chunks[slot >>> CHUNK_BITS], (slot & CHUNK_MASK) * WIDTH, page, at)
    }
    emit(pages++, page.subarray(0, at))
  }
  return pages
}

/** A page that is being read: its tag, and the slot of the row at the cursor. */
export interface PageReader {
  cursor: Cursor
  tag: number
  /** -1 after the last row. */
  slot: number
}

/** Opens a page at its first row. */
export function openPage(bytes: Uint8Array): PageReader {
  const cursor: Cursor = { bytes, at: 0 }
  const tag = readVarint(cursor)
  const first = readVarint(cursor)
  return { cursor, tag, slot: first + readVarint(cursor) }
}

/** Reads the row at the cursor into `rows` from `offset` on, and advances to the next slot. */
export function readNextRow(reader: PageReader, rows: Float64Array, offset: number): void {
  const { cursor } = reader
  readRow(cursor, rows, offset)
  reader.slot = cursor.at < cursor.bytes.length ? reader.slot + readVarint(cursor) : -1
}

/** Advances to the next slot without reading the row; returns its MSISDN. */
export function skipNextRow(reader: PageReader): number {
  const { cursor } = reader
  const msisdn = readVarint(cursor)
  skipVarints(cursor, WIDTH - 1)
  reader.slot = cursor.at < cursor.bytes.length ? reader.slot + readVarint(cursor) : -1
  return msisdn
}
