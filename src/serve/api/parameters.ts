// Query parameters: read for a route, or rejected with what is expected.
import { meant } from '../../record/spelling.ts'
import type { Parameters, Route } from './route.ts'

/** A query as the router has it: a parameter that is given more than once is a list. */
export type Query = Readonly<Record<string, string | readonly string[]>>

/** Names that an error may repeat: letters only, so that none can contain an MSISDN. */
const WORD = /^[a-z][a-z_-]{0,30}$/i

/** The parameters of a query, or a sentence for one that is repeated or not listed by the route. */
export function readParameters(route: Route, query: Query): Parameters | string {
  const listed = (route.parameters ?? []).filter((each) => each.in === 'query')
  const known = listed.map(({ name }) => name)
  const read: Record<string, string> = {}
  for (const [name, value] of Object.entries(query)) {
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
    : ['an unknown parameter, whose name is not a word', '']
  const expected = known.length === 0 ? 'none' : known.join(', ')
  return `The query has ${found}; expected ${expected}${hint}.`
}
