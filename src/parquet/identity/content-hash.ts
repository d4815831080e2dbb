// Hashes whole files beside their reading, one after another.
import { unreadable } from '../file-kind.ts'
import { hashFile, type HashAlgorithm } from './hash-file.ts'

/** Hashes files. */
export interface Hasher {
  /**
   * The hash of a file's whole content in hex digits.
   *
   * @throws PulseError `input-invalid`
   */
  hash(path: string, algorithm: HashAlgorithm): Promise<string>
  /** Ends what is being hashed: its result is an error. */
  close(): void
}

/** Creates a hasher. */
export function createHasher(): Hasher {
  const stop = new AbortController()
  // Files of one run may all be open at once: only one of them is read for its hash.
  let last: Promise<unknown> = Promise.resolve()
  return {
    hash(path, algorithm) {
      const hash = last.then(() => hashFile(path, algorithm, stop.signal))
      last = hash.catch(() => undefined)
      return hash.catch((error: unknown) => {
        throw unreadable(path, error)
      })
    },
    close: () => stop.abort(),
  }
}
