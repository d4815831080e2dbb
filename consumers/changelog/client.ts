// The changelog as an ingest thread uses it: claims, restores, releases, and what it reports.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { errorOf } from '../../src/errors.ts'
import type { KafkaConnection } from '../../src/kafka/client.ts'
import { loadPartition, type Partition } from '../../state/partition.ts'
import { identityOf, readLineage } from '../../state/lineage.ts'
import { PulseError } from '../../src/errors.ts'
import type { StateOptions } from '../../state/writer.ts'
import type { PartitionStore } from '../../state/store.ts'
import type { Warnings } from '../ingest/warnings.ts'
import type { ChangelogData, Claimed, FromChangelog, ToChangelog } from './messages.ts'
import type { CheckpointReport } from './publisher.ts'
import { restorePartition, type Checkpoint } from './restore.ts'

/** `.ts` in the checkout, `.js` in the built package. */
const SCRIPT = new URL(`./thread${extname(import.meta.url)}`, import.meta.url)

/** Where a partition came from when it was assigned. */
export type PartitionSource = 'new' | 'local' | 'changelog'

/** A partition, as the changelog knows it. */
export interface ChangelogPartition {
  source: PartitionSource
  /** Of a restore; 0 without one. */
  restoredSubscribers: number
  restoredBytes: number
  restoreSeconds: number
  /** The newest checkpoint of this process; null before the first. */
  checkpoint: CheckpointReport | null
  /** Why the last checkpoint failed, as a sentence; null after a success. */
  trouble: string | null
  /** Another member has taken over. */
  fenced: boolean
}

/** The changelog of an ingest thread. */
export interface Changelog {
  /** By number of the partition. */
  partitions: ReadonlyMap<number, ChangelogPartition>
  /**
   * Takes over a partition and returns it in memory: as this disk has it, if that continues the newest
   * checkpoint, else restored from the changelog.
   *
   * @throws PulseError `kafka` for a changelog that cannot be used, or that is incomplete
   */
  take(store: PartitionStore): Promise<Partition>
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
  const partitions = new Map<number, ChangelogPartition>()
  const waiting = new Map<number, PromiseWithResolvers<Claimed | null>>()
  let ids = 0
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
    } else note(partitions, message, warnings)
  })
  const ask = (message: ToChangelog): Promise<Claimed | null> => {
    const answer = Promise.withResolvers<Claimed | null>()
    waiting.set(message.id, answer)
    worker.postMessage(message)
    return answer.promise
  }
  return {
    partitions,
    async take(store) {
      const { partition } = store
      const claimed = (await ask({ type: 'claim', id: ids++, partition })) as Claimed
      const identity = identityOf(store)
      const taken = await decide(connection, store, identity, claimed, options)
      partitions.set(partition, taken.known)
      warnings.info(taken.sentence)
      await ask({ type: 'begin', id: ids++, partition, identity, since: taken.since })
      return taken.state
    },
    async release(partition) {
      await ask({ type: 'release', id: ids++, partition })
      partitions.delete(partition)
    },
    async end() {
      const over = new Promise((resolve) => worker.once('exit', resolve))
      await ask({ type: 'end', id: ids++ })
      await over
    },
  }
}

function note(
  partitions: ReadonlyMap<number, ChangelogPartition>,
  message: Exclude<FromChangelog, { type: 'answer' | 'refusal' }>,
  warnings: Warnings,
): void {
  const known = partitions.get(message.partition)
  if (known === undefined) return
  if (message.type === 'checkpoint') {
    known.checkpoint = message.report
    known.trouble = null
    return
  }
  const subject = `partition ${message.partition}`
  if (message.type === 'fenced') {
    known.fenced = true
    warnings.error('changelog', `${subject}: another member has taken over its changelog`)
    return
  }
  known.trouble = message.sentence
  warnings.error(
    'changelog',
    `${subject}: the checkpoint failed (${message.sentence}); trying again`,
  )
}

interface Taken {
  state: Partition
  since: number
  known: ChangelogPartition
  sentence: string
}

const UNRESTORED = {
  ...{ restoredSubscribers: 0, restoredBytes: 0, restoreSeconds: 0 },
  ...{ checkpoint: null, trouble: null, fenced: false },
}

/**
 * The state on this disk counts if its lineage has the newest checkpoint: restored from it, or published by
 * this state at a commit that it has. A position is no version: a state that is further may lack what
 * another member did.
 */
async function decide(
  connection: KafkaConnection,
  store: PartitionStore,
  identity: string,
  { topics, newest }: Claimed,
  options: StateOptions,
): Promise<Taken> {
  const subject = `partition ${store.partition}`
  const state = loadPartition(store)
  if (newest === null) {
    const source = state.counters.commit === 0 ? 'new' : 'local'
    const sentence = `${subject}: the changelog has no checkpoint; it begins with the state on this disk`
    return { state, since: -1, known: { ...UNRESTORED, source }, sentence }
  }
  requireSameOptions(topics.state.name, newest, options)
  const since = commitOf(store, identity, state, newest)
  const { number, member } = newest.marker
  if (since !== null) {
    const sentence = `${subject}: the state on this disk continues checkpoint ${number} of the changelog`
    return { state, since, known: { ...UNRESTORED, source: 'local' }, sentence }
  }
  const restored = await restorePartition(connection, topics, store, newest)
  const { partition, subscribers, bytes, seconds } = restored
  const sentence =
    `${subject}: restored from checkpoint ${number} of ${member}: ${subscribers} subscribers, ` +
    `${bytes} bytes, ${seconds.toFixed(2)} s; rejected rows before it are kept where they were read`
  const known: ChangelogPartition = {
    ...{ ...UNRESTORED, source: 'changelog' },
    ...{ restoredSubscribers: subscribers, restoredBytes: bytes, restoreSeconds: seconds },
  }
  return { state: partition, since: partition.counters.commit, known, sentence }
}

/** The commit of this disk that has the content of the newest checkpoint; null for none. */
function commitOf(
  store: PartitionStore,
  identity: string,
  { counters, positions }: Partition,
  { marker }: Checkpoint,
): number | null {
  const isBehind = Object.entries(marker.positions).some(
    ([source, next]) => (positions.get(source)?.next ?? 0) < next,
  )
  if (isBehind) return null
  if (marker.by === identity && marker.commit <= counters.commit) return marker.commit
  const lineage = readLineage(store)
  return lineage?.by === marker.by && lineage.number === marker.number ? lineage.commit : null
}

function requireSameOptions(topic: string, { marker }: Checkpoint, options: StateOptions): void {
  for (const name of ['partitions', 'timeZone', 'missingMsisdn'] as const) {
    if (marker.options[name] === options[name]) continue
    throw new PulseError(
      'state-options',
      `the changelog in "${topic}" was made with ${name} ${marker.options[name]}, expected ` +
        `${options[name]}; use the same options, or another prefix`,
    )
  }
}
