// The schema in a registry of Confluent's kind: registered, and its id put before every body.
import { PulseError } from '../errors.ts'
import { CONTENT_TYPE, readAddress, reasonOf } from '../kafka/registry-address.ts'
import type { RegistryOptions } from '../kafka/registry-address.ts'

const ANSWER_WITHIN_MS = 10_000

/**
 * Registers a schema (the same text gives the same id, however often) and returns its id.
 *
 * @throws PulseError `kafka` when the registry does not answer or refuses
 */
export async function registerSchema(
  registry: RegistryOptions,
  topic: string,
  schema: string,
): Promise<number> {
  const { base, headers } = readAddress(registry)
  const subject = `${topic}-value`
  const answer = await fetch(`${base}/subjects/${encodeURIComponent(subject)}/versions`, {
    method: 'POST',
    headers: { ...headers, 'content-type': CONTENT_TYPE },
    body: JSON.stringify({ schema }),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  }).catch((error: unknown) => {
    const text = `no answer from the schema registry ${base} (${reasonOf(error)}); check --registry`
    throw new PulseError('kafka', text, error)
  })
  const body = (await answer.json().catch(() => null)) as { id?: unknown; message?: unknown } | null
  if (answer.ok && typeof body?.id === 'number') return body.id
  const said = typeof body?.message === 'string' ? `, ${body.message}` : ''
  throw new PulseError(
    'kafka',
    `the schema registry ${base} answers ${answer.status} to subject "${subject}"${said}; ` +
      'check the user, or its schema and compatibility',
  )
}

/** What goes before the body: 0 and the id in 4 bytes, big-endian. */
export function wirePrefix(id: number): Uint8Array {
  const prefix = Buffer.alloc(5)
  prefix.writeInt32BE(id, 1)
  return prefix
}
