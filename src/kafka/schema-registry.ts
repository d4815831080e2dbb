// Reads schemas from a registry with the HTTP API of Confluent Schema Registry.
import { rootMessageOf, shorten } from '../errors.ts'
import { jsonOf, MOST_ANSWER_BYTES } from './http-request.ts'
import { readAddress, type RegistryOptions } from './registry-address.ts'
import { createBackoff, SERVICE_RETRY, waitToRetry } from './retry.ts'

/** What names a schema in a message: its id, or its GUID in hex digits with hyphens. */
export type SchemaKey = number | string

/** A version of a subject that a schema uses types of. */
interface SchemaReference {
  subject: string
  version: number
}

/** One schema as the registry holds it. */
export interface RegisteredSchema {
  /** `AVRO`, `JSON` or `PROTOBUF`. */
  type: string
  /** The parsed schema; a text that is not JSON stays a text. */
  schema: unknown
  references: readonly SchemaReference[]
  /** Letters of the schema's text. */
  size: number
}

/** An answer without a schema: what it is, as the end of a sentence that begins with the answer. */
export interface UnreadableAnswer {
  fault: string
}

/** A reader of a registry; each request is repeated until the registry answers it. */
export interface SchemaRegistry {
  /** Returns the schema of a key; null when the registry repeatedly answers that it has none. */
  byKey(key: SchemaKey): Promise<RegisteredSchema | UnreadableAnswer | null>
  /** Returns the name of a subject that an id belongs to; null when there is none. */
  subjectOf(id: number): Promise<string | null>
  /** Returns a version of a subject; null when there is none. */
  version(
    subject: string,
    version: number | 'latest',
  ): Promise<RegisteredSchema | UnreadableAnswer | null>
  /** Ends all waiting: present and later requests fail. */
  close(): void
}

const REQUEST_MS = 5000
/** A node of a cluster may learn of an id a moment after its producer does. */
const ABSENT_ANSWERS = 3
/** Names of subjects and types; those of topics have up to 249 letters. */
const MOST_LETTERS = 1000

/** Whether a registry has given a schema, and not another answer. */
export const isSchema = (
  found: RegisteredSchema | UnreadableAnswer | null,
): found is RegisteredSchema => found !== null && !('fault' in found)

/**
 * Opens a registry for reading. A request waits as long as the registry cannot be reached: a row is
 * rejected because of an answer, never because of a missing answer.
 *
 * @param onError receives a sentence for each failed attempt
 * @throws PulseError `usage` when the address is not an http(s) URL
 */
export function createRegistry(
  options: RegistryOptions,
  onError: (message: string) => void,
): SchemaRegistry {
  const { base, ask: send } = readAddress(options)
  const closing = new AbortController()

  async function ask(path: string): Promise<unknown> {
    const backoff = createBackoff(SERVICE_RETRY)
    for (let absent = 0; ;) {
      try {
        const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(REQUEST_MS)])
        const response = await send(path, signal)
        if (response.ok && response.isTooLarge) return TOO_LARGE
        const body = jsonOf(response)
        if (response.ok && body !== null) return body
        // A page of a proxy, or of another service, is not the registry's answer: it is waited for.
        const isOwn = !response.ok && isObject(body) && Number.isInteger(body.error_code)
        if (response.status === 404 && isOwn && ++absent === ABSENT_ANSWERS) return null
        const isForeign = response.ok || (response.status === 404 && !isOwn)
        const what = isForeign ? ', which is not an answer of a registry; check --registry' : ''
        onError(`the schema registry ${base} answers ${path} with status ${response.status}${what}`)
      } catch (error) {
        closing.signal.throwIfAborted()
        onError(`the schema registry ${base} cannot be reached (${rootMessageOf(error)})`)
      }
      await waitToRetry(backoff, closing.signal)
      closing.signal.throwIfAborted()
    }
  }

  const schemaAt = async (path: string): Promise<RegisteredSchema | UnreadableAnswer | null> => {
    const found = await ask(path)
    return found === null ? null : schemaOf(found)
  }

  return {
    byKey: (key) => schemaAt(`/schemas/${typeof key === 'number' ? 'ids' : 'guids'}/${key}`),
    async subjectOf(id) {
      const versions = await ask(`/schemas/ids/${id}/versions`)
      const first: unknown = Array.isArray(versions) ? versions[0] : null
      const subject = isObject(first) ? first.subject : null
      return isSubject(subject) ? subject : null
    },
    version: (subject, version) =>
      schemaAt(`/subjects/${encodeURIComponent(subject)}/versions/${version}`),
    close: () => closing.abort(),
  }
}

/** The answer in place of one that is not read to its end. */
const TOO_LARGE = Symbol('too large')

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function schemaOf(answer: unknown): RegisteredSchema | UnreadableAnswer {
  if (answer === TOO_LARGE) return { fault: `has more than ${MOST_ANSWER_BYTES} bytes` }
  if (!isObject(answer)) return { fault: 'is not an object' }
  const { schema, schemaType = 'AVRO', references = [] } = answer
  if (typeof schema !== 'string') return { fault: 'has no schema as text' }
  if (typeof schemaType !== 'string') return { fault: 'has no schema type as text' }
  if (references !== null && !(Array.isArray(references) && references.every(isReference))) {
    return { fault: 'has references that are not subjects with versions' }
  }
  const type = shorten(schemaType, MOST_LETTERS)
  return { type, schema: parse(schema), references: references ?? [], size: schema.length }
}

const isReference = (value: unknown): value is SchemaReference =>
  isObject(value) && isSubject(value.subject) && Number.isSafeInteger(value.version)

const isSubject = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= MOST_LETTERS

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    // The schema of a primitive type may be its bare name.
    return text
  }
}
