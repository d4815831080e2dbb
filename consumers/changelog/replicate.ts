// A replica: all partitions of a changelog in a state directory of its own, each as of a checkpoint.
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, PulseError } from '../../src/errors.ts'
import type { KafkaConnection } from '../../src/kafka/client.ts'
import { createFetcher } from '../../src/kafka/fetch.ts'
import { BROKER_RETRY, createBackoff, resetBackoff, waitToRetry } from '../../src/kafka/retry.ts'
import { growState } from '../../state/growth.ts'
import { openStores, type StateOptions, type StateStores } from '../../state/writer.ts'
import { createIngestStats, type IngestStats } from '../ingest/ingest-stats.ts'
import type { IngestProgress } from '../ingest/progress.ts'
import { createWarnings, type Warnings } from '../ingest/warnings.ts'
import { followOnce, openFollowed, type FollowContext, type Followed } from './follow.ts'
import { countStep, describeReplica } from './replica-progress.ts'
import { readCheckpoint } from './restore.ts'
import { findChangelog, topicNames, type ChangelogTopics } from './topics.ts'

/** Options of a replica; all of them can be sent to a thread. */
export interface ReplicaOptions {
  connection: KafkaConnection
  prefix: string
  stateDirectory: string
  /** Called after a commit. */
  onCommit?: () => void
}

/** A running replica. */
export interface Replica {
  progress(): IngestProgress
  stop(): void
}

/** While nothing comes, the changelog is looked at again after this time. */
const POLL_MS = 100
const FIRST_POLL_MS = 1000
/** Leaders that have moved, and new partitions, are found within this time. */
const DESCRIBE_MS = 5000

/**
 * Follows a changelog until a stop.
 *
 * @param onReady receives the replica at once
 * @throws PulseError `kafka` for topics that are no changelog, or that have lost records; what the state
 *   throws
 */
export async function replicate(
  { connection, prefix, stateDirectory, onCommit }: ReplicaOptions,
  onReady: (replica: Replica) => void,
): Promise<IngestProgress> {
  const stop = new AbortController()
  const warnings = createWarnings()
  const commits = {
    commitIntervalMs: 0,
    keepRejected: 0,
    ...(onCommit === undefined ? {} : { onCommit }),
  }
  const stats = createIngestStats({ missingMsisdnZero: false }, commits, 1)
  const followed: Followed[] = []
  const progress = (): IngestProgress =>
    describeReplica(prefix, followed, stats, warnings.waiting, stop.signal.aborted)
  onReady({ progress, stop: () => stop.abort() })
  const topics = await waitForChangelog(connection, prefix, warnings, stop.signal)
  if (topics === null) return progress()
  const fetcher = createFetcher(connection)
  try {
    const options = await findOptions(fetcher, topics, stop.signal)
    if (options === null) return progress()
    const partitions = { ofNew: topics.state.leaders.length }
    const state = await openStores(stateDirectory, { ...options, partitions }, 'replica')
    try {
      const context = { connection, fetcher, topics }
      await followAll(context, prefix, state, followed, { stats, warnings, stop: stop.signal })
      return { ...progress(), done: true }
    } finally {
      await state.close()
    }
  } finally {
    await fetcher.close()
  }
}

/** What reports and ends a replica. */
interface Reporting {
  stats: IngestStats
  warnings: Warnings
  stop: AbortSignal
}

/** Follows all partitions until a stop, also those that the changelog gains. */
async function followAll(
  context: FollowContext,
  prefix: string,
  state: StateStores,
  followed: Followed[],
  reporting: Reporting,
): Promise<void> {
  const { stop, warnings } = reporting
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => undefined)
  const works: Promise<void>[] = []
  const grow = (): void => {
    const now = context.topics.state.leaders.length
    if (now > state.stores.length) growState(state, new Map([[prefix, now]]))
    for (const store of state.stores.slice(followed.length)) {
      const one = openFollowed(store, context.topics, Date.now())
      followed.push(one)
      works.push(followOne(context, one, reporting).catch(failed.reject))
    }
  }
  grow()
  while (!stop.aborted) {
    const waited = sleep(DESCRIBE_MS, undefined, { signal: stop }).catch(() => undefined)
    await Promise.race([waited, failed.promise])
    try {
      context.topics = (await findChangelog(context.connection, prefix)) ?? context.topics
    } catch (error) {
      warnings.error('metadata', messageOf(error))
    }
    grow()
  }
  await Promise.race([Promise.all(works), failed.promise])
}

async function followOne(
  context: FollowContext,
  one: Followed,
  { stats, warnings, stop }: Reporting,
): Promise<void> {
  const backoff = createBackoff(BROKER_RETRY)
  while (!stop.aborted) {
    try {
      const step = await followOnce(context, one)
      resetBackoff(backoff)
      countStep(stats, step)
      if (step.applied === null && one.atEnd) await sleep(POLL_MS)
    } catch (error) {
      if (error instanceof PulseError) throw error
      warnings.error('fetch', messageOf(error))
      await waitToRetry(backoff, stop)
    }
  }
}

/** The topics of a changelog, once they exist; null after a stop. */
async function waitForChangelog(
  connection: KafkaConnection,
  prefix: string,
  warnings: Warnings,
  stop: AbortSignal,
): Promise<ChangelogTopics | null> {
  const { engagement, state } = topicNames(prefix)
  const sentence = `waiting for the topics "${engagement}" and "${state}" of "run --changelog ${prefix}"`
  const backoff = createBackoff(BROKER_RETRY)
  for (let isReported = false; !stop.aborted; isReported = true) {
    try {
      const found = await findChangelog(connection, prefix)
      if (found !== null) return found
      if (!isReported) warnings.warn(sentence)
    } catch (error) {
      warnings.error('metadata', messageOf(error))
    }
    await waitToRetry(backoff, stop)
  }
  return null
}

/** What the state is made with, as the first checkpoint has it; null after a stop. */
async function findOptions(
  fetcher: ReturnType<typeof createFetcher>,
  topics: ChangelogTopics,
  stop: AbortSignal,
): Promise<StateOptions | null> {
  while (!stop.aborted) {
    for (let partition = 0; partition < topics.state.leaders.length; partition++) {
      const found = await readCheckpoint(fetcher, topics, partition)
      if (found !== null) return found.marker.options
    }
    await sleep(FIRST_POLL_MS)
  }
  return null
}
