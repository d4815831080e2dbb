// Memory that batches of LZ4 are unpacked into again and again.
//
// New memory per batch lies outside of the heap, causes page faults, and drives V8's garbage collection.
// No package unpacks into memory that it is given, so that a small module of WebAssembly does.
import { LZ4_CODE } from './lz4-code.ts'

const PAGE_BYTES = 2 ** 16
/** Copies are made in pieces of 16 bytes, also the last piece. */
const SLACK_BYTES = 16
/** A batch as it was sent: brokers accept 1 MiB by default. */
const PACKED_BYTES = 2 ** 21
const FIRST = PACKED_BYTES + SLACK_BYTES
/** What is unpacked between two calls of `emptyRoom`; the rest is unpacked into memory of its own. */
const ROOM_BYTES = 12 * 2 ** 20
const LAST = FIRST + ROOM_BYTES

/** What lz4-block.wat exports. */
interface Code {
  memory: { buffer: ArrayBuffer; grow: (pages: number) => number }
  /** Unpacks a block; returns the end of what was made, 0 for a damaged block or one that does not fit. */
  unpack: (from: number, to: number, out: number, limit: number) => number
}

/** TypeScript declares it for browsers only. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object) => { exports: Code }
}

/** Room for unpacked batches. */
export interface Room {
  unpack: Code['unpack']
  /** First the batch as it was sent, then what was unpacked. */
  bytes: Buffer
  /** Where the next batch is unpacked to. */
  at: number
}

/** A block in the bytes of its frame. */
export interface Block {
  from: number
  to: number
  /** It is not packed. */
  isStored: boolean
}

/** Creates room. The operating system gives it memory as far as batches need it. */
export function createRoom(): Room {
  const module = new WebAssembly.Module(Buffer.from(LZ4_CODE, 'base64'))
  const { memory, unpack } = new WebAssembly.Instance(module).exports
  memory.grow(Math.ceil((LAST + SLACK_BYTES) / PAGE_BYTES))
  return { unpack, bytes: Buffer.from(memory.buffer), at: FIRST }
}

/** Uses the memory of all unpacked batches again: nothing may refer to them any more. */
export function emptyRoom(room: Room): void {
  room.at = FIRST
}

/**
 * Unpacks the blocks of a frame, one after another.
 *
 * @returns their bytes, valid until `emptyRoom`; null where they do not fit into what is left of the
 *   room, or a block is damaged
 */
export function unpackInto(room: Room, packed: Buffer, blocks: readonly Block[]): Buffer | null {
  const { bytes } = room
  if (packed.length > PACKED_BYTES) return null
  bytes.set(packed)
  const start = room.at
  let at = start
  for (const { from, to, isStored } of blocks) {
    if (isStored) {
      if (to - from > LAST - at) return null
      bytes.copyWithin(at, from, to)
      at += to - from
      continue
    }
    at = room.unpack(from, to, at, LAST)
    if (at === 0) return null
  }
  room.at = at
  return bytes.subarray(start, at)
}
