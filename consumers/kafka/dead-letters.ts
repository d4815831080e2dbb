// Sends the messages of the outboxes to the dead-letter topic until it acknowledges them.
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../../src/errors.ts'
import { missingAcl, writingAcls } from '../../src/kafka/authorization.ts'
import { clientOptions, findErrorBy, ProduceAcks, Producer } from '../../src/kafka/client.ts'
import { createBackoff, resetBackoff, SERVICE_RETRY, waitToRetry } from '../../src/kafka/retry.ts'
import { REASONS } from '../../src/record/batch.ts'
import { rowOfKey } from '../../state/keys.ts'
import { zeros } from '../../state/partition-metadata.ts'
import type { Warnings } from '../ingest/warnings.ts'
import type { RawMessage } from './log/message-rows.ts'
import type { LogPartition } from './log/partition.ts'
import type { DeadLetterOptions, DeadLetters } from './outbox.ts'

const MAX_BATCH = 500
/** Half of `max.message.bytes` by default: headers and Kafka's own bytes come on top. */
const MAX_BATCH_BYTES = 500_000
/** Empty outboxes are looked at again after this time. */
const IDLE_MS = 50

interface Letter {
  log: LogPartition
  key: Buffer
  reason: string
  raw: RawMessage
}

/** Starts a sender without outboxes. */
export function createDeadLetters(options: DeadLetterOptions, warnings: Warnings): DeadLetters {
  const letters: DeadLetters = {
    options,
    warnings,
    producer: new Producer<Buffer, Buffer, string, string>({
      ...clientOptions(options.connection, `${options.clientId}-dead-letters`),
      acks: ProduceAcks.ALL,
      // The sender's own loop tries again: it looks first what is left to send.
      retries: 0,
      serializers: { headerKey: utf8, headerValue: utf8 },
    }),
    logs: new Set(),
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
  letters.closing.abort()
  await Promise.race([letters.running, sleep(withinMs, undefined, { ref: false })])
  abandonDeadLetters(letters)
  await Promise.race([letters.producer.close(), sleep(withinMs, undefined, { ref: false })])
}

/** Reads no outbox any more: their stores are about to be closed. */
export function abandonDeadLetters({ closing, logs }: DeadLetters): void {
  closing.abort()
  logs.clear()
}

async function forward(letters: DeadLetters): Promise<void> {
  const { warnings, options, closing } = letters
  const backoff = createBackoff(SERVICE_RETRY)
  for (;;) {
    const batch = letters.pending > 0 ? nextBatch(letters) : []
    if (batch.length === 0) {
      if (closing.signal.aborted) return
      await sleep(IDLE_MS)
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

function nextBatch({ logs, delivered, tooLarge, batchSize }: DeadLetters): Letter[] {
  const batch: Letter[] = []
  let bytes = 0
  for (const log of logs) {
    const passed = [delivered.get(log), tooLarge.get(log)]
    for (const { key, value } of log.state.store.outbox?.getRange({ snapshot: false }) ?? []) {
      if (passed.some((keys) => keys?.has(nameOf(key)))) continue
      const [reason, raw] = value as [string, string]
      bytes += raw.length
      if (batch.length === batchSize || (batch.length > 0 && bytes > MAX_BATCH_BYTES)) return batch
      batch.push({ log, key, reason, raw: JSON.parse(raw) as RawMessage })
    }
  }
  return batch
}

async function send(letters: DeadLetters, batch: readonly Letter[]): Promise<void> {
  await letters.producer.send({ messages: batch.map((one) => messageFor(one, letters.options)) })
  for (const { log, key, reason } of batch) {
    letters.sent[reason]++
    // An outbox that was closed meanwhile is sent again by the partition's next owner.
    if (!letters.logs.has(log)) continue
    log.state.delivered.push(key)
    addTo(letters.delivered, log, key)
    letters.pending--
  }
}

/** Halves the batch; a single message that is too large is reported, and left in its outbox. */
function shrink(letters: DeadLetters, batch: readonly Letter[]): void {
  letters.batchSize = Math.ceil(batch.length / 2)
  if (batch.length > 1) return
  const [{ log, key }] = batch
  addTo(letters.tooLarge, log, key)
  letters.failures++
  letters.warnings.error(
    'dead-letter',
    `the message at offset ${rowOfKey(key)} of partition ${log.number} is too large for the ` +
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

const addTo = (keys: Map<LogPartition, Set<string>>, log: LogPartition, key: Buffer): void =>
  void keys.set(log, (keys.get(log) ?? new Set()).add(nameOf(key)))

const utf8 = (text?: string): Buffer => Buffer.from(text ?? '')

/** Key and value unchanged; origin and reason in headers. */
function messageFor({ log, key, reason, raw }: Letter, options: DeadLetterOptions) {
  // A message without value has null there, which the package's types do not allow.
  const value = raw.value === null ? null : Buffer.from(raw.value, 'base64')
  return {
    topic: options.deadLetterTopic,
    ...(raw.key === null ? {} : { key: Buffer.from(raw.key, 'base64') }),
    value: value as Buffer,
    headers: new Map([
      ['xdr-topic', options.sourceTopic],
      ['xdr-partition', String(log.number)],
      ['xdr-offset', String(rowOfKey(key))],
      ['xdr-reason', reason],
      ['xdr-timestamp', new Date(raw.timestampMs).toISOString()],
    ]),
  }
}
