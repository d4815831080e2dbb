// Bearer tokens: read from text, kept as digests, compared in constant time.
import { createHash, timingSafeEqual } from 'node:crypto'
import { PulseError } from '../../errors.ts'

/** What a token allows, from the least to the most personal data. */
export const SCOPES = ['metrics', 'read', 'subscribers'] as const
/** One of them. */
export type Scope = (typeof SCOPES)[number]

/** A token as its SHA-256 digest, so that nothing can show its text. */
export interface Token {
  digest: Buffer
  /** The digest as text, by which its requests are counted. */
  id: string
  scopes: ReadonlySet<Scope>
}

/** Minimum characters: 16 random ones cannot be guessed. */
export const SHORTEST_TOKEN = 16

/** The characters of a bearer token (RFC 6750, 2.1). */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/

/**
 * Reads one token per line: `TOKEN`, which has all scopes, or `TOKEN SCOPE,SCOPE`. Empty lines and
 * lines that begin with # are skipped. An error has the number of the line, never its text.
 *
 * @param name names the file in errors
 * @throws PulseError `usage`
 */
export function parseTokens(text: string, name: string): Token[] {
  const tokens: Token[] = []
  text.split(/\r?\n/).forEach((line, at) => {
    const [token, scopes, ...more] = line.trim().split(/\s+/)
    if (token === '' || token.startsWith('#')) return
    const fault = faultOf(token, scopes, more)
    if (fault !== null) {
      throw new PulseError('usage', `${name}: line ${at + 1} has ${fault}; ${EXPECTED}`)
    }
    const digest = digestOf(token)
    const id = digest.toString('base64url')
    const parsed = { digest, id, scopes: new Set(scopesOf(scopes)) }
    if (tokens.some(({ digest }) => digest.equals(parsed.digest))) {
      throw new PulseError('usage', `${name}: line ${at + 1} has the token of a line above`)
    }
    tokens.push(parsed)
  })
  if (tokens.length === 0) throw new PulseError('usage', `${name} holds no token; ${EXPECTED}`)
  return tokens
}

const EXPECTED =
  `expected a line such as TOKEN or TOKEN ${SCOPES.slice(0, 2).join(',')}: a token of at least ` +
  `${SHORTEST_TOKEN} letters, digits and . _ ~ + / -, scopes out of ${SCOPES.join(', ')}`

function faultOf(token: string, scopes: string | undefined, more: string[]): string | null {
  if (!TOKEN.test(token)) return 'a token with other characters'
  if (token.length < SHORTEST_TOKEN) return `a token of ${token.length} characters`
  if (more.length > 0) return 'more than a token and its scopes'
  const known = scopesOf(scopes).every((scope) => (SCOPES as readonly string[]).includes(scope))
  return known ? null : 'a scope that does not exist'
}

const scopesOf = (written: string | undefined): readonly Scope[] =>
  written === undefined ? SCOPES : (written.split(',') as Scope[])

const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest()

/** The token with the presented text; null for an unknown one. Takes the same time for each. */
export function findToken(tokens: readonly Token[], presented: string): Token | null {
  const digest = digestOf(presented)
  let found: Token | null = null
  for (const token of tokens) if (timingSafeEqual(token.digest, digest)) found = token
  return found
}

/**
 * The text of the token in an Authorization header: that of Bearer, or the password of Basic, for
 * which a browser prompts; null without one.
 */
export function presentedToken(authorization: string | undefined): string | null {
  const parts = /^(\S+) +(\S+) *$/.exec(authorization ?? '')
  if (parts === null) return null
  const [, scheme, value] = parts
  if (scheme.toLowerCase() === 'bearer') return value
  if (scheme.toLowerCase() !== 'basic') return null
  const pair = Buffer.from(value, 'base64').toString('utf8')
  return pair.slice(pair.indexOf(':') + 1)
}
