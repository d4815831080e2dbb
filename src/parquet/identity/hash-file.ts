// The hash of the whole content of a file.
import { createCipheriv, createHash } from 'node:crypto'
import { open } from 'node:fs/promises'

/**
 * `gmac` is AES-128-GMAC (NIST SP 800-38D) with a key of zeros: contents that differ by accident have
 * different hashes, except with a probability below 2^-90 for files of 1 TB. It does not resist
 * somebody who forges a file, and takes a fifteenth of the CPU of `sha256`.
 */
export type HashAlgorithm = 'gmac' | 'sha256'

/** The algorithm that made a hash: GMAC has 32 hex digits, SHA-256 has 64. */
export const algorithmOf = (content: string): HashAlgorithm =>
  content.length === 64 ? 'sha256' : 'gmac'

/** Large enough that calls cost nothing, small enough for the cache of a core. */
const CHUNK_BYTES = 2 ** 20

interface Digest {
  update(bytes: Buffer): void
  hex(): string
}

function createDigest(algorithm: HashAlgorithm): Digest {
  if (algorithm === 'sha256') {
    const hash = createHash('sha256')
    return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') }
  }
  // GMAC is GCM over additional data alone.
  const mac = createCipheriv('aes-128-gcm', Buffer.alloc(16), Buffer.alloc(12))
  const hex = (): string => {
    mac.final()
    return mac.getAuthTag().toString('hex')
  }
  return { update: (bytes) => void mac.setAAD(bytes), hex }
}

/**
 * The hash of a file's content in hex digits, read in small portions beside other work.
 *
 * @param stop rejects with its reason when it is aborted
 */
export async function hashFile(
  path: string,
  algorithm: HashAlgorithm,
  stop: AbortSignal,
): Promise<string> {
  const file = await open(path, 'r')
  try {
    const digest = createDigest(algorithm)
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    for (;;) {
      stop.throwIfAborted()
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES)
      if (bytesRead === 0) return digest.hex()
      digest.update(chunk.subarray(0, bytesRead))
    }
  } finally {
    await file.close()
  }
}
