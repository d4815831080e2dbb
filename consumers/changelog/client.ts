// The changelog as an ingest thread uses it: claims, restores, releases, and what it reports.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { errorOf } from '../../src/errors.ts'
import type { KafkaConnection } from '../../src/kafka/client.ts'
import type { Partition } from '../../state/partition.ts'
import { identityOf } from '../../state/lineage.ts'
import type { StateOptions } from '../../state/writer.ts'
import type { ChangelogProgress, PublishedPartition } from '../ingest/changelog-progress.ts'
import type { Warnings } from '../ingest/warnings.ts'
import type { ChangelogData, Claimed, FromChangelog, ToChangelog } from './messages.ts'
import { decide } from './decide.ts'

/** `.ts` in the checkout, `.js` in the built package. */
const SCRIPT = new URL(`./thread${extname(import.meta.url)}`, import.meta.url)

/** The changelog of an ingest thread. */
export interface Changelog {
  /** What is published, and what was since the start. */
  progress(): ChangelogProgress
  /**
   * Takes over a partition and returns it in memory: as this disk has it, if that continues the newest
   * checkpoint, else restored from the changelog.
   *
   * @param local the partition as this disk has it
   * @param count number of partitions of the topic that is read
   * @throws PulseError `kafka` for a changelog that cannot be used, or that is incomplete
   */
  take(local: Partition, count: number): Promise<Partition>
  /** Publishes what a partition has committed, and forgets it. */
  release(partition: number): Promise<void>
  /** Releases all partitions and ends the thread. */
  end(): Promise<void>
}

/** What a changelog is opened with. */
export interface ChangelogOptions {
  prefix: string
  intervalMs: number
}

/** The changelog of a consumer's options; null without one. */
export function openChangelogOf(
  consumer: {
    changelog: ChangelogOptions | null
    connection: KafkaConnection
    instanceId: string
    stateDirectory: string
    state: Omit<StateOptions, 'partitions'>
  },
  partitions: number,
  warnings: Warnings,
): Changelog | null {
  const { changelog, connection, instanceId, stateDirectory: directory } = consumer
  if (changelog === null) return null
  const state = { directory, options: { ...consumer.state, partitions } }
  return openChangelog(changelog, connection, instanceId, state, warnings)
}

/** Starts the thread that publishes the partitions of an ingest thread. */
export function openChangelog(
  { prefix, intervalMs }: ChangelogOptions,
  connection: KafkaConnection,
  member: string,
  state: { directory: string; options: StateOptions },
  warnings: Warnings,
): Changelog {
  const { directory: stateDirectory, options } = state
  const workerData: ChangelogData = {
    connection,
    prefix,
    intervalMs,
    stateDirectory,
    options,
    member,
  }
  const worker = new Worker(SCRIPT, { workerData })
  const known: Known = { partitions: new Map(), totals: createTotals() }
  const { partitions, totals } = known
  const ask = askThread(worker, (message) => note(known, message, warnings))
  let ids = 0
  let ending: Promise<void> | null = null
  const end = async (): Promise<void> => {
    const over = new Promise((resolve) => worker.once('exit', resolve))
    await ask({ type: 'end', id: ids++ })
    await over
  }
  return {
    progress: () => ({ prefix, partitions: [...partitions.values()], ...totals }),
    async take(local, count) {
      const { store } = local
      const { partition } = store
      const claimed = (await ask({ type: 'claim', id: ids++, partition, count })) as Claimed
      const identity = identityOf(store)
      const taken = await decide(connection, local, identity, claimed, {
        ...options,
        partitions: count,
      })
      partitions.set(partition, taken.known)
      totals.restores[taken.known.source]++
      totals.restoredSubscribers += taken.known.restoredSubscribers
      warnings.info(taken.sentence)
      await ask({ type: 'begin', id: ids++, partition, identity, since: taken.since })
      return taken.state
    },
    async release(partition) {
      await ask({ type: 'release', id: ids++, partition })
      partitions.delete(partition)
    },
    end: () => (ending ??= end()),
  }
}

/** Sends requests to the thread and resolves with their answers; `onOther` receives what it reports. */
function askThread(
  worker: Worker,
  onOther: (message: Reported) => void,
): (message: ToChangelog) => Promise<Claimed | null> {
  const waiting = new Map<number, PromiseWithResolvers<Claimed | null>>()
  const failAll = (error: unknown): void => {
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  worker.on('error', failAll)
  worker.on('exit', () => failAll(new Error('the changelog thread has ended')))
  worker.on('message', (message: FromChangelog) => {
    if (message.type === 'answer' || message.type === 'refusal') {
      const asked = waiting.get(message.id)
      waiting.delete(message.id)
      if (message.type === 'answer') asked?.resolve(message.claimed)
      else asked?.reject(errorOf(message.failure.code, message.failure.message))
    } else onOther(message)
  })
  return (message) => {
    const answer = Promise.withResolvers<Claimed | null>()
    waiting.set(message.id, answer)
    worker.postMessage(message)
    return answer.promise
  }
}

/** What the thread reports by itself. */
type Reported = Exclude<FromChangelog, { type: 'answer' | 'refusal' }>

/** What was since the start. */
type Totals = Omit<ChangelogProgress, 'prefix' | 'partitions'>

interface Known {
  partitions: Map<number, PublishedPartition>
  totals: Totals
}

const createTotals = (): Totals => ({
  ...{ checkpoints: 0, subscribers: 0, bytes: 0, failures: 0, fenced: 0 },
  ...{ restores: { new: 0, local: 0, changelog: 0 }, restoredSubscribers: 0 },
})

function note({ partitions, totals }: Known, message: Reported, warnings: Warnings): void {
  if (message.type === 'note') {
    warnings.warn(message.sentence)
    return
  }
  const known = partitions.get(message.partition)
  if (known === undefined) return
  if (message.type === 'checkpoint') {
    const { number, atMs, rows, bytes } = message.report
    Object.assign(known, { checkpoint: number, publishedMs: atMs, trouble: null })
    totals.checkpoints++
    totals.subscribers += rows
    totals.bytes += bytes
    return
  }
  const subject = `partition ${message.partition}`
  if (message.type === 'fenced') {
    known.fenced = true
    totals.fenced++
    warnings.error('changelog', `${subject}: another member has taken over its changelog`)
    return
  }
  known.trouble = message.sentence
  totals.failures++
  warnings.error(
    'changelog',
    `${subject}: the checkpoint failed (${message.sentence}); trying again`,
  )
}
