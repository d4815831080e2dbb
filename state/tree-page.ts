// One page of a B-tree of the data file: its header and its nodes, checked against its size.
import { HEADER_BYTES, PAGE_BYTES, readNumber } from './data-file.ts'

const NODE_BYTES = 8
/** Offsets of nodes count from the end of the header. */
const ROOM = PAGE_BYTES - HEADER_BYTES

/** A node's data are on overflow pages, to which its bytes within the page refer. */
export const OVERFLOW_NODE = 1
/** A node's data are the record of a tree. */
export const TREE_NODE = 2
/** Bytes of a reference: first overflow page, transaction, number of pages. */
const REFERENCE_BYTES = 24

/** A page of a tree. */
export interface TreePage {
  number: number
  transaction: number
  flags: number
  nodes: PageNode[]
}

/** A node of a page. */
export interface PageNode {
  key: Buffer
  /** The page that a node of a branch page refers to. */
  child: number
  flags: number
  /** Size of the data of a leaf's node, also of those on overflow pages. */
  bytes: number
  /** The data within the page, or the reference. */
  data: Buffer
}

/** The header of a page. */
export interface PageHeader {
  number: number
  transaction: number
  flags: number
  /** Pages of a run of overflow pages; of others the bounds of their free space. */
  pages: number
}

/** Reads the header of a page from its first HEADER_BYTES. */
export const parseHeader = (page: Buffer): PageHeader => ({
  number: readNumber(page, 0),
  transaction: readNumber(page, 8),
  flags: page.readUInt16LE(18),
  pages: page.readUInt32LE(20),
})

/** Reads a page of a tree; a text states what is wrong with it. */
export function parsePage(page: Buffer, isLeaf: boolean): TreePage | string {
  const { number, transaction, flags } = parseHeader(page)
  const [lower, upper] = [page.readUInt16LE(20), page.readUInt16LE(22)]
  if (lower % 2 === 1 || lower > upper || upper > ROOM) {
    return `its free space begins at ${lower} and ends at ${upper}`
  }
  const nodes: PageNode[] = []
  let used = 0
  for (let place = 0; place < lower; place += 2) {
    const offset = page.readUInt16LE(HEADER_BYTES + place)
    const node = parseNode(page, offset, upper, isLeaf)
    if (typeof node === 'string') return node
    nodes.push(node)
    const size = NODE_BYTES + node.key.length + node.data.length
    used += size + (size % 2)
  }
  if (used !== ROOM - upper) return `its nodes have ${used} bytes, expected ${ROOM - upper}`
  return { number, transaction, flags, nodes }
}

function parseNode(
  page: Buffer,
  offset: number,
  upper: number,
  isLeaf: boolean,
): PageNode | string {
  const at = HEADER_BYTES + offset
  if (offset < upper || at + NODE_BYTES > PAGE_BYTES) return `it has a node at ${offset}`
  const [low, high, flags] = [0, 2, 4].map((place) => page.readUInt16LE(at + place))
  const keyAt = at + NODE_BYTES
  const dataAt = keyAt + page.readUInt16LE(at + 6)
  const bytes = isLeaf ? low + high * 2 ** 16 : 0
  const end = dataAt + (isLeaf && flags === OVERFLOW_NODE ? REFERENCE_BYTES : bytes)
  if (end > PAGE_BYTES) return `its node at ${offset} exceeds it`
  return {
    key: page.subarray(keyAt, dataAt),
    child: low + high * 2 ** 16 + flags * 2 ** 32,
    flags,
    bytes,
    data: page.subarray(dataAt, end),
  }
}

/** Where the data of a node lie on overflow pages. */
export interface OverflowRun {
  first: number
  transaction: number
  pages: number
}

/** Reads the reference of a node with OVERFLOW_NODE. */
export const parseReference = ({ data }: PageNode): OverflowRun => ({
  first: readNumber(data, 0),
  transaction: readNumber(data, 8),
  pages: readNumber(data, 16),
})

/** Pages of a run of overflow pages that holds `bytes`. */
export const overflowPagesFor = (bytes: number): number =>
  Math.ceil((HEADER_BYTES + bytes) / PAGE_BYTES)
