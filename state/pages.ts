// Cuts rows of aggregates into values that fill one page of LMDB each, and reads them back.
import { WIDTH } from '../src/subscriber/aggregate.ts'
import {
  MAX_ROW_BYTES,
  readRow,
  readVarint,
  writeRow,
  writeVarint,
} from '../src/subscriber/bytes.ts'
import type { Cursor } from '../src/subscriber/bytes.ts'
import { CHUNK_BITS, CHUNK_MASK, type Table } from '../src/subscriber/table.ts'

/**
 * The largest value that takes exactly one overflow page of 4,096 bytes (lmdb 3.5, measured: 4,076
 * take two). Single pages can be reused one by one, so the file does not fragment.
 */
export const PAGE_VALUE_BYTES = 4072
/** A row's slot gap takes at most 4 bytes more. */
const MOST_PER_ROW = MAX_ROW_BYTES + 4

/** Rows of one block: the base image is read and written by blocks. */
export const BLOCK_BITS = 10
export const BLOCK_SLOTS: number = 1 << BLOCK_BITS

const page = Buffer.alloc(PAGE_VALUE_BYTES)

/**
 * Writes rows in ascending order of slot as pages: varints of `tag`, of the first slot, then for
 * each row the gap to the slot before it (0 for the first) and the row itself.
 *
 * @param tag goes in front of every page: the commit of a base image, unused in a journal
 * @param slots which rows, ascending; `count` of them are valid
 * @param emit receives each page; its bytes are overwritten after the call
 * @returns how many pages
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

/** A page being read: its tag, and the slot of the row that stands at the cursor. */
export interface PageReader {
  cursor: Cursor
  tag: number
  /** -1 behind the last row. */
  slot: number
}

export function openPage(bytes: Uint8Array): PageReader {
  const cursor: Cursor = { bytes, at: 0 }
  const tag = readVarint(cursor)
  const first = readVarint(cursor)
  return { cursor, tag, slot: first + readVarint(cursor) }
}

/** Reads the row at the cursor into `rows` and goes on to the next slot. */
export function takeRow(reader: PageReader, rows: Float64Array, offset: number): void {
  const { cursor } = reader
  readRow(cursor, rows, offset)
  reader.slot = cursor.at < cursor.bytes.length ? reader.slot + readVarint(cursor) : -1
}
