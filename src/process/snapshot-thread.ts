// Starts a snapshot thread, and turns its messages into promises.
import type { MessagePort } from 'node:worker_threads'
import { assert } from '../errors.ts'
import type { SubscriberQuery } from '../snapshot/subscriber-page.ts'
import type { SubscriberList, Subscriber } from '../snapshot/subscriber-schema.ts'
import { startThread } from './asked-thread.ts'
import type { SnapshotJob, TakenSnapshot } from './snapshot-worker.ts'
import type { SnapshotReply, SnapshotRequest } from './snapshot-worker.ts'

/** Sends the roster of each further snapshot to a port, before the snapshot. */
export type Follow = (rosters: MessagePort) => void

/**
 * A running thread that takes snapshots and answers look-ups, one request at a time. Every request
 * resolves with null while nothing is committed. It rejects with the error that the thread reports,
 * or when the thread has ended.
 */
export interface SnapshotThread {
  snapshot(): Promise<TakenSnapshot | null>
  /**
   * Looks up one subscriber by passes over all rows; null also if the MSISDN is unknown. The segment
   * is that of the thread's own last snapshot.
   */
  lookup(msisdn: number): Promise<Subscriber | null>
  /** Lists subscribers by a pass over all rows; segments as in `lookup`. */
  subscribers(query: SubscriberQuery): Promise<SubscriberList | null>
  follow: Follow
  /** Ends the thread without interrupting a read of the state. */
  end(): Promise<void>
}

/** Starts a snapshot thread. */
export function startSnapshots(job: SnapshotJob): SnapshotThread {
  const thread = startThread<SnapshotRequest, SnapshotReply>('snapshot-worker', job)
  const { ask } = thread
  return {
    async snapshot() {
      const reply = await ask({ type: 'snapshot' })
      if (reply.type === 'empty') return null
      assert(reply.type === 'snapshot', 'the reply to a snapshot request is a snapshot')
      return reply.taken
    },
    async lookup(msisdn) {
      const reply = await ask({ type: 'lookup', msisdn })
      if (reply.type === 'empty') return null
      assert(reply.type === 'lookup', 'the reply to a look-up request is a look-up')
      return reply.subscriber
    },
    async subscribers(query) {
      const reply = await ask({ type: 'subscribers', query })
      if (reply.type === 'empty') return null
      assert(reply.type === 'subscribers', 'the reply to a subscribers request is a list')
      return reply.subscribers
    },
    follow(rosters) {
      // A thread that has ended sends none, and look-ups then scan the state themselves.
      ask({ type: 'follow', rosters }, [rosters]).catch(() => undefined)
    },
    end: () => thread.end(),
  }
}
