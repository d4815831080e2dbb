// The schema in a registry of Confluent's kind: registered, and its id put before every body.
import { messageOf, PulseError } from '../src/errors.ts'

/** How to reach a registry. */
export interface Registry {
  url: string
  /** user:password for basic authentication; null when the URL has it, or none is needed. */
  credentials: string | null
}

const ANSWER_WITHIN_MS = 10_000

/**
 * Registers a schema (the same text gives the same id, however often) and returns its id.
 *
 * @throws PulseError `kafka` when the registry does not answer or refuses
 */
export async function registerSchema(
  { url, credentials }: Registry,
  topic: string,
  schema: string,
): Promise<number> {
  const base = new URL(url)
  const given = credentials ?? userOf(base)
  base.username = base.password = ''
  const where = base.href.replace(/\/$/, '')
  const subject = `${topic}-value`
  const headers: Record<string, string> = {
    'content-type': 'application/vnd.schemaregistry.v1+json',
    ...(given === null ? {} : { authorization: `Basic ${Buffer.from(given).toString('base64')}` }),
  }
  const answer = await fetch(`${where}/subjects/${encodeURIComponent(subject)}/versions`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ schema }),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  }).catch((error: unknown) => {
    const reason = messageOf((error as { cause?: unknown }).cause ?? error)
    const text = `no answer from the schema registry at ${where} (${reason}); check --registry`
    throw new PulseError('kafka', text, error)
  })
  const body = (await answer.json().catch(() => null)) as { id?: unknown; message?: unknown } | null
  if (answer.ok && typeof body?.id === 'number') return body.id
  const said = typeof body?.message === 'string' ? `, ${body.message}` : ''
  throw new PulseError(
    'kafka',
    `the schema registry at ${where} answers ${answer.status} to subject "${subject}"${said}; ` +
      'check the user, or its schema and compatibility',
  )
}

const userOf = ({ username, password }: URL): string | null =>
  username === '' ? null : `${decodeURIComponent(username)}:${decodeURIComponent(password)}`

/** What goes before the body: 0 and the id in 4 bytes, big-endian. */
export function wirePrefix(id: number): Uint8Array {
  const prefix = Buffer.alloc(5)
  prefix.writeInt32BE(id, 1)
  return prefix
}
