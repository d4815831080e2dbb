// Subscriber look-ups in a separate thread, so that they do not wait for a running snapshot.
import type { Against, SnapshotJob } from './snapshot-worker.ts'
import { startSnapshots, type SnapshotThread } from './snapshot-thread.ts'
import type { PipelineView } from '../serve/view.ts'

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
