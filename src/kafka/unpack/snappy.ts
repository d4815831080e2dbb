// Unpacks Snappy within a bound, raw and in the blocks of xerial, which Java clients write.
//
// The client's code is WebAssembly: it believes a claimed length, never gives back the memory of the
// largest one, and loses that of a damaged block. So claims are checked first, and after the first
// damaged block each block is walked through first. Format: google/snappy, format_description.txt.
import { compressionsAlgorithmsByBitmask } from '../client.ts'

/** Place of the codec in the attributes of a batch. */
const SNAPPY = 2
/** Begins the blocks of xerial; 8 bytes of versions follow. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const XERIAL_BYTES = 16

/** An element of 3 bytes makes at most 64: no block unpacks to more times its size. */
const MOST_TIMES = 22

/** A block: its elements, and the number of bytes that it claims. */
interface Block {
  from: number
  to: number
  length: number
}

let hasLostMemory = false

/**
 * The bytes that `packed` unpacks to.
 *
 * @throws Error when it is damaged, or claims more than `most` bytes; nothing is allocated before
 */
export function unpackSnappy(packed: Buffer, most: number): Buffer {
  const blocks = blocksOf(packed)
  const claimed = blocks.reduce((sum, { length }) => sum + length, 0)
  if (claimed > most) throw new Error(`${claimed} bytes, expected at most ${most}`)
  if (hasLostMemory) requireWhole(packed, blocks)
  try {
    return compressionsAlgorithmsByBitmask[SNAPPY].decompressSync(packed)
  } catch (error) {
    hasLostMemory = true
    throw error
  }
}

/**
 * Walks through the elements of a block as unpacking does.
 *
 * @throws Error when one of them does not fit, or they make another number of bytes
 */
export function requireWholeSnappy(packed: Buffer): void {
  requireWhole(packed, blocksOf(packed))
}

function requireWhole(packed: Buffer, blocks: readonly Block[]): void {
  for (const { from, to, length } of blocks) {
    if (elementsSize(packed, from, to) !== length) throw new Error('a damaged Snappy block')
  }
}

function blocksOf(packed: Buffer): Block[] {
  const isXerial = packed.subarray(0, XERIAL.length).equals(XERIAL)
  if (!isXerial) return [blockAt(packed, 0, packed.length)]
  const blocks: Block[] = []
  for (let at = XERIAL_BYTES; at < packed.length;) {
    const size = at + 4 <= packed.length ? packed.readUInt32BE(at) : Infinity
    const from = at + 4
    at = from + size
    if (at > packed.length) throw new Error('a Snappy block that does not fit')
    blocks.push(blockAt(packed, from, at))
  }
  return blocks
}

function blockAt(packed: Buffer, from: number, to: number): Block {
  let [at, length] = [from, 0]
  for (let scale = 1; ; scale *= 128) {
    if (at >= to || scale > 2 ** 28) throw new Error('a Snappy block without a length')
    const byte = packed[at++]
    length += (byte & 127) * scale
    if (byte < 128) break
  }
  if (length > MOST_TIMES * (to - at)) {
    throw new Error(`a Snappy block of ${to - from} bytes that claims ${length} bytes`)
  }
  return { from: at, to, length }
}

/** The bytes that elements make; -1 where one does not fit, or copies what is not there. */
function elementsSize(packed: Uint8Array, from: number, to: number): number {
  let [at, made] = [from, 0]
  while (at < to) {
    const tag = packed[at++]
    const kind = tag & 3
    if (kind === 0) {
      let length = (tag >>> 2) + 1
      if (length > 60) {
        const bytes = length - 60
        if (at + bytes > to) return -1
        length = littleEndian(packed, at, bytes) + 1
        at += bytes
      }
      at += length
      made += length
      if (at > to) return -1
      continue
    }
    let offset = 0
    let length = (tag >>> 2) + 1
    if (kind === 1) {
      offset = ((tag >>> 5) << 8) | packed[at++]
      length = ((tag >>> 2) & 7) + 4
    } else if (kind === 2) {
      offset = packed[at] | (packed[at + 1] << 8)
      at += 2
    } else {
      offset = littleEndian(packed, at, 4)
      at += 4
    }
    // A place past the end makes an offset of 0 or NaN at most, and is found here.
    if (at > to || !(offset > 0 && offset <= made)) return -1
    made += length
  }
  return made
}

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let n = 0; n < count; n++) value += bytes[at + n] * 2 ** (8 * n)
  return value
}
