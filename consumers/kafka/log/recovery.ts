// What keeps a log from being read on, and how that ends: gaps, unknown schemas, moved leaders.
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../../../src/errors.ts'
import { findRangeGap, moveTo, offsetBehind, truncated, type GapPolicy } from './gaps.ts'
import type { Consumer } from '../../../src/kafka/client.ts'
import type { FetchedPartition } from '../../../src/kafka/fetch.ts'
import type { Gap, LogPartition } from './partition.ts'
import type { MessageFormat } from './message-format.ts'
import type { Warnings } from '../../ingest/warnings.ts'

export interface ObstacleOptions {
  consumer: Consumer
  topic: string
  onGap: GapPolicy
  format: MessageFormat
  warnings: Warnings
  /** Asks the cluster anew about the topic. */
  refresh: () => Promise<void>
  onFailure: (error: unknown) => void
}

export interface Obstacles {
  /** True while something is being found out about a log: it is not read meanwhile. */
  holds(log: LogPartition): boolean
  /** Deals with an answer that says more than records; false when it says nothing else. */
  meetAnswer(log: LogPartition, fetched: FetchedPartition): boolean
  /** Stops at a gap, or passes it where that was asked for; both are said and counted. */
  meetGap: (log: LogPartition, gap: Gap) => void
  /** Asks for the schema that a log waits for. */
  learn(log: LogPartition, schema: number): void
  /** Gaps that were passed over because that was asked for. */
  passed: { gaps: number; records: number }
  /** From now on nothing is worth a failure any more. */
  close(): void
}

/** Kafka's codes of a partition's answer that mean: the topic is led or named differently now. */
const STALE_METADATA = new Set([3, 5, 6, 74, 75, 100, 103])
const OFFSET_OUT_OF_RANGE = 1
const RETRY_MS = 500

/** No obstacles yet. */
export function createObstacles(options: ObstacleOptions): Obstacles {
  const { consumer, topic, onGap, format, warnings, refresh, onFailure } = options
  const held = new Set<LogPartition>()
  const passed = { gaps: 0, records: 0 }
  let closed = false

  /** Does what needs the cluster for a log; what fails is tried again when the log is next read. */
  async function find(log: LogPartition, work: () => Promise<void>): Promise<void> {
    if (held.has(log)) return
    held.add(log)
    try {
      await work()
    } catch (error) {
      warnings.error('metadata', messageOf(error))
      await sleep(RETRY_MS)
    } finally {
      held.delete(log)
    }
  }

  async function meet(log: LogPartition, gap: Gap | null): Promise<void> {
    if (gap === null) return
    if (onGap === 'stop') {
      log.gap = gap
      warnings.error('gap', `${gap.message}; to go on all the same: --on-gap earliest or latest`)
      return
    }
    const offset = await offsetBehind(consumer, topic, log, gap, onGap)
    warnings.error('gap', `${gap.message}; going on at ${offset} as --on-gap ${onGap} says`)
    passed.gaps++
    passed.records += gap.to - gap.from
    moveTo(log, offset)
  }

  const meetGap = (log: LogPartition, gap: Gap): void => void find(log, () => meet(log, gap))

  return {
    passed,
    meetGap,
    holds: (log) => held.has(log),
    close: () => void (closed = true),
    meetAnswer(log, { errorCode, divergingOffset }) {
      const { next } = log.position
      if (errorCode === OFFSET_OUT_OF_RANGE) {
        void find(log, async () => meet(log, await findRangeGap(consumer, topic, log)))
      } else if (STALE_METADATA.has(errorCode)) {
        void find(log, async () => {
          await refresh()
          await sleep(RETRY_MS)
        })
      } else if (errorCode !== 0) {
        void find(log, () => Promise.reject(new Error(`a fetch failed with error ${errorCode}`)))
      } else if (divergingOffset >= 0 && divergingOffset < next) {
        meetGap(log, truncated(log.number, divergingOffset, next))
      } else return false
      return true
    },
    learn(log, schema) {
      format.learn(schema).then(
        () => (log.waitingFor = null),
        (error: unknown) => {
          // Closing ends the wait; anything else is ours.
          if (!closed) onFailure(error)
        },
      )
    },
  }
}
