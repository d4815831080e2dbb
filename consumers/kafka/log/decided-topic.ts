// What is decided of a topic on the rows of all of its partitions.
import type { TopicView } from '../../../src/kafka/topic.ts'
import type { DecidedUnits } from '../../../src/record/source-units.ts'
import type { Routing } from './routing.ts'

/** A topic, and what the first thread has decided of it. */
export interface DecidedTopic {
  topic: string
  view: TopicView
  units: DecidedUnits
  /** Needed columns that JSON messages have named. */
  columns: string[]
  /** No further column is waited for. */
  columnsDecided: boolean
  /** What the keys have shown so far. */
  routing: Routing
}
