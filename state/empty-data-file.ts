// Writes the data file of a new partition: LMDB ends the process with a signal when it cannot.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import {
  DATA_VERSION,
  dataFileOf,
  FREE_LIST_FLAGS,
  HEADER_BYTES,
  MAGIC,
  MAP_BYTES,
  META_PAGES,
  META_PLACE,
  NO_PAGE,
  PAGE_BYTES,
  PAGE_FLAGS,
} from './data-file.ts'

/**
 * Writes an empty data file, durable on return. It has its name once it is whole: an empty one is
 * damaged, and never that of a writer that was killed.
 *
 * @throws the error of the system
 */
export function createDataFile(directory: string): void {
  const path = `${dataFileOf(directory)}.new`
  try {
    const descriptor = openSync(path, 'w')
    try {
      const pages = emptyMetaPages()
      const written = writeSync(descriptor, pages, 0, pages.length, 0)
      if (written < pages.length) throw new Error(`${path}: ${written} bytes were written`)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(path, dataFileOf(directory))
  } catch (error) {
    // The next attempt must not find a part of it.
    rmSync(path, { force: true })
    throw error
  }
}

/** Both meta pages of a file without transactions, as LMDB writes them. */
export function emptyMetaPages(): Buffer {
  const pages = Buffer.alloc(META_PAGES * PAGE_BYTES)
  for (let page = 0; page < META_PAGES; page++) {
    const at = page * PAGE_BYTES
    pages.writeBigUInt64LE(BigInt(page), at)
    pages.writeUInt16LE(PAGE_FLAGS.meta, at + 18)
    pages.writeUInt32LE(MAGIC, at + HEADER_BYTES)
    pages.writeUInt32LE(DATA_VERSION, at + HEADER_BYTES + 4)
    pages.writeBigUInt64LE(BigInt(MAP_BYTES), at + HEADER_BYTES + 16)
    pages.writeUInt32LE(PAGE_BYTES, at + META_PLACE.free)
    pages.writeUInt16LE(FREE_LIST_FLAGS, at + META_PLACE.free + 4)
    for (const tree of [META_PLACE.free, META_PLACE.main]) {
      pages.writeBigUInt64LE(NO_PAGE, at + tree + 40)
    }
    pages.writeBigUInt64LE(BigInt(META_PAGES - 1), at + META_PLACE.lastPage)
  }
  return pages
}
