// Sends the messages of the outboxes to the dead-letter topic until it acknowledges them.
import type { Clock } from '../../src/clock.ts'
import { messageOf } from '../../src/errors.ts'
import { missingAcl, writingAcls } from '../../src/kafka/authorization.ts'
import { clientOptions, findErrorBy, ProduceAcks, Producer } from '../../src/kafka/client.ts'
import type { KafkaConnection } from '../../src/kafka/client.ts'
import { createBackoff, resetBackoff, SERVICE_RETRY, waitToRetry } from '../../src/kafka/retry.ts'
import { REASONS } from '../../src/record/batch.ts'
import { rowOfKey } from '../../state/keys.ts'
import type { Partition } from '../../state/partition.ts'
import { zeros } from '../../state/partition-metadata.ts'
import type { StoredRow } from '../../state/rejected-rows.ts'
import type { Warnings } from '../ingest/warnings.ts'
import { messageOfLetter, originOf, type Letter } from './letter.ts'
import type { RawMessage } from './log/message-rows.ts'
import { placeOf } from './log/partition.ts'
import type { DeadLetterOptions, DeadLetters, LetterProducer } from './outbox.ts'

const MAX_BATCH = 500
/** Half of `max.message.bytes` by default: headers and Kafka's own bytes come on top. */
const MAX_BATCH_BYTES = 500_000
/** Empty outboxes are looked at again after this time. */
const IDLE_MS = 50

/** Opens a producer; it connects with its first message. */
export const openProducer = (connection: KafkaConnection): LetterProducer =>
  new Producer({
    ...clientOptions(connection),
    acks: ProduceAcks.ALL,
    // The sender's own loop tries again: it looks first what is left to send.
    retries: 0,
  })

/** Starts a sender without outboxes. */
export function createDeadLetters(
  options: DeadLetterOptions,
  warnings: Warnings,
  clock: Clock,
  producer: LetterProducer,
): DeadLetters {
  const letters: DeadLetters = {
    options,
    warnings,
    producer,
    clock,
    states: new Set(),
    delivered: new Map(),
    tooLarge: new Map(),
    sent: zeros(REASONS),
    failures: 0,
    pending: 0,
    entering: 0,
    batchSize: MAX_BATCH,
    blocked: false,
    closing: new AbortController(),
    running: Promise.resolve(),
  }
  letters.running = forward(letters)
  return letters
}

/** Sends what is left, within `withinMs`, and disconnects. */
export async function closeDeadLetters(letters: DeadLetters, withinMs: number): Promise<void> {
  const { closing, running, producer, clock } = letters
  closing.abort()
  await within(running, withinMs, clock)
  abandonDeadLetters(letters)
  await within(producer.close(), withinMs, clock)
}

/** Waits for a promise, and no longer than `ms`. */
async function within(done: Promise<unknown>, ms: number, clock: Clock): Promise<void> {
  const over = new AbortController()
  const wait = clock.sleep(ms, over.signal).catch(() => undefined)
  try {
    await Promise.race([done, wait])
  } finally {
    over.abort()
  }
}

/** Reads no outbox any more: their stores are about to be closed. */
export function abandonDeadLetters({ closing, states }: DeadLetters): void {
  closing.abort()
  states.clear()
}

async function forward(letters: DeadLetters): Promise<void> {
  const { warnings, options, closing, clock } = letters
  const backoff = createBackoff(SERVICE_RETRY, clock)
  for (;;) {
    const batch = letters.pending > 0 ? nextBatch(letters) : []
    if (batch.length === 0) {
      if (closing.signal.aborted) return
      await clock.sleep(IDLE_MS)
      continue
    }
    try {
      await send(letters, batch)
      resetBackoff(backoff)
      letters.batchSize = Math.min(MAX_BATCH, 2 * letters.batchSize)
    } catch (error) {
      if (isTooLarge(error)) {
        shrink(letters, batch)
        continue
      }
      letters.failures++
      const { deadLetterTopic: topic } = options
      const denied = missingAcl(error, writingAcls(topic))
      warnings.error('dead-letter', denied ?? `${topic}: ${messageOf(error)}`)
      if (closing.signal.aborted) return
      await waitToRetry(backoff, closing.signal)
    }
  }
}

function nextBatch({ states, delivered, tooLarge, batchSize }: DeadLetters): Letter[] {
  const batch: Letter[] = []
  let bytes = 0
  for (const state of states) {
    const passed = [delivered.get(state), tooLarge.get(state)]
    for (const { key, value } of state.store.outbox?.getRange({ snapshot: false }) ?? []) {
      if (passed.some((keys) => keys?.has(nameOf(key)))) continue
      const [reason, raw, detail] = value as StoredRow
      bytes += raw.length
      if (batch.length === batchSize || (batch.length > 0 && bytes > MAX_BATCH_BYTES)) return batch
      batch.push({ state, key, reason, raw: JSON.parse(raw) as RawMessage, detail })
    }
  }
  return batch
}

async function send(letters: DeadLetters, batch: readonly Letter[]): Promise<void> {
  await letters.producer.send({
    messages: batch.map((one) => messageOfLetter(one, letters.options)),
  })
  for (const { state, key, reason } of batch) {
    letters.sent[reason]++
    // An outbox that was closed meanwhile is sent again by the partition's next owner.
    if (!letters.states.has(state)) continue
    state.delivered.push(key)
    addTo(letters.delivered, state, key)
    letters.pending--
  }
}

/** Halves the batch; a single message that is too large is reported, and left in its outbox. */
function shrink(letters: DeadLetters, batch: readonly Letter[]): void {
  letters.batchSize = Math.ceil(batch.length / 2)
  if (batch.length > 1) return
  const [{ state, key }] = batch
  addTo(letters.tooLarge, state, key)
  letters.failures++
  letters.warnings.error(
    'dead-letter',
    `the message at offset ${rowOfKey(key)} of ${placeOf(originOf({ state, key }))} is too large for the ` +
      `dead-letter topic ${letters.options.deadLetterTopic}; raise its max.message.bytes and ` +
      'restart, the message waits until then',
  )
}

/** True when the message, or the batch it was sent in, exceeds the topic's limit. */
const isTooLarge = (error: unknown): boolean =>
  error instanceof Error &&
  ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'].some((id) => findErrorBy(error, 'apiId', id))

/** A key as text: equal keys are equal members of a set. */
const nameOf = (key: Buffer): string => key.toString('hex')

const addTo = (keys: Map<Partition, Set<string>>, state: Partition, key: Buffer): void =>
  void keys.set(state, (keys.get(state) ?? new Set()).add(nameOf(key)))
