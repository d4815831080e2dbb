// Drops one partition of a state, so that the next run reads its topics again.
import { PulseError } from '../../src/errors.ts'
import { authorizationError, readingAcls } from '../../src/kafka/authorization.ts'
import type { Consumer } from '../../src/kafka/client.ts'
import { describeTopic, offsetAt, sourceOf } from '../../src/kafka/topic.ts'
import { beginningOf, dropRows } from '../../state/drop.ts'
import type { SourcePosition } from '../../state/partition-metadata.ts'
import { hasIdentity } from '../../state/lineage.ts'
import { readHeld, type PartitionStore } from '../../state/store.ts'
import { positionsOf } from './reconciliation.ts'

/** A topic that is read again. */
export interface TopicToReread {
  source: string
  topic: string
  /** Where reading began. */
  first: number
  /** Exclusive end of what was read. */
  next: number
  applied: number
  rejected: number
  /** First offset of the log now. */
  logStart: number
  /** Offsets from `first` on that the log no longer has. */
  lost: number
}

/**
 * What reading a partition again would mean; nothing is changed.
 *
 * @throws PulseError `state-options` for a partition with rows that no topic has, `kafka` for a topic
 *   that is not the one that was read
 */
export async function planReread(
  store: PartitionStore,
  consumer: Consumer,
): Promise<TopicToReread[]> {
  const { partition } = store
  const positions = [...positionsOf(store)]
  const files = positions.filter(([, { kind }]) => kind === 'file').map(([, { name }]) => name)
  if (files.length > 0) {
    throw refusal(
      `partition ${partition} holds rows of files (${files.join(', ')}), expected rows of topics ` +
        'only: a file is applied to all partitions at once and would not be read again; read ' +
        'everything into a new --state directory, with the files as --history',
    )
  }
  if (positions.length === 0) {
    throw refusal(`partition ${partition} has read no topic, expected one; a run reads all of it`)
  }
  if (hasIdentity(store)) {
    throw refusal(
      `partition ${partition} is published to a changelog, which would restore what is dropped here; ` +
        'start "run" with an empty --state directory and another --changelog prefix: it reads the ' +
        'topics again',
    )
  }
  if (!readHeld(store)) {
    throw refusal(
      `partition ${partition} is not held here, expected one that is: another member reads it; ` +
        'run this with the state of that member',
    )
  }
  return await Promise.all(
    positions.map(([source, position]) => planTopic(consumer, partition, source, position)),
  )
}

const refusal = (sentence: string): PulseError => new PulseError('state-options', sentence)

async function planTopic(
  consumer: Consumer,
  partition: number,
  source: string,
  position: SourcePosition,
): Promise<TopicToReread> {
  const { name: topic, next, applied, rejected } = position
  const view = await describeTopic(consumer, topic).catch((error: unknown) => {
    throw authorizationError(error, readingAcls(topic, '')) ?? error
  })
  if (view === null || sourceOf(view) !== source) {
    const found = view === null ? 'does not exist' : 'is not the topic that was read'
    throw new PulseError(
      'kafka',
      `"${topic}" ${found}, expected the one that partition ${partition} was read from: its rows ` +
        'cannot be read again; check --kafka, or keep the partition as it is',
    )
  }
  const first = beginningOf(position)
  const logStart = await offsetAt(consumer, topic, partition, 'earliest')
  const lost = Math.max(0, Math.min(logStart, next) - first)
  return { source, topic, first, next, applied, rejected, logStart, lost }
}

/**
 * Drops a partition for which `planReread` was made.
 *
 * @param acceptsLoss drops also rows that the log no longer has
 * @throws PulseError `state-options` when rows would be lost without `acceptsLoss`
 */
export function dropForReread(
  store: PartitionStore,
  plan: readonly TopicToReread[],
  acceptsLoss: boolean,
): void {
  const losing = plan.find(({ lost }) => lost > 0)
  if (losing !== undefined && !acceptsLoss) {
    const { topic, first, lost, logStart } = losing
    throw refusal(
      `partition ${store.partition}: the log of "${topic}" begins at ${logStart}, expected ${first}: ` +
        `${lost} offsets whose rows the state has could not be read again; nothing was changed: ` +
        'keep the partition, or give --accept-loss, which counts them as skipped',
    )
  }
  dropRows(store, new Map(plan.map(({ source, logStart }) => [source, logStart])))
}
