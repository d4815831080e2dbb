// Conditional requests: 304 for a client that has the response already.
import type { Answer } from './problem.ts'

/** The answer, or 304 with its headers when If-None-Match has its ETag (RFC 9110, 13.1.2). */
export function conditional(answer: Answer, ifNoneMatch: string | undefined): Answer {
  const { etag } = answer.headers
  if (answer.status !== 200 || typeof etag !== 'string') return answer
  return matches(ifNoneMatch, etag) ? { ...answer, status: 304, body: '' } : answer
}

/** Whether a list of tags, compared weakly, has the ETag; `*` has each. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^(?!W\/)"/, 'W/"'))
  return tags.includes(etag) || tags.includes('*')
}
