// The live phase of a consumer: the topic is read into the state until it is stopped or caught up.
import { setTimeout as sleep } from 'node:timers/promises'
import { PulseError } from '../../src/errors.ts'
import type { Partition } from '../../state/partition.ts'
import type { SourcePosition } from '../../state/partition-metadata.ts'
import type { PartitionStore } from '../../state/store.ts'
import { consumerProgress } from './progress.ts'
import type { TopicConsumerOptions } from './options.ts'
import { createConsumption, type Consumption } from './reader.ts'
import { createDeadLetters } from './dead-letters.ts'
import type { DurationUnit } from '../../src/record/duration-unit.ts'
import type { Group } from './group/membership.ts'
import { NO_ROW_READ } from './log/partition.ts'
import { createLogReader } from './log/reader.ts'
import { createFormat } from './log/message-format.ts'
import type { Warnings } from '../ingest/warnings.ts'
import type { IngestProgress } from '../ingest/progress.ts'
import { createRegistry } from '../../src/kafka/schema-registry.ts'
import { createMessageBatch, BATCH_ROWS } from './log/message-batch.ts'
import { createIngestStats } from '../ingest/ingest-stats.ts'
import { sourceOf, type TopicView } from '../../src/kafka/topic.ts'

/** What a live phase begins with. */
export interface LiveParts {
  stores: readonly PartitionStore[]
  /** Partitions that are in memory already. */
  loaded: Map<number, Partition>
  cutoverMs: number | null
  topic: TopicView
  group: Group
  warnings: Warnings
}

export interface Live {
  consumption: Consumption
  progress(): IngestProgress
  /** Reads until `stop`, or until it is caught up where that is wanted; all is durable on return. */
  run(stop: Promise<undefined>): Promise<void>
}

const CAUGHT_UP_POLL_MS = 20

/** A live phase; it reads what the group assigns to it from now on. */
export function createLive(parts: LiveParts, options: TopicConsumerOptions, failed: Failed): Live {
  const { stores, loaded, cutoverMs, topic, group, warnings } = parts
  const { connection, schema, instanceId: clientId, deadLetterTopic } = options
  const { timeZone, durationUnit, missingMsisdn } = options.state
  const registry =
    options.registry === null
      ? null
      : createRegistry(options.registry, (text) => warnings.error('registry', text))
  const format = createFormat({ format: options.format, registry, schema, timeZone })
  const stats = createIngestStats(
    { missingMsisdnZero: missingMsisdn === 'zero' },
    options,
    BATCH_ROWS,
  )
  const { partitions } = topic
  const knownUnit = unitOf(stores, sourceOf(topic))
  const batch = createMessageBatch(
    { format, partitions, durationUnit, knownUnit, cutoverMs },
    stats,
  )
  const deadLetters =
    deadLetterTopic === null
      ? null
      : createDeadLetters(connection, clientId, options.topic, deadLetterTopic, warnings)
  const reader = createLogReader(batch)
  const working = { stores, loaded, group, reader, format, stats, deadLetters, warnings }
  const { reject: onFailure } = failed
  const consumption = createConsumption({ ...working, onFailure }, { ...options, clientId }, topic)
  const known = { ...options, topicPartitions: topic.partitions }
  return {
    consumption,
    progress: () => consumerProgress({ ...working, batch, consumption }, known),
    async run(stop) {
      try {
        const ends = [stop, failed.promise]
        await Promise.race(options.untilCaughtUp ? [...ends, caughtUp(consumption, stop)] : ends)
        registry?.close()
        await consumption.stop()
      } catch (error) {
        consumption.abandon()
        registry?.close()
        throw error
      }
    },
  }
}

/** How an earlier run understood the durations of a topic, in whichever partition. */
function unitOf(stores: readonly PartitionStore[], source: string): DurationUnit | null {
  for (const { positions } of stores) {
    const known = positions.get(source) as SourcePosition | undefined
    if (known !== undefined && known.evidence !== NO_ROW_READ) {
      return { durationUnit: known.durationUnit, evidence: known.evidence }
    }
  }
  return null
}

/** Rejected by what ends everything. */
export interface Failed {
  promise: Promise<never>
  reject: (error: unknown) => void
}

/** Resolves when all is read; rejects at a gap, which no waiting closes. */
async function caughtUp(consumption: Consumption, stop: Promise<undefined>): Promise<void> {
  const ended = stop.then(() => true)
  while (!consumption.isCaughtUp()) {
    const stopped = [...consumption.logs.values()].find(({ gap }) => gap !== null)
    const trouble = stopped?.gap?.message ?? consumption.pausedBy()
    if (trouble !== null) throw new PulseError('kafka', `${trouble}; everything before is durable`)
    if (await Promise.race([ended, sleep(CAUGHT_UP_POLL_MS, false)])) return
  }
}
