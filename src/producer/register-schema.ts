// Registers the schema in a Confluent-compatible registry, and frames message values with its id.
import { PulseError, rootMessageOf } from '../errors.ts'
import { jsonOf } from '../kafka/http-request.ts'
import { readAddress } from '../kafka/registry-address.ts'
import type { RegistryOptions } from '../kafka/registry-address.ts'

const ANSWER_WITHIN_MS = 10_000

/**
 * Registers a schema under the subject `TOPIC-value` and returns its id. The same text always has
 * the same id.
 *
 * @throws PulseError `kafka` when the registry does not answer, or rejects the schema
 */
export async function registerSchema(
  registry: RegistryOptions,
  topic: string,
  schema: string,
): Promise<number> {
  const { base, ask } = readAddress(registry)
  const subject = `${topic}-value`
  const path = `/subjects/${encodeURIComponent(subject)}/versions`
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS)
  const answer = await ask(path, signal, JSON.stringify({ schema })).catch((error: unknown) => {
    const text = `no answer from the schema registry ${base} (${rootMessageOf(error)}); check --registry`
    throw new PulseError('kafka', text, error)
  })
  const body = jsonOf(answer) as { id?: unknown; message?: unknown } | null
  if (answer.ok && typeof body?.id === 'number') return body.id
  const message = typeof body?.message === 'string' ? `, ${body.message}` : ''
  throw new PulseError(
    'kafka',
    `the schema registry ${base} answers ${answer.status} for subject "${subject}"${message}; ` +
      'check the user, or the schema and compatibility of the subject',
  )
}

/** The 5 bytes before a body in the registry's wire format: 0, then the id, big-endian. */
export function framePrefix(id: number): Uint8Array {
  const prefix = Buffer.alloc(5)
  prefix.writeInt32BE(id, 1)
  return prefix
}
