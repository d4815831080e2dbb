// Reads schemas from a registry with the contract of Confluent's: cached by id, retried until told.
import { setTimeout as sleep } from 'node:timers/promises'
import { readAddress, reasonOf, type RegistryOptions } from './registry-address.ts'

/** One schema as the registry has it. */
export interface RegisteredSchema {
  /** AVRO, JSON or PROTOBUF. */
  type: string
  schema: unknown
  /** Other schemas that it names are not looked up. */
  hasReferences: boolean
}

export interface SchemaRegistry {
  /** The schema of an id; null when the registry answers, repeatedly, that it has none. */
  byId(id: number): Promise<RegisteredSchema | null>
  /** The newest schema of the subject that an id belongs to; null when there is none. */
  latestBeside(id: number): Promise<RegisteredSchema | null>
  /** Ends all waiting: what is asked now or later fails. */
  close(): void
}

const REQUEST_MS = 5000
const FIRST_RETRY_MS = 200
const LONGEST_RETRY_MS = 5000
/** A registry of several nodes may know an id a moment later than its producer does. */
const ABSENT_ANSWERS = 3

/**
 * A registry's reader. It waits as long as the registry cannot be reached: a row is rejected only for
 * what the registry says, never for its silence.
 *
 * @param onError is told of every failed try
 */
export function createRegistry(
  options: RegistryOptions,
  onError: (message: string) => void,
): SchemaRegistry {
  const { base, headers } = readAddress(options)
  const closing = new AbortController()

  async function ask(path: string): Promise<unknown> {
    let absent = 0
    for (let wait = FIRST_RETRY_MS; ; wait = Math.min(2 * wait, LONGEST_RETRY_MS)) {
      try {
        const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(REQUEST_MS)])
        const response = await fetch(`${base}${path}`, { headers, signal })
        if (response.ok) return await response.json()
        await response.body?.cancel()
        if (response.status === 404 && ++absent === ABSENT_ANSWERS) return null
        onError(`the schema registry ${base} answers ${path} with ${response.status}`)
      } catch (error) {
        closing.signal.throwIfAborted()
        onError(`the schema registry ${base} cannot be reached (${reasonOf(error)})`)
      }
      await sleep(wait, undefined, { signal: closing.signal })
    }
  }

  const schemaAt = async (path: string): Promise<RegisteredSchema | null> => {
    const found = (await ask(path)) as { schema?: unknown; schemaType?: unknown } | null
    if (found === null) return null
    const { schema, schemaType = 'AVRO' } = found
    const references = (found as { references?: unknown }).references
    const hasReferences = Array.isArray(references) && references.length > 0
    return { type: String(schemaType), schema: parse(schema), hasReferences }
  }

  return {
    byId: (id) => schemaAt(`/schemas/ids/${id}`),
    async latestBeside(id) {
      const versions = (await ask(`/schemas/ids/${id}/versions`)) as { subject?: string }[] | null
      const subject = versions?.at(0)?.subject
      if (subject === undefined) return null
      return schemaAt(`/subjects/${encodeURIComponent(subject)}/versions/latest`)
    },
    close: () => closing.abort(),
  }
}

/** Null for what is no JSON: it compiles to nothing, so its rows are rejected. */
function parse(text: unknown): unknown {
  if (typeof text !== 'string') return null
  try {
    return JSON.parse(text) as unknown
  } catch {
    // A schema of one primitive type may stand there bare.
    return text
  }
}
