// The two threads beside the main one, as values and promises.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { IngestProgress } from '../../consumers/progress.ts'
import type { IngestJob, IngestMessage, IngestRequest } from '../../consumers/worker.ts'
import { assert, PulseError } from '../errors.ts'
import type { MemberQuery } from '../snapshot/members.ts'
import type { Members, Subscriber } from '../snapshot/subscriber-schema.ts'
import type { SnapshotReply, SnapshotRequest, TakenSnapshot } from '../snapshot/worker.ts'
import type { SnapshotWorkerData } from '../snapshot/worker.ts'

/** `.ts` in the checkout, `.js` in the built package. */
const EXTENSION = extname(import.meta.url)
const workerUrl = (path: string): URL => new URL(`${path}${EXTENSION}`, import.meta.url)

export interface IngestThread {
  /** Resolves with the last progress; rejects with what ended the job. */
  ended: Promise<IngestProgress>
  send(request: IngestRequest): void
}

/** Starts a job in the ingest thread. */
export function startIngest(
  job: IngestJob,
  onProgress: (progress: IngestProgress) => void,
): IngestThread {
  const worker = new Worker(workerUrl('../../consumers/worker'), { workerData: job })
  const ended = new Promise<IngestProgress>((resolve, reject) => {
    worker.on('error', reject)
    worker.on('exit', (code) => reject(new Error(`the ingest thread exited with code ${code}`)))
    worker.on('message', (message: IngestMessage) => {
      if (message.type === 'failed') {
        const { code, message: text } = message
        reject(code === null ? new Error(text) : new PulseError(code, text))
        return
      }
      onProgress(message.progress)
      if (message.type === 'end') resolve(message.progress)
    })
  })
  return { ended, send: (request) => worker.postMessage(request) }
}

type Ask =
  | { type: 'snapshot' }
  | { type: 'lookup'; msisdn: number }
  | { type: 'members'; query: MemberQuery }

export interface SnapshotThread {
  /** Null while nothing is committed. */
  snapshot(): Promise<TakenSnapshot | null>
  lookup(msisdn: number): Promise<Subscriber | null>
  members(query: MemberQuery): Promise<Members | null>
  end(): Promise<void>
}

/** Starts the snapshot thread. */
export function startSnapshots(data: SnapshotWorkerData): SnapshotThread {
  const worker = new Worker(workerUrl('../snapshot/worker'), { workerData: data })
  const waiting = new Map<number, PromiseWithResolvers<SnapshotReply>>()
  let last = 0
  let failure: Error | null = null
  const failAll = (error: Error): void => {
    failure ??= error
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  worker.on('error', failAll)
  worker.on('exit', () => failAll(new Error('the snapshot thread has ended')))
  worker.on('message', (reply: SnapshotReply) => {
    waiting.get(reply.id)?.resolve(reply)
    waiting.delete(reply.id)
  })
  const ask = async (request: Ask): Promise<SnapshotReply> => {
    // Nobody would answer: who waits for the last snapshot would wait for ever.
    if (failure !== null) throw failure
    const answer = Promise.withResolvers<SnapshotReply>()
    waiting.set(++last, answer)
    worker.postMessage({ id: last, ...request } satisfies SnapshotRequest)
    const reply = await answer.promise
    if (reply.type === 'failed') throw new Error(reply.message)
    return reply
  }
  return {
    async snapshot() {
      const reply = await ask({ type: 'snapshot' })
      if (reply.type === 'empty') return null
      assert(reply.type === 'snapshot', 'a snapshot is answered by a snapshot')
      return reply.taken
    },
    async lookup(msisdn) {
      const reply = await ask({ type: 'lookup', msisdn })
      if (reply.type === 'empty') return null
      assert(reply.type === 'lookup', 'a look-up is answered by a look-up')
      return reply.subscriber
    },
    async members(query) {
      const reply = await ask({ type: 'members', query })
      if (reply.type === 'empty') return null
      assert(reply.type === 'members', 'members are answered by members')
      return reply.members
    },
    async end() {
      await worker.terminate()
    },
  }
}
