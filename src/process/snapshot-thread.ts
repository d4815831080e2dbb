// A thread that takes snapshots and answers look-ups, as values and promises.
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

/** Asked one thing after the other; null while nothing is committed, or nobody is found. */
export interface SnapshotThread {
  snapshot(): Promise<TakenSnapshot | null>
  /** Without `against` subscribers are held against the thread's own last snapshot. */
  lookup(msisdn: number, against?: Against): Promise<Subscriber | null>
  subscribers(query: SubscriberQuery, against?: Against): Promise<SubscriberList | null>
  end(): Promise<void>
}

/** Starts a thread; what it cannot answer is rejected, also when it has ended. */
export function startSnapshots(job: SnapshotJob): SnapshotThread {
  const stay = createShutdownFlag()
  const worker = new Worker(SCRIPT, { workerData: { ...job, stay } satisfies SnapshotWorkerData })
  const exited = once(worker, 'exit').catch(() => undefined)
  /** It answers in the order in which it is asked. */
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
    // Nobody would answer: who waits for the last snapshot would wait for ever.
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
      assert(reply.type === 'snapshot', 'a snapshot is answered by a snapshot')
      return reply.taken
    },
    async lookup(msisdn, against) {
      const reply = await ask({ type: 'lookup', msisdn, against: against ?? null })
      if (reply.type === 'empty') return null
      assert(reply.type === 'lookup', 'a look-up is answered by a look-up')
      return reply.subscriber
    },
    async subscribers(query, against) {
      const reply = await ask({ type: 'subscribers', query, against: against ?? null })
      if (reply.type === 'empty') return null
      assert(reply.type === 'subscribers', 'subscribers are answered by subscribers')
      return reply.subscribers
    },
    async end() {
      if (requestEnd(stay)) await worker.terminate()
      worker.postMessage('end')
      await exited
    },
  }
}
