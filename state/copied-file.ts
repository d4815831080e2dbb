// Makes a copied data file complete: what may be inconsistent in it is removed, and it is flushed.
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import {
  dataFileOf,
  META_PLACE,
  NO_PAGE,
  PAGE_BYTES,
  parseMeta,
  readMetaPages,
  TREE_RECORD_BYTES,
} from './data-file.ts'

/**
 * Empties the older meta page of a copy that was made beside a writer: the writer may have replaced
 * pages of that older state before they were copied. No process may have the copy open.
 *
 * @throws PulseError `store-failed` for a file without meta pages
 */
export function completeCopy(directory: string): void {
  const path = dataFileOf(directory)
  const descriptor = openSync(path, 'r+')
  try {
    const pages = readMetaPages({ path, descriptor })
    const transactions = [0, 1].map((page) => parseMeta(pages, page).transaction)
    const newest = transactions[0] > transactions[1] ? 0 : 1
    const older = 1 - newest
    const page = Buffer.from(pages.subarray(newest * PAGE_BYTES, (newest + 1) * PAGE_BYTES))
    page.writeBigUInt64LE(BigInt(older), 0)
    page.writeBigUInt64LE(BigInt(transactions[newest] - 1), META_PLACE.transaction)
    for (const tree of [META_PLACE.free, META_PLACE.main]) {
      // Size of pages and flags stay; depth, counts and root are those of a tree without pages.
      page.fill(0, tree + 6, tree + TREE_RECORD_BYTES)
      page.writeBigUInt64LE(NO_PAGE, tree + TREE_RECORD_BYTES - 8)
    }
    writeSync(descriptor, page, 0, PAGE_BYTES, older * PAGE_BYTES)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
