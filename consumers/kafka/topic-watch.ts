// Keeps what is known of the topic up to date, and warnings when it is not the same any more.
import { messageOf, PulseError } from '../../src/errors.ts'
import type { Consumer } from '../../src/kafka/client.ts'
import type { Warnings } from '../ingest/warnings.ts'
import { describeTopic, type TopicView } from '../../src/kafka/topic.ts'

export interface TopicWatch {
  view(): TopicView
  /** Asks the cluster anew; asked again meanwhile, it asks once. */
  refresh: () => Promise<void>
}

export interface TopicListener {
  /** Leaders or brokers may have changed. */
  onLook: () => void
  /** The topic was deleted and made again under its name. */
  onRecreated: () => void
  onFailure: (error: unknown) => void
}

/** A watch that begins with what was seen first. */
export function watchTopic(
  consumer: Consumer,
  topic: string,
  first: TopicView,
  warnings: Warnings,
  { onLook, onRecreated, onFailure }: TopicListener,
): TopicWatch {
  let view = first
  let looking: Promise<void> | null = null

  async function look(): Promise<void> {
    try {
      const now = await describeTopic(consumer, topic)
      if (now === null) {
        warnings.error('metadata', `the topic "${topic}" does not exist any more`)
        return
      }
      if (now.partitions !== view.partitions) throw grown(topic, now.partitions, view.partitions)
      const other = now.id !== view.id
      view = now
      if (other) onRecreated()
      onLook()
    } catch (error) {
      if (error instanceof PulseError) onFailure(error)
      else warnings.error('metadata', messageOf(error))
    }
  }

  return {
    view: () => view,
    refresh: () => (looking ??= look().finally(() => (looking = null))),
  }
}

const grown = (topic: string, now: number, before: number): PulseError =>
  new PulseError(
    'state-options',
    `the topic "${topic}" now has ${now} partitions, the state was made with ${before}, and keys ` +
      'have moved between them; read the topic into another --state directory',
  )
