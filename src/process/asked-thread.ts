// A thread that answers requests in turn: its messages as promises, and its end.
import { once } from 'node:events'
import { extname } from 'node:path'
import { Worker, type Transferable } from 'node:worker_threads'
import { errorOf } from '../errors.ts'
import { createShutdownFlag, requestEnd } from './shutdown.ts'
import type { FailedReply } from './state-reading.ts'

/** A running thread. */
export interface AskedThread<Request, Reply> {
  /** Rejects with the error that the thread reports, or when the thread has ended. */
  ask: (request: Request, transferred?: Transferable[]) => Promise<Exclude<Reply, FailedReply>>
  /** Ends the thread without interrupting a read of the state. */
  end(): Promise<void>
}

/**
 * Starts a thread.
 *
 * @param script its name in this folder, without extension
 * @param data its worker data, to which a ShutdownFlag is added as `shutdown`
 */
export function startThread<Request, Reply extends { type: string }>(
  script: string,
  data: object,
  transferred: Transferable[] = [],
): AskedThread<Request, Reply> {
  const shutdown = createShutdownFlag()
  // `.ts` in the checkout, `.js` in the built package.
  const url = new URL(`./${script}${extname(import.meta.url)}`, import.meta.url)
  const workerData = { ...data, shutdown }
  const worker = new Worker(url, { workerData, transferList: transferred })
  const exited = once(worker, 'exit').catch(() => undefined)
  /** Pending requests, in the order of their replies. */
  const waiting: PromiseWithResolvers<Reply>[] = []
  let failure: Error | null = null
  const failAll = (error: Error): void => {
    failure ??= error
    for (const { reject } of waiting.splice(0)) reject(error)
  }
  worker.on('error', failAll)
  worker.on('exit', () => failAll(new Error(`the ${script.split('-')[0]} thread has ended`)))
  worker.on('message', (reply: Reply) => waiting.shift()?.resolve(reply))
  return {
    async ask(request, sent = []) {
      // A request to an ended thread would never be answered.
      if (failure !== null) throw failure
      const answer = Promise.withResolvers<Reply>()
      waiting.push(answer)
      worker.postMessage(request, sent)
      const reply: Reply | FailedReply = await answer.promise
      if (isFailed(reply)) throw errorOf(reply.code, reply.message)
      return reply as Exclude<Reply, FailedReply>
    },
    async end() {
      if (requestEnd(shutdown)) await worker.terminate()
      worker.postMessage('end')
      await exited
    },
  }
}

const isFailed = (reply: { type: string }): reply is FailedReply => reply.type === 'failed'
