// Forwards refused messages to the dead-letter topic, from an outbox that is part of the commit.
//
// What is refused enters the outbox in the commit that counts it, and leaves it in the first commit
// after the topic has acknowledged it. A crash in between sends it again: each message is there at
// least once, and once by its headers (topic, partition, offset).
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../src/errors.ts'
import { REASONS } from '../src/record/batch.ts'
import { rowOfKey } from '../state/keys.ts'
import { zeros } from '../state/ledger.ts'
import { clientOptions, ProduceAcks, Producer, type KafkaConnection } from './kafka-client.ts'
import type { LogPartition } from './log-partition.ts'
import type { RawMessage } from './message-rows.ts'
import type { Notices } from './notices.ts'

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
  notices: Notices,
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
  const sent = zeros(REASONS)
  let pending = 0
  let entering = 0
  let failures = 0
  let blocked = false
  let closing = false

  function waiting(): Letter[] {
    const letters: Letter[] = []
    for (const log of logs) {
      const done = delivered.get(log)
      for (const { key, value } of log.state.store.outbox?.getRange({ snapshot: false }) ?? []) {
        if (letters.length === SENT_AT_ONCE) return letters
        if (done?.has(key.toString('hex'))) continue
        const [reason, raw] = value as [string, string]
        letters.push({ log, key, reason, raw: JSON.parse(raw) as RawMessage })
      }
    }
    return letters
  }

  async function send(letters: readonly Letter[]): Promise<void> {
    const messages = letters.map((letter) => message(letter, sourceTopic, deadLetterTopic))
    await producer.send({ messages })
    for (const { log, key, reason } of letters) {
      log.state.delivered.push(key)
      const done = delivered.get(log) ?? new Set()
      delivered.set(log, done.add(key.toString('hex')))
      sent[reason]++
      pending--
    }
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
      } catch (error) {
        failures++
        notices.error('dead-letter', `${deadLetterTopic}: ${messageOf(error)}`)
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
      pending -= log.state.store.outbox?.getKeysCount() ?? 0
    },
    beforeCommit(list) {
      entering = list.reduce((sum, { state }) => sum + state.refused.length, 0)
      delivered.clear()
    },
    afterCommit: () => void (pending += entering),
    alarm() {
      if (pending > MOST_PENDING) blocked = true
      else if (pending < MOST_PENDING / 2) blocked = false
      if (!blocked) return null
      return `${pending} refused rows wait for the dead-letter topic ${deadLetterTopic}`
    },
    async close(withinMs) {
      closing = true
      await Promise.race([running, sleep(withinMs, undefined, { ref: false })])
      await Promise.race([producer.close(), sleep(withinMs, undefined, { ref: false })])
    },
  }
}

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
