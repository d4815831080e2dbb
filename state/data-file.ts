// The data file of a partition, read without LMDB: its two meta pages, from which every read begins.
//
// LMDB maps the file and follows what the pages contain. A page beyond the end of the file, or a
// damaged page, ends the process with a signal; so the file is checked before LMDB reads from it.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { PulseError } from '../src/errors.ts'

/** Bytes of a page of LMDB: those of the system's pages on all supported machines. */
export const PAGE_BYTES = 4096
/** Bytes of the header of a page. */
export const HEADER_BYTES = 24
/** The flags of a page: what it holds. */
export const PAGE_FLAGS = { branch: 1, leaf: 2, overflow: 4, meta: 8 } as const

/** The number of meta pages, at the beginning of the file. */
export const META_PAGES = 2
/**
 * Address space, not memory or disk. It exceeds what the maximum number of subscribers of a partition
 * takes, and a process can map 1,024 of them: it has 2^47 bytes, beyond which LMDB crashes.
 */
export const MAP_BYTES = 2 ** 35
/** What a meta page begins with: its magic number, and the version of LMDB's format. */
export const [MAGIC, DATA_VERSION] = [0xbeefc0de, 2]
/** The list of free pages has numbers as keys. */
export const FREE_LIST_FLAGS = 0x8
/** Of lmdb: how a file was flushed. Its former options wrote them. */
const HARMLESS_FLAGS = 0x1800
/** Root of a tree without pages. */
export const NO_PAGE = 2n ** 64n - 1n

/** The record of a B-tree: its root and how many pages and entries it has. */
export interface TreeRecord {
  flags: number
  depth: number
  branchPages: number
  leafPages: number
  overflowPages: number
  entries: number
  /** -1 for a tree without pages. */
  root: number
}

/** Bytes of a stored tree record. */
export const TREE_RECORD_BYTES = 48

/** One meta page: the state of the file as of one transaction. */
export interface MetaPage {
  transaction: number
  lastPage: number
  free: TreeRecord
  main: TreeRecord
}

/** A data file that is open for plain reads. */
export interface DataFile {
  path: string
  descriptor: number
}

/** Name of the data file in the directory of a partition. */
export const dataFileOf = (directory: string): string => join(directory, 'data.mdb')

/** Opens the data file of a partition, runs `work`, and closes the file. */
export function withDataFile<T>(directory: string, work: (file: DataFile) => T): T {
  const path = dataFileOf(directory)
  const descriptor = openSync(path, 'r')
  try {
    return work({ path, descriptor })
  } finally {
    closeSync(descriptor)
  }
}

/** The error for a damaged file: what was found, what was expected, and what to do. */
export const damaged = (path: string, found: string): PulseError =>
  new PulseError(
    'store-failed',
    `${path} is damaged: ${found}; restore the state directory from a backup, or replay its sources ` +
      'into a new directory',
  )

/**
 * The newest of the two meta pages. A writer may replace one at any moment, so a finding counts when
 * two reads agree.
 *
 * @throws PulseError `store-failed` for a file that is not LMDB's, of another version, or damaged
 */
export function readNewestMeta(file: DataFile): MetaPage {
  let pages = readMetaPages(file)
  for (;;) {
    const finding = findingIn(pages) ?? ageFinding(file, pages)
    if (finding === null) break
    const again = readMetaPages(file)
    if (again.equals(pages)) throw damaged(file.path, finding)
    pages = again
  }
  const metas = [parseMeta(pages, 0), parseMeta(pages, 1)]
  return metas[0].transaction > metas[1].transaction ? metas[0] : metas[1]
}

/** The bytes of both meta pages. @throws PulseError `store-failed` for a file without them */
export function readMetaPages(file: DataFile): Buffer {
  const pages = Buffer.alloc(META_PAGES * PAGE_BYTES)
  const read = readSync(file.descriptor, pages, 0, pages.length, 0)
  if (read < pages.length) {
    throw damaged(file.path, `it has ${read} bytes, expected at least ${pages.length}`)
  }
  return pages
}

/** What is wrong with the meta pages; null for nothing. */
function findingIn(pages: Buffer): string | null {
  for (let page = 0; page < META_PAGES; page++) {
    const at = page * PAGE_BYTES
    const isMeta = pages.readUInt16LE(at + 18) === PAGE_FLAGS.meta
    if (!isMeta || pages.readUInt32LE(at + HEADER_BYTES) !== MAGIC) {
      return `page ${page} is not a meta page of LMDB`
    }
    const version = pages.readUInt32LE(at + HEADER_BYTES + 4)
    if (version !== DATA_VERSION) {
      return `page ${page} has version ${version} of LMDB's format, expected ${DATA_VERSION}`
    }
    const pageBytes = pages.readUInt32LE(at + HEADER_BYTES + 24)
    if (pageBytes !== PAGE_BYTES) {
      return `page ${page} states a page size of ${pageBytes} bytes, expected ${PAGE_BYTES}`
    }
  }
  const [even, odd] = [parseMeta(pages, 0), parseMeta(pages, 1)]
  const flags = [even, odd].map(({ free }) => free.flags & ~HARMLESS_FLAGS)
  if (flags.some((flag) => flag !== FREE_LIST_FLAGS)) {
    return `the flags of its lists of free pages are ${even.free.flags} and ${odd.free.flags}`
  }
  const last = Math.max(even.lastPage, odd.lastPage)
  if (last >= MAP_BYTES / PAGE_BYTES) return `its last page is ${last}, expected a smaller number`
  return transactionFinding(even.transaction, odd.transaction)
}

/** Transactions take the two pages in turn, so their numbers are successive. */
function transactionFinding(even: number, odd: number): string | null {
  // Both are 0 until the first transaction, which takes page 1.
  if (even % 2 === 0 && (Math.abs(even - odd) === 1 || (even === 0 && odd === 0))) return null
  return `its meta pages are of the transactions ${even} and ${odd}, expected successive ones`
}

/**
 * Each transaction writes the list of databases, so its root is as old as its meta page. A meta page
 * with a lower number would make the one before the newest, which gives older numbers. The pages of
 * both are kept until one is replaced.
 */
function ageFinding(file: DataFile, pages: Buffer): string | null {
  const header = Buffer.alloc(HEADER_BYTES)
  for (let page = 0; page < META_PAGES; page++) {
    const { main, transaction } = parseMeta(pages, page)
    // Pages beyond the end of the file are found with all others.
    if (main.root < 0 || main.root > lastOf(file)) continue
    readSync(file.descriptor, header, 0, HEADER_BYTES, main.root * PAGE_BYTES)
    const written = readNumber(header, 8)
    if (written === transaction) continue
    return `meta page ${page} is of transaction ${transaction}, but ${written} wrote its pages`
  }
  return null
}

/** Where the fields of a meta page are within it. */
export const META_PLACE = { free: 48, main: 96, lastPage: 144, transaction: 152 } as const

/** Reads one of both meta pages. */
export function parseMeta(pages: Buffer, page: number): MetaPage {
  const at = page * PAGE_BYTES
  return {
    free: parseTree(pages, at + META_PLACE.free),
    main: parseTree(pages, at + META_PLACE.main),
    lastPage: readNumber(pages, at + META_PLACE.lastPage),
    transaction: readNumber(pages, at + META_PLACE.transaction),
  }
}

/** Reads a tree record of TREE_RECORD_BYTES from `at` on. */
export function parseTree(bytes: Buffer, at: number): TreeRecord {
  const [branchPages, leafPages, overflowPages, entries] = [8, 16, 24, 32].map((place) =>
    readNumber(bytes, at + place),
  )
  const noPages = bytes.readBigUInt64LE(at + 40) === NO_PAGE
  return {
    flags: bytes.readUInt16LE(at + 4),
    depth: bytes.readUInt16LE(at + 6),
    branchPages,
    leafPages,
    overflowPages,
    entries,
    root: noPages ? -1 : readNumber(bytes, at + 40),
  }
}

/** The last page that the file has in full. */
const lastOf = ({ descriptor }: DataFile): number =>
  Math.floor(fstatSync(descriptor).size / PAGE_BYTES) - 1

/** A number of 64 bits; one beyond 2^53 is rounded, and is out of every range anyway. */
export const readNumber = (bytes: Buffer, at: number): number =>
  bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32

/** Reads bytes of the file that are in use. */
export function readBytes(file: DataFile, at: number, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes)
  const read = readSync(file.descriptor, buffer, 0, bytes, at)
  if (read < bytes) throw damaged(file.path, `it ends at ${at + read}, within a page in use`)
  return buffer
}
