// Outboxes of the partitions read here: rejected messages waiting for the dead-letter topic.
//
// A rejected message enters the outbox in the commit that counts it, and leaves it in the first
// commit after the topic has acknowledged it. After a crash in between it is sent again: each
// message is in the topic at least once, and its headers (topic, partition, offset) identify
// duplicates.
import type { Clock } from '../../src/clock.ts'
import type { KafkaConnection, Producer } from '../../src/kafka/client.ts'
import type { Partition } from '../../state/partition.ts'
import type { Warnings } from '../ingest/warnings.ts'
import type { LetterRoute } from './letter.ts'

/** Which messages are forwarded where. */
export interface DeadLetterOptions extends LetterRoute {
  connection: KafkaConnection
}

/** What sends to the dead-letter topic. */
export type LetterProducer = Pick<Producer, 'send' | 'close'>

/** The outboxes of the partitions read here, and the sender that empties them. */
export interface DeadLetters {
  options: DeadLetterOptions
  warnings: Warnings
  producer: LetterProducer
  clock: Clock
  states: Set<Partition>
  /** Acknowledged keys that are in an outbox until the next commit. */
  delivered: Map<Partition, Set<string>>
  /** Keys of messages that the topic does not accept: they stay in the outbox until a restart. */
  tooLarge: Map<Partition, Set<string>>
  /** Acknowledged messages since the start, by reason. */
  sent: Record<string, number>
  /** Failed requests since the start. */
  failures: number
  /** Messages in all outboxes that are not acknowledged. */
  pending: number
  /** Messages that enter an outbox with the commit under way. */
  entering: number
  /** Most messages per request at present. */
  batchSize: number
  /** Reading pauses because too many messages wait. */
  blocked: boolean
  /** Set to end when the outboxes are empty, or at the first error. */
  closing: AbortController
  running: Promise<void>
}

/** Reading pauses above this many waiting messages, and continues below half of it. */
const MAX_PENDING = 10_000

/** Starts to send a partition's outbox as its last commit left it. */
export function openOutbox(letters: DeadLetters, state: Partition): void {
  letters.states.add(state)
  letters.pending += sizeOf(state)
}

/** Stops sending an outbox, right after a commit: its messages are sent when it is next opened. */
export function closeOutbox(letters: DeadLetters, state: Partition): void {
  letters.states.delete(state)
  letters.delivered.delete(state)
  letters.tooLarge.delete(state)
  letters.pending -= sizeOf(state)
}

/** Call before a commit of these partitions. */
export function beforeCommit(letters: DeadLetters, states: readonly Partition[]): void {
  letters.entering = states.reduce((sum, { rejected }) => sum + rejected.length, 0)
  letters.delivered.clear()
}

/** Call after the commit: rejected rows are in the outboxes, delivered ones have left them. */
export function afterCommit(letters: DeadLetters): void {
  letters.pending += letters.entering
}

/** Returns a sentence while too many messages wait; null otherwise. */
export function backlogOf(letters: DeadLetters): string | null {
  const { pending, options } = letters
  if (pending > MAX_PENDING) letters.blocked = true
  else if (pending < MAX_PENDING / 2) letters.blocked = false
  if (!letters.blocked) return null
  return `${pending} rejected rows wait for the dead-letter topic ${options.deadLetterTopic}`
}

const sizeOf = ({ store }: Partition): number => store.outbox?.getKeysCount() ?? 0
