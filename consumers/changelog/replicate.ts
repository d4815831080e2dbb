// A replica: all partitions of a changelog in a state directory of its own, each as of a checkpoint.
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, PulseError } from '../../src/errors.ts'
import type { KafkaConnection } from '../../src/kafka/client.ts'
import { createFetcher } from '../../src/kafka/fetch.ts'
import { BROKER_RETRY, createBackoff, resetBackoff, waitToRetry } from '../../src/kafka/retry.ts'
import { openStores, type StateOptions } from '../../state/writer.ts'
import { describeIngest } from '../ingest/describe.ts'
import { createIngestStats, type IngestStats } from '../ingest/ingest-stats.ts'
import type { IngestProgress } from '../ingest/progress.ts'
import type { ReplicaProgress } from '../ingest/changelog-progress.ts'
import { createWarnings, type Warnings } from '../ingest/warnings.ts'
import { followOnce, openFollowed, type Followed, type Step } from './follow.ts'
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
  let followed: Followed[] = []
  const progress = (): IngestProgress =>
    describeReplica(prefix, followed, stats, warnings.waiting, stop.signal.aborted)
  onReady({ progress, stop: () => stop.abort() })
  const topics = await waitForChangelog(connection, prefix, warnings, stop.signal)
  if (topics === null) return progress()
  const fetcher = createFetcher(connection)
  try {
    const options = await findOptions(fetcher, topics, stop.signal)
    if (options === null) return progress()
    const state = await openStores(stateDirectory, options, 'replica')
    try {
      followed = state.stores.map((store) => openFollowed(store, topics, Date.now()))
      const context = { connection, fetcher, topics }
      await Promise.all(
        followed.map(async (one) => {
          const backoff = createBackoff(BROKER_RETRY)
          while (!stop.signal.aborted) {
            try {
              const step = await followOnce(context, one)
              resetBackoff(backoff)
              count(stats, step)
              if (step.applied === null && one.atEnd) await sleep(POLL_MS)
            } catch (error) {
              if (error instanceof PulseError) throw error
              warnings.error('fetch', messageOf(error))
              await waitToRetry(backoff, stop.signal)
              const moved = await findChangelog(connection, prefix).catch(() => null)
              context.topics = moved ?? context.topics
            }
          }
        }),
      )
      return { ...progress(), done: true }
    } finally {
      await state.close()
    }
  } finally {
    await fetcher.close()
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

/** What the state is made with, as the first checkpoint says; null after a stop. */
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

/** Places of sums in a marker. */
const [RECORDS, DURATION, APPLICATIONS] = [0, 2, 5]

/** Counts what a checkpoint has added; what was before this process counts as nothing. */
function count(stats: IngestStats, { applied, bytes }: Step): void {
  const { counters } = stats
  counters.consumedBytes += bytes
  if (applied === null) return
  const { marker, before, times } = applied
  if (before !== null) {
    const grown = (at: number): number =>
      Number(BigInt(marker.sums.columns[at]) - BigInt(before.sums.columns[at]))
    counters.rows += grown(RECORDS)
    counters.applied += grown(RECORDS)
    counters.durationMs += grown(DURATION)
    for (let a = 0; a < counters.applicationBytes.length; a++) {
      counters.applicationBytes[a] += grown(APPLICATIONS + a)
    }
  }
  stats.noteCommits([times])
}

function describeReplica(
  prefix: string,
  followed: readonly Followed[],
  stats: IngestStats,
  warnings: IngestProgress['warnings'],
  isStopping: boolean,
): IngestProgress {
  const partitions = followed.flatMap(({ partition }) => (partition === null ? [] : [partition]))
  const isComplete = followed.length > 0 && partitions.length === followed.length
  const replica: ReplicaProgress = {
    prefix,
    partitions: followed.map(({ store, position, partition }) => ({
      partition: store.partition,
      checkpoint: position?.number ?? null,
      member: position?.member ?? null,
      asOfMs: position?.atMs ?? null,
      withinMs: position?.withinMs ?? null,
      positions: [...(partition?.positions.values() ?? [])].map(({ name, next }) => ({
        name,
        next,
      })),
    })),
  }
  const state = isStopping
    ? 'draining'
    : followed.length === 0
      ? 'starting'
      : isComplete
        ? 'running'
        : 'restoring'
  const stores = followed.map(({ store }) => store)
  return describeIngest(partitions, stores, stats, { state, warnings, replica })
}
