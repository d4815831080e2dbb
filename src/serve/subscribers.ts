// Look-ups of subscribers in a thread of their own: none waits for the snapshot under way.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { assert } from '../errors.ts'
import type { SnapshotReply, SnapshotRequest, SnapshotWorkerData } from '../snapshot/worker.ts'
import type { PipelineView } from './view.ts'

/** `.ts` in the checkout, `.js` in the built package. */
const SCRIPT = new URL(`../snapshot/worker${extname(import.meta.url)}`, import.meta.url)

/** A thread of the script above, asked one thing after the other. */
interface Thread {
  ask(request: Exclude<SnapshotRequest, { type: 'snapshot' }>): Promise<SnapshotReply>
  end(): Promise<void>
}

function startThread(data: SnapshotWorkerData): Thread {
  const worker = new Worker(SCRIPT, { workerData: data })
  /** It answers in the order in which it is asked. */
  const waiting: PromiseWithResolvers<SnapshotReply>[] = []
  let failure: Error | null = null
  const failAll = (error: Error): void => {
    failure ??= error
    for (const { reject } of waiting.splice(0)) reject(error)
  }
  worker.on('error', failAll)
  worker.on('exit', () => failAll(new Error('the look-up thread has ended')))
  worker.on('message', (reply: SnapshotReply) => waiting.shift()?.resolve(reply))
  return {
    async ask(request) {
      if (failure !== null) throw failure
      const answer = Promise.withResolvers<SnapshotReply>()
      waiting.push(answer)
      worker.postMessage(request)
      const reply = await answer.promise
      if (reply.type === 'failed') throw new Error(reply.message)
      return reply
    },
    async end() {
      await worker.terminate()
    },
  }
}

/** A view of a pipeline whose look-ups have a thread of their own, and how to end that. */
export interface Subscribers {
  view: PipelineView
  end(): Promise<void>
}

/**
 * `view`, but for its look-ups: from the first snapshot on, a thread that starts with the first of
 * them answers, against the segments last published. Before, `view` itself does, as it makes the
 * segments; so no two threads open the state at the same moment, which LMDB does not take well.
 */
export function withLookUps(view: PipelineView, data: SnapshotWorkerData): Subscribers {
  let thread: Thread | null = null
  const started = (): Thread => (thread ??= startThread(data))
  const against = () => {
    const published = view.published()
    if (published === null) return null
    const { number, segments } = published.snapshot
    return { number, segments }
  }
  return {
    view: {
      ...view,
      async lookup(msisdn) {
        const held = against()
        if (held === null) return view.lookup(msisdn)
        const reply = await started().ask({ id: 0, type: 'lookup', msisdn, against: held })
        if (reply.type === 'empty') return null
        assert(reply.type === 'lookup', 'a look-up is answered by a look-up')
        return reply.subscriber
      },
      async members(query) {
        const held = against()
        if (held === null) return view.members(query)
        const reply = await started().ask({ id: 0, type: 'members', query, against: held })
        if (reply.type === 'empty') return null
        assert(reply.type === 'members', 'members are answered by members')
        return reply.members
      },
    },
    end: async () => thread?.end(),
  }
}
