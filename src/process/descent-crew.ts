// Threads that descend for the snapshot thread, and share its memory.
import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Crew, Descents, Trees } from '../snapshot/kmeans/descents.ts'
import { sharedCounters } from '../snapshot/kmeans/shared.ts'

/** The message to a thread of the crew. */
export type CrewRequest = { type: 'trees'; trees: Trees } | { type: 'descents'; descents: Descents }

/** Its worker data. */
export interface CrewData {
  /** Counts the messages: a thread sleeps until it grows. */
  sent: Int32Array
}

/** More threads have little left to share. */
const MOST_THREADS = 4

/** `.ts` in the checkout, `.js` in the built package. */
const SCRIPT = new URL(`./descent-worker${extname(import.meta.url)}`, import.meta.url)

/**
 * A crew of as many threads as the machine has cores, less the caller's, and at most three. They start
 * with the first search. They end with the caller's thread, and never touch the state. Null on one core.
 */
export function createCrew(cores = availableParallelism()): Crew | null {
  const count = Math.min(MOST_THREADS, cores) - 1
  if (count < 1) return null
  const threads: { worker: Worker; sent: Int32Array }[] = []
  const start = (): void => {
    const sent = sharedCounters(1)
    const worker = new Worker(SCRIPT, { workerData: { sent } satisfies CrewData })
    worker.unref()
    threads.push({ worker, sent })
  }
  const sendAll = (request: CrewRequest): void => {
    for (const { worker, sent } of threads) {
      worker.postMessage(request)
      Atomics.add(sent, 0, 1)
      Atomics.notify(sent, 0)
    }
  }
  return {
    begin(trees) {
      while (threads.length < count) start()
      sendAll({ type: 'trees', trees })
    },
    share: (descents) => sendAll({ type: 'descents', descents }),
  }
}
