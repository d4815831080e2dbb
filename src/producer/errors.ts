// Errors between a producer and its brokers: their sentences, and which of them are retried.
import { PulseError } from '../errors.ts'
import { missingAcl, writingAcls } from '../kafka/authorization.ts'
import { protocolErrorsCodesById } from '../kafka/client.ts'
import type { SealedBatch } from './batch.ts'

// Codes of Kafka's protocol (https://kafka.apache.org/protocol#protocol_error_codes).
const NO_ERROR = 0
/** Stands for the code of a partition that an answer omits: its leader is asked again. */
const REQUEST_TIMED_OUT = 7
/** The broker has the batch already: an earlier answer was lost. */
const DUPLICATE_SEQUENCE_NUMBER = 46
/** The broker does not know this producer or its sequence any more: a new producer continues. */
const LOST_PRODUCER: ReadonlySet<number> = new Set([45, 47, 49, 59])
/** Kafka's retriable errors: leaders move, replicas are slow, a broker starts. */
const RETRIABLE: ReadonlySet<number> = new Set([
  ...[2, 3, 5, 6, 7, 8, 9, 13, 14, 15, 16, 19, 20],
  ...[51, 56, 72, 74, 75, 76, 89, 100],
])
/** The batch is larger than the topic or the broker accepts. */
const TOO_LARGE: ReadonlySet<number> = new Set([10, 18])

/** The error when brokers do not return in time. */
export const brokersUnavailable = (topic: string, trouble: string | null): PulseError =>
  new PulseError(
    'kafka',
    `topic "${topic}": the pending rows could not be sent (${trouble ?? 'no answer'}); run the ` +
      'same command again when the brokers are back: it continues where the topic ends',
  )

function nameOf(code: number): string {
  const names: Readonly<Record<number, string | undefined>> = protocolErrorsCodesById
  return names[code] ?? `error ${code}`
}

/** A batch to send again, and why. */
export interface Unacknowledged {
  batch: SealedBatch
  trouble: string
  /** The brokers no longer know the producer that sent it. */
  lostProducer: boolean
}

/**
 * The batches to send again, by the error code of each partition.
 *
 * @throws PulseError `kafka` for an error that no retry resolves
 */
export function unacknowledged(
  topic: string,
  batches: readonly SealedBatch[],
  codes: ReadonlyMap<number, number>,
): Unacknowledged[] {
  return batches.flatMap((batch) => {
    const code = codes.get(batch.partition) ?? REQUEST_TIMED_OUT
    if (code === NO_ERROR || code === DUPLICATE_SEQUENCE_NUMBER) return []
    const lostProducer = LOST_PRODUCER.has(code)
    if (lostProducer || RETRIABLE.has(code)) return [{ batch, trouble: nameOf(code), lostProducer }]
    const subject = `topic "${topic}", partition ${batch.partition}`
    const denied = missingAcl(code, writingAcls(topic))
    if (denied !== null) throw new PulseError('kafka', `${subject}: ${denied}`)
    const remedy = TOO_LARGE.has(code)
      ? `raise the topic's max.message.bytes above ${batch.bytes.length}`
      : "see the broker's log, and check the permissions of this user"
    throw new PulseError('kafka', `${subject}: the broker answers ${nameOf(code)}; ${remedy}`)
  })
}
