// Events of the live stream as bytes: made once, and in gzip once for all who take it.
import { constants, deflateRawSync } from 'node:zlib'

/** A message of the stream, as it is and in gzip. */
export interface Frame {
  plain: Buffer
  /** Of a gzip stream that began with GZIP_HEADER, whatever else was sent in it. */
  zipped: Buffer
}

/** RFC 1952, 2.3: deflate, no name, no time, of Unix. */
export const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])

/**
 * Bytes that stand for themselves: blocks of deflate that refer to nothing before them and end at
 * a byte (RFC 1951, 3.2.4), so that each client's stream may be put together of the same ones.
 * The check sum of such a stream is never sent: it ends when the connection does.
 */
export function frameOf(text: string): Frame {
  const plain = Buffer.from(text)
  const finishFlush = constants.Z_SYNC_FLUSH
  return { plain, zipped: deflateRawSync(plain, { finishFlush }) }
}

/** One event in the wire format: every line of the data is told apart. */
export function eventFrame(event: string, id: string, data: string): Frame {
  return frameOf(`event: ${event}\nid: ${id}\ndata: ${data.replaceAll('\n', '\ndata: ')}\n\n`)
}

/** Makes the frame of `read()`'s value once, however often it is asked for. */
export function memoiseFrame<T>(
  read: () => T | null,
  make: (value: T) => Frame,
): () => Frame | null {
  let last: T | null = null
  let made: Frame | null = null
  return () => {
    const value = read()
    if (value !== last) {
      last = value
      made = value === null ? null : make(value)
    }
    return made
  }
}
