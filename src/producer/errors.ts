// What goes wrong between a producer and its brokers, in words, and whether it passes.
import { messageOf, PulseError } from '../errors.ts'
import { protocolErrorsCodesById } from '../kafka/client.ts'
import type { SealedBatch } from './batch.ts'

/** The broker has the batch already: an earlier answer was lost. */
const DUPLICATE = 46
/** The broker no longer knows this producer or its place: another one goes on. */
export const LOST_PRODUCER: ReadonlySet<number> = new Set([45, 47, 49, 59])
/** Kafka's own list of errors that pass: leaders move, replicas are slow, a broker starts. */
const PASSING: ReadonlySet<number> = new Set([
  ...[2, 3, 5, 6, 7, 8, 9, 13, 14, 15, 16, 19, 20],
  ...[51, 56, 72, 74, 75, 76, 89, 100],
])
/** Above it a batch is refused by the topic or the broker. */
const TOO_LARGE: ReadonlySet<number> = new Set([10, 18])

/** What is said when brokers do not come back in time. */
export const unreachable = (topic: string, trouble: string | null): PulseError =>
  new PulseError(
    'kafka',
    `topic "${topic}": rows in hand could not be sent (${trouble ?? 'no answer'}); run the same ` +
      'command again when the brokers are back, it goes on where the topic ends',
  )

/** Kafka's name of an error code. */
export const nameOf = (code: number): string => {
  const names: Readonly<Record<number, string | undefined>> = protocolErrorsCodesById
  return names[code] ?? `error ${code}`
}

/** The innermost of nested errors says what happened. */
export function reasonOf(error: unknown): string {
  let inner = error
  for (;;) {
    const { errors, cause } = inner as { errors?: unknown[]; cause?: unknown }
    const next = errors?.at(-1) ?? cause
    if (next === undefined || next === null) return messageOf(inner)
    inner = next
  }
}

/** What is not acknowledged, with the broker's code. Throws what no retry will heal. */
export function settle(
  topic: string,
  batches: readonly SealedBatch[],
  codes: ReadonlyMap<number, number>,
): { batch: SealedBatch; code: number }[] {
  return batches.flatMap((batch) => {
    const code = codes.get(batch.partition) ?? 7
    if (code === 0 || code === DUPLICATE) return []
    if (PASSING.has(code) || LOST_PRODUCER.has(code)) return [{ batch, code }]
    const remedy = TOO_LARGE.has(code)
      ? `raise the topic's max.message.bytes above ${batch.bytes.length}`
      : "see the broker's log, check the rights of this user"
    const where = `topic "${topic}", partition ${batch.partition}`
    throw new PulseError('kafka', `${where}: the broker answers ${nameOf(code)}; ${remedy}`)
  })
}
