// Subscriber look-ups in a separate thread, so that they do not wait for a running snapshot.
import { MessageChannel } from 'node:worker_threads'
import { assert } from '../errors.ts'
import type { PipelineView, Published } from '../serve/view.ts'
import { startThread, type AskedThread } from './asked-thread.ts'
import type { LookUpReply } from './lookup-reply.ts'
import type { LookUpRequest } from './lookup-worker.ts'
import type { Against } from './roster-look-ups.ts'
import type { Follow } from './snapshot-thread.ts'

/** A pipeline view with look-ups in a separate thread. */
export interface LookUps {
  view: PipelineView
  /** Ends the look-up thread, if it was started. */
  end(): Promise<void>
}

/**
 * Returns `view` with its look-ups moved to a separate thread, which starts at the first look-up
 * after the first snapshot and assigns subscribers to the segments last published. Before the first
 * snapshot, look-ups stay with `view`. So two threads never open the state at the same moment, in
 * which case LMDB can fail.
 *
 * @param follow sends the roster of each further snapshot to a port, before it is published
 */
export function withLookUps(view: PipelineView, stateDirectory: string, follow: Follow): LookUps {
  let thread: AskedThread<LookUpRequest, LookUpReply> | null = null
  let sent: Published | null = null
  const start = (): AskedThread<LookUpRequest, LookUpReply> => {
    const { port1, port2 } = new MessageChannel()
    follow(port1)
    return startThread('lookup-worker', { stateDirectory, rosters: port2 }, [port2])
  }
  /** The segments published last, null when the thread has them. */
  const unsent = (published: Published): Against | null => {
    if (published === sent) return null
    sent = published
    const { number, segments } = published.snapshot
    return { number, segments }
  }
  return {
    view: {
      ...view,
      async lookup(msisdn) {
        const published = view.published()
        if (published === null) return view.lookup(msisdn)
        const against = unsent(published)
        const reply = await (thread ??= start()).ask({ type: 'lookup', msisdn, against })
        if (reply.type === 'empty') return null
        assert(reply.type === 'lookup', 'the reply to a look-up request is a look-up')
        return reply.subscriber
      },
      async subscribers(query) {
        const published = view.published()
        if (published === null) return view.subscribers(query)
        const against = unsent(published)
        const reply = await (thread ??= start()).ask({ type: 'subscribers', query, against })
        if (reply.type === 'empty') return null
        assert(reply.type === 'subscribers', 'the reply to a subscribers request is a list')
        return reply.subscribers
      },
    },
    end: async () => thread?.end(),
  }
}
