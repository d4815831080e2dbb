// Starts and ends the folding threads of a replay.
import { extname } from 'node:path'
import { performance } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import { errorOf } from '../../../src/errors.ts'
import { loadPartition, metadataOf, type Partition } from '../../../state/partition.ts'
import type { StateStores } from '../../../state/writer.ts'
import type { Folding, FoldingThread } from './folding.ts'
import type { FoldData, FromFolding, ToFolding } from './messages.ts'
import { slabOf } from './slab.ts'

/** `.ts` in the checkout, `.js` in the built package. */
const SCRIPT = new URL(`./thread${extname(import.meta.url)}`, import.meta.url)

/** Deliveries that may be folded at once, or wait for it. */
const SLABS = 8

/** Partitions that are in memory, here or, without their aggregates, in folding threads. */
export interface LoadedForFiles {
  partitions: Partition[]
  /** Null where this thread holds them. */
  folding: Folding | null
}

/**
 * Loads all partitions of an open state: in as many threads as there are beside this one, or here.
 *
 * @param threads all ingest threads, this one included
 * @throws PulseError what loading a partition throws
 */
export async function loadForFiles(
  state: StateStores,
  threads: number,
  options: Pick<FoldData, 'command' | 'keepRejected' | 'capacity'>,
): Promise<LoadedForFiles> {
  const count = Math.min(threads - 1, state.stores.length)
  if (count < 1) return { partitions: state.stores.map(loadPartition), folding: null }
  return startFolding(state, count, options)
}

/**
 * Starts folding threads, which load all partitions of an open state.
 *
 * @param capacity most rows of a delivery
 * @throws PulseError what a thread throws when it opens or loads its partitions
 */
async function startFolding(
  { directory, stores }: StateStores,
  count: number,
  options: Pick<FoldData, 'command' | 'keepRejected' | 'capacity'>,
): Promise<{ folding: Folding; partitions: Partition[] }> {
  const slabs = Array.from({ length: SLABS }, () => slabOf(options.capacity))
  const folding: Folding = {
    ...{ threads: [], slabs, free: slabs.map((_, at) => at), waiting: null },
    ...{ readers: new Uint32Array(SLABS), filling: null, failure: null },
  }
  const buffers = slabs.map(({ buffer }) => buffer)
  try {
    for (let index = 0; index < count; index++) {
      const own = stores.map(({ partition }) => partition).filter((p) => p % count === index)
      const data = { stateDirectory: directory, partitions: own, slabs: buffers, ...options }
      const thread = startThread(folding, data)
      folding.threads.push(thread)
      // One after the other: LMDB can fail if two threads open a state at once.
      await thread.opened.promise
    }
    return { folding, partitions: await loadedBy(folding, stores) }
  } catch (error) {
    await endFolding(folding)
    throw error
  }
}

async function loadedBy({ threads }: Folding, stores: StateStores['stores']): Promise<Partition[]> {
  const loaded = await Promise.all(threads.map((thread) => thread.loaded.promise))
  const byNumber = new Map(loaded.flat().map((part) => [part.partition, part]))
  return stores.map((store) => {
    const part = byNumber.get(store.partition)
    if (part === undefined) throw new Error(`partition ${store.partition} was not loaded`)
    return metadataOf(store, part)
  })
}

function startThread(folding: Folding, data: FoldData): FoldingThread {
  const thread: FoldingThread = {
    worker: new Worker(SCRIPT, { workerData: data }),
    held: { subscribers: 0, dirtySubscribers: 0 },
    ...{ unanswered: 0, heardMs: 0 },
    opened: Promise.withResolvers(),
    loaded: Promise.withResolvers(),
    committed: null,
    ended: Promise.withResolvers(),
    isEnding: false,
  }
  // Who waits for neither must not end the process by an unhandled rejection.
  for (const { promise } of [thread.opened, thread.loaded]) promise.catch(() => undefined)
  const failWith = (error: unknown): void => {
    folding.failure ??= { error }
    thread.opened.reject(error)
    thread.loaded.reject(error)
    for (const { committed } of folding.threads) committed?.reject(error)
    folding.waiting?.reject(error)
  }
  thread.worker.on('error', failWith)
  thread.worker.on('exit', (code) => {
    if (!thread.isEnding) failWith(new Error(`a folding thread exited with code ${code}`))
    thread.ended.resolve(undefined)
  })
  thread.worker.on('message', (message: FromFolding) => receive(folding, thread, message, failWith))
  return thread
}

function receive(
  folding: Folding,
  thread: FoldingThread,
  message: FromFolding,
  failWith: (error: unknown) => void,
): void {
  if ('subscribers' in message) {
    const { subscribers, dirtySubscribers } = message
    thread.held = { subscribers, dirtySubscribers }
  }
  if (message.type === 'folded' || message.type === 'committed') {
    thread.unanswered--
    thread.heardMs = performance.now()
  }
  switch (message.type) {
    case 'opened':
      thread.opened.resolve(undefined)
      break
    case 'loaded':
      thread.loaded.resolve(message.parts)
      break
    case 'folded':
      release(folding, message.slab)
      break
    case 'committed':
      thread.committed?.resolve(message.times)
      break
    case 'failed':
      thread.isEnding = true
      failWith(errorOf(message.code, message.message))
  }
}

function release(folding: Folding, slab: number): void {
  if (--folding.readers[slab] > 0) return
  folding.free.push(slab)
  folding.waiting?.resolve(undefined)
  folding.waiting = null
}

/** Ends the threads; resolves when their environments are closed. */
export async function endFolding({ threads }: Folding): Promise<void> {
  for (const thread of threads) {
    thread.isEnding = true
    thread.worker.postMessage({ type: 'end' } satisfies ToFolding)
  }
  await Promise.all(threads.map(({ ended }) => ended.promise))
}
