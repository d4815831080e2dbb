// Which schema a message names: in a header, or in Confluent's frame in front of its body.
import { isSame, placeOfHeader, SCHEMA_HEADER } from './headers.ts'
import type { SchemaKey } from './schema-registry.ts'

/** Bytes of the frame: 0, then the id as a big-endian int32. */
export const FRAME_BYTES = 5
/** Bytes of a GUID with the 1 before it. */
const GUID_BYTES = 17
const NAME = Buffer.from(SCHEMA_HEADER)

/**
 * A reader of the header that names the schema of a record's value: 1 and a GUID, or 0 and an id.
 * It returns null for a record without it; callers test for the number 0 of headers first.
 */
export function createHeaderReader(): (bytes: Buffer, valueTo: number) => SchemaKey | null {
  // Nearly all records name the same schema.
  const last = { guid: new Uint8Array(0), key: '' }
  return (bytes, valueTo) => {
    const at = placeOfHeader(bytes, valueTo, NAME)
    if (at < 0) return null
    // The size, as a zigzag varint of one byte.
    if (bytes[at] === 2 * FRAME_BYTES && bytes[at + 1] === 0) return frameKey(bytes, at + 1)
    if (bytes[at] !== 2 * GUID_BYTES || bytes[at + 1] !== 1) return null
    if (last.key === '' || !isSame(bytes, at + 1, last.guid)) {
      last.guid = Uint8Array.from(bytes.subarray(at + 1, at + 1 + GUID_BYTES))
      last.key = guidText(bytes.toString('hex', at + 2, at + 1 + GUID_BYTES))
    }
    return last.key
  }
}

const guidText = (hex: string): string =>
  [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')

/** The id in a frame that begins at `from`. */
export const frameKey = (bytes: Buffer, from: number): number => bytes.readInt32BE(from + 1)
