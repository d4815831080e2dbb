// Checks the pages of a data file as of one transaction, before LMDB follows them.
//
// Each page is reached at most once: from a B-tree, or from the list of free pages. It has its own
// number, an age that its parent allows, and nodes that lie within it; keys ascend; each tree has as
// many pages and entries as its record states. The values are checked where they are read.
import { fstatSync } from 'node:fs'
import {
  damaged,
  readBytes,
  HEADER_BYTES,
  PAGE_BYTES,
  PAGE_FLAGS,
  parseTree,
  readNumber,
} from './data-file.ts'
import { TREE_RECORD_BYTES, type DataFile, type MetaPage, type TreeRecord } from './data-file.ts'
import {
  OVERFLOW_NODE,
  overflowPagesFor,
  parseHeader,
  parsePage,
  parseReference,
} from './tree-page.ts'
import { TREE_NODE, type OverflowRun, type PageNode } from './tree-page.ts'

/** A tree that is being walked. */
interface Walk {
  file: DataFile
  /** Named by the errors. */
  name: string
  record: TreeRecord
  lastPage: number
  /** Size of the file. */
  fileBytes: number
  /** By page: 1 when it was reached, from this tree or another one. */
  reached: Uint8Array
  /** The list of free pages has numbers as keys. */
  hasNumbers: boolean
  counts: Pick<TreeRecord, 'branchPages' | 'leafPages' | 'overflowPages' | 'entries'>
  /** The last key or separator; the next key may equal a separator. */
  last: Buffer | null
  lastIsSeparator: boolean
  /** Receives each entry of the leaves. */
  onEntry: (node: PageNode, transaction: number) => void
}

/**
 * Checks all pages as of a meta page.
 *
 * @returns the names of the databases
 * @throws PulseError `store-failed` that names the first damaged page
 */
export function checkPages(file: DataFile, meta: MetaPage): string[] {
  const { lastPage, transaction } = meta
  const names: string[] = []
  const ignore = (): void => undefined
  const fileBytes = fstatSync(file.descriptor).size
  const reached = new Uint8Array(lastPage + 1)
  const shared = { file, lastPage, fileBytes, reached, hasNumbers: false }
  const onDatabase: Walk['onEntry'] = (node, age) => {
    // lmdb ends names with a zero.
    const name = node.key.toString('latin1').replace(/\0$/, '')
    names.push(name)
    if (node.flags !== TREE_NODE || node.bytes !== TREE_RECORD_BYTES) {
      throw damaged(file.path, `the entry "${name}" is not a database`)
    }
    const tree = { ...shared, name: `database "${name}"`, record: parseTree(node.data, 0) }
    walkTree({ ...tree, onEntry: ignore }, age)
  }
  const list = { ...shared, name: 'the list of databases', record: meta.main, onEntry: onDatabase }
  walkTree(list, transaction)
  const free: TreeStart = {
    ...shared,
    ...{ name: 'the list of free pages', record: meta.free, hasNumbers: true },
    onEntry: (node) => addFreePages(free, node),
  }
  walkTree(free, transaction)
  return names
}

type TreeStart = Omit<Walk, 'counts' | 'last' | 'lastIsSeparator'>

function walkTree(start: TreeStart, transaction: number): void {
  const counts = { branchPages: 0, leafPages: 0, overflowPages: 0, entries: 0 }
  const walk: Walk = { ...start, counts, last: null, lastIsSeparator: false }
  const { record } = walk
  if (!walk.hasNumbers && record.flags !== 0) fail(walk, `has flags ${record.flags}, expected 0`)
  if (record.root >= 0) walkPage(walk, record.root, 1, transaction)
  for (const [what, count] of Object.entries(counts) as [keyof typeof counts, number][]) {
    if (record[what] !== count) fail(walk, `has ${count} ${what}, expected ${record[what]}`)
  }
}

/** Walks a page and those below it. No page is younger than its parent, of transaction `parent`. */
function walkPage(walk: Walk, number: number, depth: number, parent: number): void {
  reach(walk, number, 1)
  const bytes = readBytes(walk.file, number * PAGE_BYTES, PAGE_BYTES)
  const isLeaf = depth === walk.record.depth
  const page = parsePage(bytes, isLeaf)
  if (typeof page === 'string') return fail(walk, `has a damaged page ${number}: ${page}`)
  const { flags, transaction, nodes } = page
  if (page.number !== number || flags !== (isLeaf ? PAGE_FLAGS.leaf : PAGE_FLAGS.branch)) {
    fail(walk, `expects a page of depth ${depth} in place of page ${number}`)
  }
  if (transaction > parent) fail(walk, `has a page ${number} of a later transaction`)
  walk.counts[isLeaf ? 'leafPages' : 'branchPages']++
  // LMDB ends the process at a branch with a single child.
  if (!isLeaf && nodes.length < 2 && !walk.hasNumbers) fail(walk, `has a page ${number} too short`)
  nodes.forEach((node, i) => {
    // The first key of a branch is not used.
    if (isLeaf || i > 0) ascend(walk, node.key, !isLeaf)
    if (isLeaf) visitEntry(walk, node, transaction)
    else walkPage(walk, node.child, depth + 1, transaction)
  })
}

function ascend(walk: Walk, key: Buffer, isSeparator: boolean): void {
  const { last, lastIsSeparator, hasNumbers } = walk
  if (key.length === 0 || (hasNumbers && key.length !== 8)) {
    fail(walk, `has a key of ${key.length} bytes`)
  }
  const order = last === null ? -1 : hasNumbers ? compareNumbers(last, key) : last.compare(key)
  const follows = order < 0 || (order === 0 && lastIsSeparator && !isSeparator)
  if (!follows) fail(walk, `has keys that do not ascend`)
  walk.last = key
  walk.lastIsSeparator = isSeparator
}

const compareNumbers = (a: Buffer, b: Buffer): number => readNumber(a, 0) - readNumber(b, 0)

function visitEntry(walk: Walk, node: PageNode, transaction: number): void {
  walk.counts.entries++
  if (node.flags === OVERFLOW_NODE) {
    const run = parseReference(node)
    requireRun(walk, run, overflowPagesFor(node.bytes), transaction)
    walk.counts.overflowPages += run.pages
  } else if (node.flags !== 0 && node.flags !== TREE_NODE) {
    fail(walk, `has an entry with flags ${node.flags}`)
  }
  walk.onEntry(node, transaction)
}

function requireRun(walk: Walk, run: OverflowRun, pages: number, parent: number): void {
  const { first, transaction } = run
  if (run.pages !== pages) fail(walk, `has an entry on ${run.pages} pages, expected ${pages}`)
  reach(walk, first, pages)
  const header = parseHeader(readBytes(walk.file, first * PAGE_BYTES, HEADER_BYTES))
  const isRun = header.flags === PAGE_FLAGS.overflow && header.pages === pages
  if (!isRun || header.number !== first || header.transaction !== transaction) {
    fail(walk, `expects the value of an entry in place of page ${first}`)
  }
  if (transaction > parent) fail(walk, `has a page ${first} of a later transaction`)
}

/** Marks pages as reached, each for the first time and within the file. */
function reach(walk: Walk, first: number, pages: number): void {
  const { fileBytes, lastPage, reached } = walk
  const end = first + pages
  if (first < 2 || end - 1 > lastPage) fail(walk, `refers to page ${first} of ${lastPage + 1}`)
  if (end * PAGE_BYTES > fileBytes) {
    fail(walk, `needs the first ${end * PAGE_BYTES} bytes of the file, which has ${fileBytes}`)
  }
  markReached(walk, first, pages, reached)
}

function markReached(walk: TreeStart, first: number, pages: number, reached: Uint8Array): void {
  for (let page = first; page < first + pages; page++) {
    if (reached[page] === 1) fail(walk, `refers to page ${page}, which has another use`)
    reached[page] = 1
  }
}

/** An entry of the list: how many numbers follow, then pages; −n is a run of n pages from the next. */
function addFreePages(walk: TreeStart, node: PageNode): void {
  const list = node.flags === OVERFLOW_NODE ? readRun(walk.file, node) : node.data
  const count = readNumber(list, 0)
  if ((count + 1) * 8 > list.length) fail(walk, `has an entry of ${count} pages`)
  for (let i = 1; i <= count; i++) {
    const number = Number(list.readBigInt64LE(i * 8))
    if (number === 0) continue
    if (number < 0) i++
    const first = number < 0 && i <= count ? Number(list.readBigInt64LE(i * 8)) : number
    const pages = Math.max(1, -number)
    if (first < 2 || first + pages - 1 > walk.lastPage) fail(walk, `refers to page ${first}`)
    markReached(walk, first, pages, walk.reached)
  }
}

const readRun = (file: DataFile, node: PageNode): Buffer =>
  readBytes(file, parseReference(node).first * PAGE_BYTES + HEADER_BYTES, node.bytes)

function fail({ file, name }: TreeStart, finding: string): never {
  throw damaged(file.path, `${name} ${finding}`)
}
