// The script of the hash thread: SHA-256 over whole files, one after another.
import { parentPort } from 'node:worker_threads'
import { assert, messageOf } from '../errors.ts'
import { hashFile } from './hash-file.ts'

/** A file to hash. */
export interface HashRequest {
  number: number
  path: string
}

/** The hash in 64 hex digits, or why the file could not be read. */
export interface HashResponse {
  number: number
  hash: string | null
  error: string | null
}

assert(parentPort !== null, 'the hash worker is started as a worker thread')
const port = parentPort

port.on('message', ({ number, path }: HashRequest) => {
  const response: HashResponse = { number, hash: null, error: null }
  try {
    response.hash = hashFile(path)
  } catch (error) {
    response.error = messageOf(error)
  }
  port.postMessage(response)
})
