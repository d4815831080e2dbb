// Hashes whole files beside their reading: large ones in a thread of its own.
import { statSync } from 'node:fs'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { PulseError } from '../errors.ts'
import { unreadable } from './file-kind.ts'
import { hashFile } from './hash-file.ts'
import type { HashRequest, HashResponse } from './hash-worker.ts'

/** `.ts` in the checkout, `.js` in the built package. */
const SCRIPT = new URL(`./hash-worker${extname(import.meta.url)}`, import.meta.url)
/** Smaller files are hashed at once: a thread would cost more (about 40 ms). */
const SMALL_BYTES = 8 * 2 ** 20

/** Hashes files. */
export interface Hasher {
  /** The SHA-256 of a file's whole content, 64 hex digits. @throws PulseError `input-invalid` */
  hash(path: string): Promise<string>
  close(): Promise<void>
}

/** Creates a hasher; its thread starts with the first large file. */
export function createHasher(): Hasher {
  const waiting = new Map<number, PromiseWithResolvers<string>>()
  let worker: Worker | null = null
  let last = 0
  const start = (): Worker => {
    const started = new Worker(SCRIPT)
    // A process that has nothing else to do does not wait for a hash.
    started.unref()
    started.on('message', ({ number, hash, error }: HashResponse) => {
      const result = waiting.get(number)
      waiting.delete(number)
      if (hash !== null) result?.resolve(hash)
      else
        result?.reject(new PulseError('input-invalid', `hashing failed: ${error}; read it again`))
      if (waiting.size === 0) started.unref()
    })
    started.on('error', (error) => {
      for (const { reject } of waiting.values()) reject(error)
      waiting.clear()
    })
    return started
  }
  const inThread = (path: string): Promise<string> => {
    worker ??= start()
    worker.ref()
    const result = Promise.withResolvers<string>()
    const request: HashRequest = { number: ++last, path }
    waiting.set(request.number, result)
    worker.postMessage(request)
    return result.promise
  }
  return {
    hash(path) {
      try {
        return statSync(path).size > SMALL_BYTES ? inThread(path) : Promise.resolve(hashFile(path))
      } catch (error) {
        return Promise.reject(unreadable(path, error))
      }
    },
    async close() {
      await worker?.terminate()
    },
  }
}
