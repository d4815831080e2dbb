// Reads schemas from a registry with the HTTP API of Confluent Schema Registry.
import { rootMessageOf } from '../errors.ts'
import { readAddress, type RegistryOptions } from './registry-address.ts'
import { createBackoff, SERVICE_RETRY, waitToRetry } from './retry.ts'

/** One schema as the registry holds it. */
export interface RegisteredSchema {
  /** `AVRO`, `JSON` or `PROTOBUF`. */
  type: string
  /** The parsed schema; a text that is not JSON stays a text; null when the registry sent none. */
  schema: unknown
  /** It names other schemas, which are not looked up. */
  hasReferences: boolean
}

/** A reader of a registry; each request is repeated until the registry answers it. */
export interface SchemaRegistry {
  /** Returns the schema of an id; null when the registry repeatedly answers that it has none. */
  byId(id: number): Promise<RegisteredSchema | null>
  /** Returns the latest schema of the subject that an id belongs to; null when there is none. */
  latestOfSubject(id: number): Promise<RegisteredSchema | null>
  /** Ends all waiting: present and later requests fail. */
  close(): void
}

const REQUEST_MS = 5000
/** A node of a cluster may learn of an id a moment after its producer does. */
const ABSENT_ANSWERS = 3

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
  const { base, headers } = readAddress(options)
  const closing = new AbortController()

  async function ask(path: string): Promise<unknown> {
    const backoff = createBackoff(SERVICE_RETRY)
    for (let absent = 0; ;) {
      try {
        const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(REQUEST_MS)])
        const response = await fetch(`${base}${path}`, { headers, signal })
        if (response.ok) return await response.json()
        await response.body?.cancel()
        if (response.status === 404 && ++absent === ABSENT_ANSWERS) return null
        onError(`the schema registry ${base} answers ${path} with status ${response.status}`)
      } catch (error) {
        closing.signal.throwIfAborted()
        onError(`the schema registry ${base} cannot be reached (${rootMessageOf(error)})`)
      }
      await waitToRetry(backoff, closing.signal)
      closing.signal.throwIfAborted()
    }
  }

  const schemaAt = async (path: string): Promise<RegisteredSchema | null> => {
    const found = (await ask(path)) as RegistryAnswer | null
    if (found === null) return null
    const { schema, schemaType = 'AVRO', references } = found
    const hasReferences = Array.isArray(references) && references.length > 0
    return { type: String(schemaType), schema: parse(schema), hasReferences }
  }

  return {
    byId: (id) => schemaAt(`/schemas/ids/${id}`),
    async latestOfSubject(id) {
      const versions = (await ask(`/schemas/ids/${id}/versions`)) as { subject?: string }[] | null
      const subject = versions?.at(0)?.subject
      if (subject === undefined) return null
      return schemaAt(`/subjects/${encodeURIComponent(subject)}/versions/latest`)
    },
    close: () => closing.abort(),
  }
}

interface RegistryAnswer {
  schema?: unknown
  schemaType?: unknown
  references?: unknown
}

/** Null for an answer without a schema text: it compiles to nothing, so its rows are rejected. */
function parse(text: unknown): unknown {
  if (typeof text !== 'string') return null
  try {
    return JSON.parse(text) as unknown
  } catch {
    // The schema of a primitive type may be its bare name.
    return text
  }
}
