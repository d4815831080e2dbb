// The run of a consumer: state, group and consumption, until it is stopped or has caught up.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, PulseError } from '../src/errors.ts'
import type { Partition } from '../state/partition.ts'
import { readHeld, type PartitionStore } from '../state/store.ts'
import { openStores, type StateOptions, type StateStores } from '../state/writer.ts'
import { CLAIM } from './assign.ts'
import { consumerProgress } from './consumer-progress.ts'
import { createConsumption, type Consumption, type ConsumptionOptions } from './consumption.ts'
import { createDeadLetters } from './dead-letters.ts'
import { createGroup, type Group, type GroupOptions } from './kafka-group.ts'
import { createLogReader } from './log-reader.ts'
import { createFormat } from './message-format.ts'
import { createNotices, type Notices } from './notices.ts'
import type { IngestProgress, LifeState } from './progress.ts'
import { createRegistry, type RegistryOptions } from './schema-registry.ts'
import { createSlice, SLICE_ROWS } from './slice.ts'
import { createTally, type CommitOptions } from './tally.ts'
import { describeTopic, type TopicView } from './topic.ts'

export interface ConsumeOptions
  extends CommitOptions, Omit<GroupOptions, 'topic'>, Omit<ConsumptionOptions, 'clientId'> {
  stateDirectory: string
  state: Omit<StateOptions, 'partitions'>
  format: 'auto' | 'avro' | 'json'
  registry: RegistryOptions | null
  /** Writer's schema of Avro that comes without a registry. */
  schema: unknown
  deadLetterTopic: string | null
  /** End when everything assigned is read. */
  untilCaughtUp: boolean
}

/** A consumer as others see it while it runs. */
export interface Consuming {
  progress(): IngestProgress
  stop(): void
}

/** A cluster that cannot be reached, or a topic that is not there, for so long ends the start. */
const START_MS = 30_000
const RETRY_MS = 500
const CAUGHT_UP_POLL_MS = 20
const CLOSE_MS = 3000

/**
 * Consumes a topic until a stop, or until it is caught up; on return all that was applied is durable.
 *
 * @param onReady is given the consumer once its state is open
 * @throws PulseError `kafka` when the cluster or topic cannot be used, or reading stopped at a gap
 *   that --until-caught-up cannot pass; those of the state
 */
export async function consume(
  options: ConsumeOptions,
  onReady: (consuming: Consuming) => void,
): Promise<IngestProgress> {
  const notices = createNotices()
  const failure = Promise.withResolvers<never>()
  failure.promise.catch(() => undefined)
  const stores: PartitionStore[] = []
  let consumption: Consumption | null = null
  const group = createGroup(options.connection, options, () => claimsOf(stores), {
    onAssigned: (partitions) => consumption?.assign(partitions),
    onError: notices.error,
    onFenced: failure.reject,
  })
  try {
    const topic = await findTopic(group, options)
    const state = await openStores(
      options.stateDirectory,
      { ...options.state, partitions: topic.partitions },
      'run',
    )
    try {
      stores.push(...state.stores)
      const parts = { state, group, notices, onFailure: failure.reject }
      return await consumeInto(parts, topic, options, failure.promise, onReady, (ready) => {
        consumption = ready
      })
    } finally {
      await state.close()
    }
  } finally {
    await closeGroup(group, options.untilCaughtUp)
  }
}

interface Parts {
  state: StateStores
  group: Group
  notices: Notices
  onFailure: (error: unknown) => void
}

async function consumeInto(
  { state, group, notices, onFailure }: Parts,
  topic: TopicView,
  options: ConsumeOptions,
  failure: Promise<never>,
  onReady: (consuming: Consuming) => void,
  onConsumption: (consumption: Consumption) => void,
): Promise<IngestProgress> {
  const { connection, format: name, schema, registry: address, instanceId: clientId } = options
  const { timeZone, durationUnit, missingMsisdn } = options.state
  const registry =
    address === null ? null : createRegistry(address, (text) => notices.error('registry', text))
  const format = createFormat({ format: name, registry, schema, timeZone })
  const tally = createTally({ missingMsisdnZero: missingMsisdn === 'zero' }, options, SLICE_ROWS)
  const { partitions } = topic
  const slice = createSlice({ format, partitions, durationUnit, cutoverMs: null }, tally)
  const reader = createLogReader(slice, tally)
  const letters = options.deadLetterTopic
  const deadLetters =
    letters === null
      ? null
      : createDeadLetters(connection, clientId, options.topic, letters, notices)
  const loaded = new Map<number, Partition>()
  const { stores } = state
  const parts = { stores, loaded, group, reader, format, tally, deadLetters, notices }
  const consumption = createConsumption({ ...parts, onFailure }, { ...options, clientId }, topic)
  onConsumption(consumption)
  const stopped = Promise.withResolvers<undefined>()
  let life: LifeState = 'running'
  const known = { ...options, topicPartitions: partitions }
  const progress = (): IngestProgress =>
    consumerProgress({ ...parts, slice, consumption }, known, life)
  onReady({
    progress,
    stop() {
      life = 'draining'
      stopped.resolve(undefined)
    },
  })
  group.join()
  try {
    const ends = [stopped.promise, failure]
    await Promise.race(
      options.untilCaughtUp ? [...ends, caughtUp(consumption, stopped.promise)] : ends,
    )
    registry?.close()
    await consumption.stop()
    await deadLetters?.close(CLOSE_MS)
    return { ...progress(), done: consumption.isCaughtUp() }
  } catch (error) {
    consumption.abandon()
    throw error
  } finally {
    stopped.resolve(undefined)
    registry?.close()
  }
}

/** Resolves when all is read; rejects at a gap, which no waiting closes. */
async function caughtUp(consumption: Consumption, stop: Promise<undefined>): Promise<void> {
  const ended = stop.then(() => true)
  while (!consumption.isCaughtUp()) {
    const stopped = [...consumption.logs.values()].find(({ gap }) => gap !== null)
    const trouble = stopped?.gap?.message ?? consumption.pausedBy()
    if (trouble !== null) {
      throw new PulseError('kafka', `${trouble}; everything before is durable`)
    }
    if (await Promise.race([ended, sleep(CAUGHT_UP_POLL_MS, false)])) return
  }
}

/** What this member says of its partitions to the group. */
const claimsOf = (stores: readonly PartitionStore[]): number[] =>
  stores.map((store) => {
    if (store.positions.getKeysCount({ limit: 1 }) === 0) return CLAIM.none
    return readHeld(store) ? CLAIM.held : CLAIM.kept
  })

async function findTopic(group: Group, { topic, connection }: ConsumeOptions): Promise<TopicView> {
  const until = performance.now() + START_MS
  for (;;) {
    let trouble: string
    try {
      const found = await describeTopic(group.consumer, topic)
      if (found !== null && found.leaders.every((leader) => leader >= 0)) return found
      trouble =
        found === null
          ? `the topic "${topic}" does not exist; create it, or fill it with ` +
            '"xdr-pulse replay FILES --to kafka --create-topic"'
          : `the topic "${topic}" has partitions without a leader; see that its brokers are up`
      if (found === null) throw new PulseError('kafka', trouble)
    } catch (error) {
      if (error instanceof PulseError) throw error
      trouble =
        `Kafka at ${connection.brokers.join(', ')} cannot be used (${messageOf(error)}); ` +
        'see that --kafka names its brokers and that TLS and SASL are as they ask'
    }
    if (performance.now() > until) throw new PulseError('kafka', trouble)
    await sleep(RETRY_MS)
  }
}

/**
 * A member that stops stays in the group until its session ends, so that a restart moves nothing; one
 * that had only to catch up leaves, for it does not come back.
 */
async function closeGroup({ leave }: Group, wanted: boolean): Promise<void> {
  if (wanted) await Promise.race([leave(), sleep(CLOSE_MS)])
}
