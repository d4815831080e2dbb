// Starts the ingest thread, and turns its messages into a promise and a callback.
import { extname } from 'node:path'
import { performance } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import type { IngestProgress } from '../../consumers/ingest/progress.ts'
import type { IngestJob, IngestMessage, IngestRequest } from './ingest-worker.ts'
import { errorOf } from '../errors.ts'

/** `.ts` in the checkout, `.js` in the built package. */
const SCRIPT = new URL(`./ingest-worker${extname(import.meta.url)}`, import.meta.url)

/** A running ingest thread. */
export interface IngestThread {
  /** Resolves with the last progress; rejects with the error that ended the job or the thread. */
  ended: Promise<IngestProgress>
  /** Sends a message to the thread. */
  send(request: IngestRequest): void
  /**
   * Milliseconds since the last message of the slowest ingest thread, which sends several per second;
   * 0 after its end.
   */
  silentMs: () => number
}

/** Starts a job in a new thread; `onProgress` receives every report, including the last one. */
export function startIngest(
  job: IngestJob,
  onProgress: (progress: IngestProgress) => void,
): IngestThread {
  const worker = new Worker(SCRIPT, { workerData: job })
  let heardMs = performance.now()
  let othersSilentMs = 0
  let hasEnded = false
  const ended = new Promise<IngestProgress>((resolve, reject) => {
    worker.on('error', reject)
    worker.on('exit', (code) => reject(new Error(`the ingest thread exited with code ${code}`)))
    worker.on('message', (message: IngestMessage) => {
      heardMs = performance.now()
      if (message.type === 'failed') {
        reject(errorOf(message.code, message.message))
        return
      }
      othersSilentMs = message.progress.silentMs
      onProgress(message.progress)
      if (message.type === 'end') resolve(message.progress)
    })
  })
  const noteEnd = (): boolean => (hasEnded = true)
  ended.then(noteEnd, noteEnd)
  return {
    ended,
    send: (request) => worker.postMessage(request),
    silentMs: () => (hasEnded ? 0 : performance.now() - heardMs + othersSilentMs),
  }
}
