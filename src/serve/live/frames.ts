// Events of the live stream as bytes, serialised once and deflated once for all clients.
import { constants, deflateRawSync } from 'node:zlib'

/** A message of the stream, as text and as part of a gzip stream. */
export interface Frame {
  plain: Buffer
  /** For a gzip stream that began with GZIP_HEADER, after any other frames. */
  zipped: Buffer
}

/** The begin of a gzip stream: deflate, no name, no time, Unix (RFC 1952, 2.3). */
export const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])

/**
 * A text as independent bytes: its deflate blocks refer to nothing before them and end at a byte
 * (RFC 1951, 3.2.4), so that the streams of all clients consist of the same frames. The checksum of
 * such a stream is never sent, because it ends with the connection.
 */
export function frameOf(text: string): Frame {
  const plain = Buffer.from(text)
  const finishFlush = constants.Z_SYNC_FLUSH
  return { plain, zipped: deflateRawSync(plain, { finishFlush }) }
}

/** An event in the format of server-sent events; each line of `data` is a field of its own. */
export function eventFrame(event: string, id: string, data: string): Frame {
  return frameOf(`event: ${event}\nid: ${id}\ndata: ${data.replaceAll('\n', '\ndata: ')}\n\n`)
}

/** Returns the frame of the value of `read`, and makes it again only for another value. */
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
