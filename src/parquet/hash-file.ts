// SHA-256 over the whole content of a file.
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'

/** Large enough that calls cost nothing, small enough for the cache of a core. */
const CHUNK_BYTES = 2 ** 18

/** The SHA-256 of a file's content, 64 hex digits. */
export function hashFile(path: string): string {
  const file = openSync(path, 'r')
  try {
    const hash = createHash('sha256')
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    for (;;) {
      const read = readSync(file, chunk, 0, CHUNK_BYTES, null)
      if (read === 0) return hash.digest('hex')
      hash.update(read === CHUNK_BYTES ? chunk : chunk.subarray(0, read))
    }
  } finally {
    closeSync(file)
  }
}
