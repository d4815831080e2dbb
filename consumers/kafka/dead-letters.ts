// Forwards rejected messages to the dead-letter topic, from an outbox that is part of the commit.
//
// What is rejected enters the outbox in the commit that counts it, and leaves it in the first commit
// after the topic has acknowledged it. A crash in between sends it again: each message is there at
// least once, and once by its headers (topic, partition, offset).
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../../src/errors.ts'
import { REASONS } from '../../src/record/batch.ts'
import { rowOfKey } from '../../state/keys.ts'
import { zeros } from '../../state/partition-metadata.ts'
import { clientOptions, findErrorBy, ProduceAcks, Producer } from '../../src/kafka/client.ts'
import type { KafkaConnection } from '../../src/kafka/client.ts'
import type { LogPartition } from './log/partition.ts'
import type { RawMessage } from './log/message-rows.ts'
import type { Warnings } from '../ingest/warnings.ts'

export interface DeadLetters {
  /** Takes a partition's outbox as its last commit left it. */
  open(log: LogPartition): void
  /** Leaves an outbox, right after a commit: what is in it is sent when it is next opened. */
  forget(log: LogPartition): void
  beforeCommit(logs: readonly LogPartition[]): void
  afterCommit(): void
  /** In words, while more is waiting than there should be. */
  alarm(): string | null
  sent: Record<string, number>
  failures(): number
  pending(): number
  /** Sends what is left, for so long, and ends. */
  close(withinMs: number): Promise<void>
}

/** Reading pauses above it, and goes on below half of it. */
const MOST_PENDING = 10_000
const SENT_AT_ONCE = 500
/** Half of what a topic takes as one batch unless it says otherwise. */
const BYTES_AT_ONCE = 500_000
const FIRST_RETRY_MS = 200
const LONGEST_RETRY_MS = 5000
const IDLE_MS = 50

interface Letter {
  log: LogPartition
  key: Buffer
  reason: string
  raw: RawMessage
}

/** An outbox's sender; it begins at once. */
export function createDeadLetters(
  connection: KafkaConnection,
  clientId: string,
  sourceTopic: string,
  deadLetterTopic: string,
  warnings: Warnings,
): DeadLetters {
  const producer = new Producer<Buffer, Buffer, string, string>({
    ...clientOptions(connection, `${clientId}-dead-letters`),
    acks: ProduceAcks.ALL,
    // Tried again by the loop below, which looks what is left first.
    retries: 0,
    serializers: { headerKey: utf8, headerValue: utf8 },
  })
  const logs = new Set<LogPartition>()
  /** Sent, and still in an outbox until the next commit. */
  const delivered = new Map<LogPartition, Set<string>>()
  /** Of no size that the topic takes: they stay in their outbox until the next start. */
  const tooLarge = new Map<LogPartition, Set<string>>()
  const sent = zeros(REASONS)
  let room = SENT_AT_ONCE
  let pending = 0
  let entering = 0
  let failures = 0
  let blocked = false
  let closing = false

  function waiting(): Letter[] {
    const letters: Letter[] = []
    let bytes = 0
    for (const log of logs) {
      const passed = [delivered.get(log), tooLarge.get(log)]
      for (const { key, value } of log.state.store.outbox?.getRange({ snapshot: false }) ?? []) {
        if (passed.some((keys) => keys?.has(nameOf(key)))) continue
        const [reason, raw] = value as [string, string]
        bytes += raw.length
        if (letters.length === room || (letters.length > 0 && bytes > BYTES_AT_ONCE)) return letters
        letters.push({ log, key, reason, raw: JSON.parse(raw) as RawMessage })
      }
    }
    return letters
  }

  async function send(letters: readonly Letter[]): Promise<void> {
    const messages = letters.map((letter) => message(letter, sourceTopic, deadLetterTopic))
    await producer.send({ messages })
    for (const { log, key, reason } of letters) {
      sent[reason]++
      // Given back meanwhile: who takes it next sends it again.
      if (!logs.has(log)) continue
      log.state.delivered.push(key)
      addTo(delivered, log, key)
      pending--
    }
  }

  /** Sends less at once; one that is too large alone is left for later, and said. */
  function shrink(letters: readonly Letter[]): void {
    room = Math.ceil(letters.length / 2)
    if (letters.length > 1) return
    const [{ log, key }] = letters
    addTo(tooLarge, log, key)
    failures++
    warnings.error(
      'dead-letter',
      `the message at offset ${rowOfKey(key)} of partition ${log.number} is too large for ` +
        `${deadLetterTopic}; raise its max.message.bytes and start again, until then it waits`,
    )
  }

  async function run(): Promise<void> {
    for (let wait = FIRST_RETRY_MS; ;) {
      const letters = pending > 0 ? waiting() : []
      if (letters.length === 0) {
        if (closing) return
        await sleep(IDLE_MS)
        continue
      }
      try {
        await send(letters)
        wait = FIRST_RETRY_MS
        room = Math.min(SENT_AT_ONCE, 2 * room)
      } catch (error) {
        if (isTooLarge(error)) {
          shrink(letters)
          continue
        }
        failures++
        warnings.error('dead-letter', `${deadLetterTopic}: ${messageOf(error)}`)
        if (closing) return
        await sleep(wait)
        wait = Math.min(2 * wait, LONGEST_RETRY_MS)
      }
    }
  }
  const running = run()

  return {
    sent,
    failures: () => failures,
    pending: () => pending,
    open(log) {
      logs.add(log)
      pending += log.state.store.outbox?.getKeysCount() ?? 0
    },
    forget(log) {
      logs.delete(log)
      delivered.delete(log)
      tooLarge.delete(log)
      pending -= log.state.store.outbox?.getKeysCount() ?? 0
    },
    beforeCommit(list) {
      entering = list.reduce((sum, { state }) => sum + state.rejected.length, 0)
      delivered.clear()
    },
    afterCommit: () => void (pending += entering),
    alarm() {
      if (pending > MOST_PENDING) blocked = true
      else if (pending < MOST_PENDING / 2) blocked = false
      if (!blocked) return null
      return `${pending} rejected rows wait for the dead-letter topic ${deadLetterTopic}`
    },
    async close(withinMs) {
      closing = true
      await Promise.race([running, sleep(withinMs, undefined, { ref: false })])
      await Promise.race([producer.close(), sleep(withinMs, undefined, { ref: false })])
    },
  }
}

/** The message, or the batch it was sent in. */
const isTooLarge = (error: unknown): boolean =>
  error instanceof Error &&
  ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'].some((id) => findErrorBy(error, 'apiId', id))

const nameOf = (key: Buffer): string => key.toString('hex')

const addTo = (keys: Map<LogPartition, Set<string>>, log: LogPartition, key: Buffer): void =>
  void keys.set(log, (keys.get(log) ?? new Set()).add(nameOf(key)))

const utf8 = (text?: string): Buffer => Buffer.from(text ?? '')

/** Key and value as they came; where they came from and why they are here, in headers. */
function message({ log, key, reason, raw }: Letter, sourceTopic: string, topic: string) {
  // A message without value has null there, which the package's types do not know.
  const value = raw.value === null ? null : Buffer.from(raw.value, 'base64')
  return {
    topic,
    ...(raw.key === null ? {} : { key: Buffer.from(raw.key, 'base64') }),
    value: value as Buffer,
    headers: new Map([
      ['xdr-topic', sourceTopic],
      ['xdr-partition', String(log.number)],
      ['xdr-offset', String(rowOfKey(key))],
      ['xdr-reason', reason],
      ['xdr-timestamp', new Date(raw.timestampMs).toISOString()],
    ]),
  }
}
