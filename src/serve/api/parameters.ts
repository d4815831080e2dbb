// What stands behind the question mark of a path of the API: read, or said to be wrong.
import { meant } from '../../record/spelling.ts'
import { OPERATIONS } from './operations.ts'

/** As the server understands it: what stands there more than once is a list. */
export type Asked = Readonly<Record<string, string | readonly string[]>>

/** Those that a path knows, each once. */
export type Parameters = Readonly<Record<string, string | undefined>>

/** By path, in the notation of routes. */
const KNOWN: ReadonlyMap<string, readonly string[]> = new Map(
  OPERATIONS.map(({ path, parameters = [] }) => [
    path.replaceAll(/\{(\w+)\}/g, ':$1'),
    parameters.filter((each) => each.in === 'query').map(({ name }) => name),
  ]),
)

/** What may be repeated in an error: a few letters, in which no MSISDN can stand. */
const WORD = /^[a-z][a-z_-]{0,30}$/i

/** The parameters of a query, or what is wrong with it: one that is unknown, or given twice. */
export function readParameters(path: string, asked: Asked): Parameters | string {
  const known = KNOWN.get(path) ?? []
  const read: Record<string, string> = {}
  for (const [name, value] of Object.entries(asked)) {
    if (!known.includes(name)) return unknown(name, known)
    if (typeof value !== 'string') {
      return `The parameter ${name} is given ${value.length} times; expected once.`
    }
    read[name] = value
  }
  return read
}

function unknown(name: string, known: readonly string[]): string {
  const [found, hint] = WORD.test(name)
    ? [`the parameter ${name}, which is unknown here`, meant(name, known)]
    : ['an unknown parameter, whose name is no word', '']
  const expected = known.length === 0 ? 'none' : known.join(', ')
  return `The query has ${found}; expected ${expected}${hint}.`
}
