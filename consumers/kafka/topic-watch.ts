// Keeps the metadata of the topic up to date; detects a topic that was recreated or has fewer.
import type { Clock } from '../../src/clock.ts'
import { messageOf, PulseError } from '../../src/errors.ts'
import { missingAcl } from '../../src/kafka/authorization.ts'
import type { Consumer } from '../../src/kafka/client.ts'
import { describeTopic, type TopicView } from '../../src/kafka/topic.ts'
import type { Warnings } from '../ingest/warnings.ts'

/** A topic as it was last seen; part of a topic that is read. */
export interface TopicWatch {
  clock: Clock
  consumer: Consumer
  topic: string
  view: TopicView
  /** The request under way; null for none. */
  refreshing: Promise<void> | null
  /** The clock's `now()` at the last request. */
  refreshedAt: number
  warnings: Warnings
  /** An error found outside the reader's loop; the loop throws it. Null for none. */
  failure: { error: unknown } | null
}

/** Without another reason, new leaders and a recreated topic are noticed within this time. */
const REFRESH_MS = 10_000

/** Requests the metadata of the topic; calls during a request share it. */
export function refreshTopic(watch: TopicWatch): Promise<void> {
  watch.refreshedAt = watch.clock.now()
  watch.refreshing ??= refresh(watch).finally(() => (watch.refreshing = null))
  return watch.refreshing
}

/** Requests the metadata if it is older than `afterMs`. */
export function refreshWhenDue(watch: TopicWatch, afterMs = REFRESH_MS): void {
  if (watch.clock.now() - watch.refreshedAt >= afterMs) void refreshTopic(watch)
}

/** Records what ends the reader; the first failure counts. */
export function fail(watch: Pick<TopicWatch, 'failure'>, error: unknown): void {
  watch.failure ??= { error }
}

async function refresh(watch: TopicWatch): Promise<void> {
  const { consumer, topic, warnings } = watch
  const acl = { resource: 'Topic', name: topic, operation: 'READ' } as const
  try {
    const view = await describeTopic(consumer, topic)
    if (view === null) {
      warnings.error('metadata', `the topic "${topic}" no longer exists`)
      return
    }
    if (view.partitions < watch.view.partitions) {
      throw fewer(topic, view.partitions, watch.view.partitions)
    }
    watch.view = view
  } catch (error) {
    if (error instanceof PulseError) fail(watch, error)
    else warnings.error('metadata', missingAcl(error, [acl]) ?? messageOf(error))
  }
}

const fewer = (topic: string, now: number, before: number): PulseError =>
  new PulseError(
    'state-options',
    `the topic "${topic}" now has ${now} partitions, but the state was read from ${before}, and ` +
      'keys have moved between partitions; read the topic into another --state directory',
  )
