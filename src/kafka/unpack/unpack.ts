// Unpacks the records of a batch within a bound, whatever it claims.
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { unpackLz4 } from './lz4.ts'
import type { Room } from './room.ts'
import { unpackSnappy } from './snappy.ts'

const [GZIP, SNAPPY, LZ4, ZSTD] = [1, 2, 3, 4] as const
/** Rows of any format compress to a tenth, rarely to a thirtieth: beyond this it is a bomb. */
const MOST_TIMES = 64
/** The limit of a batch of 1 MiB, the brokers' default, holds for smaller ones too. */
const LEAST_LIMIT_BYTES = MOST_TIMES * 2 ** 20
/** Bounds memory: what one batch may unpack to, whatever brokers accept. */
export const MOST_UNPACKED_BYTES = 256 * 2 ** 20

/**
 * The bytes that the records of a batch unpack to.
 *
 * @param codec of the batch: 1 gzip, 2 Snappy, 3 LZ4, 4 zstd
 * @throws Error when they are damaged, or unpack to more than 64 times their size and 64 MiB, or to
 *   more than 256 MiB
 */
export function unpack(codec: number, packed: Buffer, room: Room | null = null): Buffer {
  const wanted = Math.max(LEAST_LIMIT_BYTES, MOST_TIMES * packed.length)
  const most = Math.min(MOST_UNPACKED_BYTES, wanted)
  if (codec === GZIP) return gunzipSync(packed, { maxOutputLength: most })
  if (codec === ZSTD) return zstdDecompressSync(packed, { maxOutputLength: most })
  if (codec === SNAPPY) return unpackSnappy(packed, most)
  // The package's own LZ4 is WebAssembly, at half the speed.
  if (codec === LZ4) return unpackLz4(packed, most, room)
  throw new Error(`unknown codec ${codec}`)
}
