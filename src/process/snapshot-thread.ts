// Starts a snapshot thread, and turns its messages into promises.
import { once } from 'node:events'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { assert, errorOf } from '../errors.ts'
import type { SubscriberQuery } from '../snapshot/subscriber-page.ts'
import { requestEnd, createShutdownFlag } from './shutdown.ts'
import type { SubscriberList, Subscriber } from '../snapshot/subscriber-schema.ts'
import type { Against, SnapshotReply, SnapshotRequest } from './snapshot-worker.ts'
import type { SnapshotJob, SnapshotWorkerData, TakenSnapshot } from './snapshot-worker.ts'

/** `.ts` in the checkout, `.js` in the built package. */
const SCRIPT = new URL(`./snapshot-worker${extname(import.meta.url)}`, import.meta.url)

/**
 * A running thread that takes snapshots and answers look-ups, one request at a time. Every request
 * resolves with null while nothing is committed. It rejects with the error that the thread reports,
 * or when the thread has ended.
 */
export interface SnapshotThread {
  snapshot(): Promise<TakenSnapshot | null>
  /**
   * Looks up one subscriber; null also if the MSISDN is unknown. Without `against`, the segment is
   * that of the thread's own last snapshot.
   */
  lookup(msisdn: number, against?: Against): Promise<Subscriber | null>
  /** Lists subscribers; `against` as in `lookup`. */
  subscribers(query: SubscriberQuery, against?: Against): Promise<SubscriberList | null>
  /** Ends the thread without interrupting a read of the state. */
  end(): Promise<void>
}

/** Starts a snapshot thread. */
export function startSnapshots(job: SnapshotJob): SnapshotThread {
  const shutdown = createShutdownFlag()
  const worker = new Worker(SCRIPT, {
    workerData: { ...job, shutdown } satisfies SnapshotWorkerData,
  })
  const exited = once(worker, 'exit').catch(() => undefined)
  /** Pending requests, in the order of their replies. */
  const waiting: PromiseWithResolvers<SnapshotReply>[] = []
  let failure: Error | null = null
  const failAll = (error: Error): void => {
    failure ??= error
    for (const { reject } of waiting.splice(0)) reject(error)
  }
  worker.on('error', failAll)
  worker.on('exit', () => failAll(new Error('the snapshot thread has ended')))
  worker.on('message', (reply: SnapshotReply) => waiting.shift()?.resolve(reply))
  const ask = async (request: SnapshotRequest): Promise<SnapshotReply> => {
    // A request to an ended thread would never be answered.
    if (failure !== null) throw failure
    const answer = Promise.withResolvers<SnapshotReply>()
    waiting.push(answer)
    worker.postMessage(request)
    const reply = await answer.promise
    if (reply.type === 'failed') throw errorOf(reply.code, reply.message)
    return reply
  }
  return {
    async snapshot() {
      const reply = await ask({ type: 'snapshot' })
      if (reply.type === 'empty') return null
      assert(reply.type === 'snapshot', 'the reply to a snapshot request is a snapshot')
      return reply.taken
    },
    async lookup(msisdn, against) {
      const reply = await ask({ type: 'lookup', msisdn, against: against ?? null })
      if (reply.type === 'empty') return null
      assert(reply.type === 'lookup', 'the reply to a look-up request is a look-up')
      return reply.subscriber
    },
    async subscribers(query, against) {
      const reply = await ask({ type: 'subscribers', query, against: against ?? null })
      if (reply.type === 'empty') return null
      assert(reply.type === 'subscribers', 'the reply to a subscribers request is a list')
      return reply.subscribers
    },
    async end() {
      if (requestEnd(shutdown)) await worker.terminate()
      worker.postMessage('end')
      await exited
    },
  }
}
