// Unpacks a frame of LZ4 within a bound: its blocks are measured first. Format: LZ4 Frame Format, version 1.6.
import { decompressFrameSync, uncompressSync } from 'lz4-napi'
import { unpackInto, type Block, type Room } from './room.ts'

const MAGIC = 0x184d2204
/** Bits of the flags: checksums of blocks, a content size, the id of a dictionary. */
const [BLOCK_CHECKSUM, CONTENT_SIZE, DICTIONARY] = [0b10000, 0b1000, 0b1]
/** The flags of a frame of independent blocks and nothing else, as Kafka's clients write it. */
const PLAIN = 0b01100000
/** A block that is stored as it is. */
const STORED = 2 ** 31
/** A byte of a length adds at most 255 bytes. */
const MOST_TIMES = 255

/**
 * The bytes that the first frame of `packed` unpacks to; what follows it is not read, as by Kafka's
 * own client.
 *
 * @throws Error when it is damaged, or unpacks to more than `most` bytes; nothing is allocated before
 */
export function unpackLz4(packed: Buffer, most: number, room: Room | null = null): Buffer {
  const { blocks, mostOfBlock, isWhole } = blocksOf(packed)
  const atMost = ({ from, to, isStored }: Block): number =>
    isStored ? to - from : Math.min(mostOfBlock, MOST_TIMES * (to - from))
  // What blocks may hold usually shows that it is enough; else their sequences are counted.
  if (sumOf(blocks, atMost) > most) {
    const total = sumOf(blocks, ({ from, to, isStored }) =>
      isStored ? to - from : sequencesSize(packed, from, to),
    )
    if (total > most) throw new Error(`${total} bytes, expected at most ${most}`)
  }
  // The package unpacks a block at five times the speed of a frame.
  const isPlain = isWhole && packed[4] === PLAIN
  if (!isPlain) return decompressFrameSync(packed)
  const unpacked = room === null ? null : unpackInto(room, packed, blocks)
  if (unpacked !== null) return unpacked
  const parts = blocks.map((block) => unpackBlock(packed, block, atMost(block)))
  return parts.length === 1 ? parts[0] : Buffer.concat(parts)
}

/** Unpacks a block: the package expects the most that it holds in front of it, in place of its size. */
function unpackBlock(packed: Buffer, { from, to, isStored }: Block, atMost: number): Buffer {
  if (isStored) return packed.subarray(from, to)
  const size = packed.readUInt32LE(from - 4)
  packed.writeUInt32LE(atMost, from - 4)
  try {
    return uncompressSync(packed.subarray(from - 4, to))
  } finally {
    packed.writeUInt32LE(size, from - 4)
  }
}

const sumOf = (blocks: readonly Block[], sizeOf: (block: Block) => number): number =>
  blocks.reduce((sum, block) => sum + sizeOf(block), 0)

/** The blocks of a frame; `isWhole` where its end follows them. */
function blocksOf(packed: Buffer): { blocks: Block[]; mostOfBlock: number; isWhole: boolean } {
  if (packed.length < 7 || packed.readUInt32LE(0) !== MAGIC) {
    throw new Error('a frame of LZ4 has another beginning')
  }
  const flags = packed[4]
  // 4 to 7 stand for 64 KiB to 4 MiB.
  const mostOfBlock = 2 ** (8 + 2 * ((packed[5] >> 4) & 7))
  const trailer = (flags & BLOCK_CHECKSUM) === 0 ? 0 : 4
  const blocks: Block[] = []
  let at = 7 + ((flags & CONTENT_SIZE) === 0 ? 0 : 8) + ((flags & DICTIONARY) === 0 ? 0 : 4)
  for (;;) {
    // A frame that ends early is left to the code that unpacks it.
    if (at + 4 > packed.length) return { blocks, mostOfBlock, isWhole: false }
    const size = packed.readUInt32LE(at)
    if (size === 0) return { blocks, mostOfBlock, isWhole: true }
    const isStored = size >= STORED
    const from = at + 4
    const to = from + (isStored ? size - STORED : size)
    if (to > packed.length) throw new Error('a block of LZ4 does not fit')
    blocks.push({ from, to, isStored })
    at = to + trailer
  }
}

/** The bytes that the sequences of a block make: literals, and copies of what was made. */
function sequencesSize(packed: Uint8Array, from: number, to: number): number {
  let [at, made] = [from, 0]
  const lengthOf = (low: number): number => {
    if (low < 15) return low
    let length = low
    for (let byte = 255; byte === 255 && at < to;) length += byte = packed[at++]
    return length
  }
  while (at < to) {
    const token = packed[at++]
    const literals = lengthOf(token >> 4)
    at += literals
    made += literals
    // The last sequence has literals only.
    if (at >= to) break
    at += 2
    made += lengthOf(token & 15) + 4
  }
  return made
}
