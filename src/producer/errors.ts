// Errors between a producer and its brokers: their sentences, and which of them are retried.
import { PulseError } from '../errors.ts'
import { missingAcl, producingAcls } from '../kafka/authorization.ts'
import { protocolErrorsCodesById } from '../kafka/client.ts'
import type { SealedBatch } from '../kafka/batch-writer.ts'
import { NAME_PREFIX } from './progress.ts'
import type { Produced } from '../kafka/produce-request.ts'

// Codes of Kafka's protocol (https://kafka.apache.org/protocol#protocol_error_codes).
const NO_ERROR = 0
/** Stands for the code of a partition that an answer omits. */
const REQUEST_TIMED_OUT = 7
/** Errors after which the transaction is sent again: leaders move, replicas are slow, brokers start. */
const RETRIABLE: ReadonlySet<number> = new Set([
  ...[2, 3, 5, 6, 7, 8, 9, 13, 14, 15, 16, 19, 20],
  ...[51, 52, 56, 72, 74, 75, 76, 89, 100],
  // The brokers do not know this producer, its epoch, sequence or transaction any more.
  ...[45, 46, 47, 48, 49, 59, 90],
])
/** The batch is larger than the topic or the broker accepts. */
const TOO_LARGE: ReadonlySet<number> = new Set([10, 18])

/** The error when brokers do not return in time. */
export const brokersUnavailable = (topic: string, trouble: string): PulseError =>
  new PulseError(
    'kafka',
    `topic "${topic}": the pending rows could not be sent (${trouble}); run the same command ` +
      'again when the brokers are back: it continues where the topic ends',
  )

/** Which records show the rows that a topic holds: all of them, or the latest ones. */
interface Doubt {
  readonly reads: 'all' | 'latest'
}

/**
 * The error when the brokers have lost the end of a transaction that they had confirmed. Sending begins
 * again, after the topic's records have shown which rows it holds.
 */
export const rowsInDoubt = (path: string, found: string, reads: Doubt['reads']): PulseError =>
  new PulseError('kafka', `${path}: ${found}; reading which rows the topic holds`, { reads })

/** The doubt of such an error; null for any other one. */
export function doubtOf(error: unknown): Doubt | null {
  const cause = error instanceof PulseError ? (error.cause as Partial<Doubt> | undefined) : null
  return cause?.reads === undefined ? null : { reads: cause.reads }
}

/** The error of a producer whose source another one sends. */
export const fenced = (topic: string, path: string): PulseError =>
  new PulseError(
    'kafka',
    `${path}: another "produce" sends this file to topic "${topic}" and has taken over, so this ` +
      'one stopped; each row is in the topic once. Let one run to its end',
  )

/** The error when the brokers have lost the end of a transaction: only an operator can end it. */
export const neverEnded = (topic: string, path: string): PulseError =>
  new PulseError(
    'kafka',
    `${path}: a transaction that holds rows of this file in topic "${topic}" has no end, expected ` +
      'one within a minute. If the file was sent together with other files, run that command ' +
      'again: it ends the transaction. Else the brokers have lost it: find it with ' +
      '"kafka-transactions.sh find-hanging", end it with its "abort", and run the same command again',
  )

/** The ACLs of a producer's requests; an offset is committed with READ on its topic. */
export const aclsOf = (topic: string, operation: 'READ' | 'WRITE') =>
  producingAcls(topic, operation, `${NAME_PREFIX}${topic}.`)

function nameOf(code: number): string {
  const names: Readonly<Record<number, string | undefined>> = protocolErrorsCodesById
  return names[code] ?? `error ${code}`
}

/**
 * What is wrong with an answer to a Produce request; null when all partitions have the batches.
 *
 * @throws PulseError `kafka` for an error that no retry resolves
 */
export function troubleOfAnswer(
  topic: string,
  batches: readonly SealedBatch[],
  answer: ReadonlyMap<number, Produced>,
): string | null {
  let trouble: string | null = null
  for (const { partition, bytes } of batches) {
    const code = answer.get(partition)?.code ?? REQUEST_TIMED_OUT
    if (code === NO_ERROR) continue
    trouble = nameOf(code)
    if (RETRIABLE.has(code)) continue
    const subject = `topic "${topic}", partition ${partition}`
    const denied = missingAcl(code, aclsOf(topic, 'WRITE'))
    if (denied !== null) throw new PulseError('kafka', `${subject}: ${denied}`)
    const remedy = TOO_LARGE.has(code)
      ? `raise the topic's max.message.bytes above ${bytes.length}`
      : "see the broker's log, and check the permissions of this user"
    throw new PulseError('kafka', `${subject}: the broker answers ${trouble}; ${remedy}`)
  }
  return trouble
}
