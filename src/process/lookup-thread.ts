// Look-ups of subscribers in a thread of their own: none waits for the snapshot under way.
import type { Against, SnapshotJob } from './snapshot-worker.ts'
import { startSnapshots, type SnapshotThread } from './snapshot-thread.ts'
import type { PipelineView } from '../serve/view.ts'

/** A view of a pipeline whose look-ups have a thread of their own, and how to end that. */
export interface LookUps {
  view: PipelineView
  end(): Promise<void>
}

/**
 * `view`, but for its look-ups: from the first snapshot on, a thread that starts with the first of
 * them answers, against the segments last published. Before, `view` itself does, as it makes the
 * segments; so no two threads open the state at the same moment, which LMDB does not take well.
 */
export function withLookUps(view: PipelineView, job: SnapshotJob): LookUps {
  let thread: SnapshotThread | null = null
  const started = (): SnapshotThread => (thread ??= startSnapshots(job))
  const latest = (): Against | null => {
    const published = view.published()
    if (published === null) return null
    const { number, segments } = published.snapshot
    return { number, segments }
  }
  return {
    view: {
      ...view,
      lookup(msisdn) {
        const against = latest()
        return against === null ? view.lookup(msisdn) : started().lookup(msisdn, against)
      },
      subscribers(query) {
        const against = latest()
        return against === null ? view.subscribers(query) : started().subscribers(query, against)
      },
    },
    end: async () => thread?.end(),
  }
}
