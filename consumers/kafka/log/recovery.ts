// What keeps a log from being read, and how that ends: gaps, unknown schemas, moved leaders.
import { messageOf } from '../../../src/errors.ts'
import { missingAcl } from '../../../src/kafka/authorization.ts'
import type { FetchedPartition } from '../../../src/kafka/fetch.ts'
import type { SchemaKey } from '../../../src/kafka/schema-registry.ts'
import { waitToRetry } from '../../../src/kafka/retry.ts'
import { fail, refreshTopic, type TopicWatch } from '../topic-watch.ts'
import { findRangeGap, moveTo, offsetAfter, passedAt, stoppedAt, truncated } from './gaps.ts'
import type { GapPolicy } from './gaps.ts'
import type { MessageFormat } from './message-format.ts'
import { placeOf, type Gap, type LogPartition } from './partition.ts'

/** What recovery needs; part of a partition reader. */
export interface Recovery extends TopicWatch {
  onGap: GapPolicy
  format: MessageFormat
  /** Gaps that were passed, and their records. */
  passed: { gaps: number; records: number }
  /** Aborted when the reader closes: then a schema that cannot be fetched is not a failure. */
  closing: AbortController
}

/** Kafka's error codes of a partition that mean: it has another leader, or the topic another id. */
const STALE_METADATA = new Set([3, 5, 6, 74, 75, 100, 103])
const OFFSET_OUT_OF_RANGE = 1

/**
 * Starts to recover from a response that reports an error or a truncation.
 *
 * @returns false when it reports neither: then its records are to be read
 */
export function recoverFrom(
  recovery: Recovery,
  log: LogPartition,
  { errorCode, divergingOffset }: FetchedPartition,
): boolean {
  const { next } = log.position
  if (errorCode === OFFSET_OUT_OF_RANGE) {
    void recover(recovery, log, async () => {
      const gap = await findRangeGap(recovery.consumer, log)
      if (gap !== null) await meet(recovery, log, gap)
    })
  } else if (STALE_METADATA.has(errorCode)) {
    void recover(recovery, log, async () => {
      await refreshTopic(recovery)
      await waitToRetry(log.backoff, recovery.closing.signal)
    })
  } else if (errorCode !== 0) {
    const acl = { resource: 'Topic', name: recovery.topic, operation: 'READ' } as const
    log.denied = missingAcl(errorCode, [acl])
    const other = `${placeOf(log)}: the broker answers error ${errorCode}`
    void recover(recovery, log, () => Promise.reject(new Error(log.denied ?? other)))
  } else if (divergingOffset >= 0 && divergingOffset < next) {
    recoverFromGap(recovery, log, truncated(log, divergingOffset, next))
  } else return false
  return true
}

/** Stops at a gap, or passes it as `onGap` demands; both are reported and counted. */
export function recoverFromGap(recovery: Recovery, log: LogPartition, gap: Gap): void {
  void recover(recovery, log, () => meet(recovery, log, gap))
}

/** Fetches the schema that a log waits for; the log is read again when it is known. */
export function learnSchema(recovery: Recovery, log: LogPartition, key: SchemaKey): void {
  recovery.format.learn(key).then(
    () => (log.waitingFor = null),
    (error: unknown) => {
      // Closing ends the wait for the registry; any other error is an internal one.
      if (!recovery.closing.signal.aborted) fail(recovery, error)
    },
  )
}

/** Runs `work`, which asks the cluster; a failure is repeated by the next fetch of the log. */
async function recover(
  { warnings, closing }: Recovery,
  log: LogPartition,
  work: () => Promise<void>,
): Promise<void> {
  if (log.recovering) return
  log.recovering = true
  try {
    await work()
  } catch (error) {
    warnings.error('metadata', messageOf(error))
    await waitToRetry(log.backoff, closing.signal)
  } finally {
    log.recovering = false
  }
}

async function meet(recovery: Recovery, log: LogPartition, gap: Gap): Promise<void> {
  const { consumer, onGap, warnings, passed } = recovery
  if (onGap === 'stop') {
    log.gap = gap
    warnings.error('gap', stoppedAt(gap))
    return
  }
  const offset = await offsetAfter(consumer, log, gap, onGap)
  warnings.error('gap', passedAt(gap, offset, onGap))
  passed.gaps++
  passed.records += gap.to - gap.from
  moveTo(log, offset)
}
