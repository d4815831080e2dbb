// The folding threads of a replay, as its ingest thread feeds them.
//
// The ingest thread decodes and validates all rows, and knows how far each source is read. A folding
// thread holds a part of the partitions: it folds valid records into them, and commits them together
// with what the ingest thread knows of them.
import { performance } from 'node:perf_hooks'
import type { Worker } from 'node:worker_threads'
import type { CommitTimes } from '../../../state/commit.ts'
import type { Partition } from '../../../state/partition.ts'
import type { Destination } from '../../ingest/applier.ts'
import { hasChanged } from '../../ingest/ingest-stats.ts'
import type { FoldPart, Held, LoadedPart, ToFolding } from './messages.ts'
import { batchIn, type Slab } from './slab.ts'

/** A folding thread. */
export interface FoldingThread {
  worker: Worker
  held: Held
  /** Messages that it has not answered, and when it answered last or was sent the first of them. */
  unanswered: number
  heardMs: number
  opened: PromiseWithResolvers<undefined>
  loaded: PromiseWithResolvers<LoadedPart[]>
  committed: PromiseWithResolvers<CommitTimes[]> | null
  ended: PromiseWithResolvers<undefined>
  isEnding: boolean
}

/** The delivery that is being validated. */
interface Filling {
  slab: number
  used: number
  parts: Map<FoldingThread, FoldPart[]>
}

/** The folding threads of a replay. */
export interface Folding {
  threads: FoldingThread[]
  slabs: Slab[]
  /** Slabs that no thread reads, and by slab the number of threads that do. */
  free: number[]
  readers: Uint32Array
  /** Resolves when a slab becomes free; null while nobody waits. */
  waiting: PromiseWithResolvers<undefined> | null
  filling: Filling | null
  /** What ended a thread; null for nothing. */
  failure: { error: unknown } | null
}

/** Where an applier sends the records of the delivery that was begun. */
export const foldElsewhere = (folding: Folding): Destination => ({
  batchFor(count) {
    const { slab, used } = fillingOf(folding)
    return batchIn(folding.slabs[slab], used, count)
  },
  take({ store: { partition } }, { count }) {
    const filling = fillingOf(folding)
    if (count === 0) return
    const thread = folding.threads[partition % folding.threads.length]
    const parts = filling.parts.get(thread) ?? []
    parts.push({ partition, from: filling.used, count })
    filling.parts.set(thread, parts)
    filling.used += count
  },
})

function fillingOf({ filling }: Folding): Filling {
  if (filling === null) throw new Error('a delivery was not begun')
  return filling
}

/** Begins a delivery, when a slab is free. @throws what ended a thread */
export async function beginDelivery(folding: Folding): Promise<void> {
  for (;;) {
    if (folding.failure !== null) throw folding.failure.error
    const slab = folding.free.pop()
    if (slab !== undefined) {
      folding.filling = { slab, used: 0, parts: new Map() }
      return
    }
    folding.waiting = Promise.withResolvers()
    await folding.waiting.promise
  }
}

/** Sends the records of the delivery to the threads that hold their partitions. */
export function endDelivery(folding: Folding): void {
  const { slab, parts } = fillingOf(folding)
  folding.filling = null
  folding.readers[slab] = parts.size
  if (parts.size === 0) folding.free.push(slab)
  for (const [thread, own] of parts) send(thread, { type: 'fold', slab, parts: own })
}

/** Sends work that the thread answers. */
function send(thread: FoldingThread, message: ToFolding): void {
  if (thread.unanswered++ === 0) thread.heardMs = performance.now()
  thread.worker.postMessage(message)
}

/** Milliseconds for which one of the threads has not answered. */
export const silenceOf = (
  { threads }: { threads: readonly Pick<FoldingThread, 'unanswered' | 'heardMs'>[] },
  nowMs: number,
): number => Math.max(0, ...threads.map((one) => (one.unanswered === 0 ? 0 : nowMs - one.heardMs)))

/**
 * Commits those of the partitions that changed; on return they are durable.
 *
 * @throws what ended a thread
 */
export async function commitElsewhere(
  folding: Folding,
  partitions: readonly Partition[],
): Promise<CommitTimes[]> {
  if (folding.failure !== null) throw folding.failure.error
  const { threads } = folding
  const changed = partitions.filter(hasChanged)
  const times = threads.map((thread, index) => {
    const own = changed.filter(({ store }) => store.partition % threads.length === index)
    if (own.length === 0) return Promise.resolve([])
    thread.committed = Promise.withResolvers()
    const parts = own.map((partition) => {
      const { store, counters, positions, moved, rejected } = partition
      const { applied, rejected: reasons, coerced, missing } = counters
      return {
        partition: store.partition,
        counters: { applied, rejected: reasons, coerced, missing },
        positions: [...moved].flatMap((id) => {
          const position = positions.get(id)
          return position === undefined ? [] : [[id, position] as [string, typeof position]]
        }),
        rejected,
      }
    })
    send(thread, { type: 'commit', parts })
    for (const partition of own) {
      partition.moved.clear()
      partition.rejected = []
    }
    return thread.committed.promise
  })
  return (await Promise.all(times)).flat()
}

/** What the threads add to the progress: their subscribers, and how long one of them is silent. */
export const progressOf = ({ threads }: Folding): Held & { silentMs: number } => ({
  subscribers: threads.reduce((sum, { held }) => sum + held.subscribers, 0),
  dirtySubscribers: threads.reduce((sum, { held }) => sum + held.dirtySubscribers, 0),
  silentMs: silenceOf({ threads }, performance.now()),
})
