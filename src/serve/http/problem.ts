// Responses as values: status, headers and body; errors are RFC 9457 problems.

/** Headers of a response; a list is sent as one header per value. */
export type Headers = Record<string, string | string[]>

/** A whole response. */
export interface Answer {
  status: number
  headers: Headers
  /** Bytes for a body that is sent again: they are packed once. */
  body: string | Buffer
}

/** An error of a request, its body as text. */
export interface Problem extends Answer {
  body: string
}

const TITLES: Record<number, string> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Request timeout',
  413: 'Content too large',
  421: 'Misdirected request',
  429: 'Too many requests',
  431: 'Request header fields too large',
  500: 'Internal error',
  503: 'Not ready',
}

/**
 * An error as `application/problem+json`.
 *
 * @param detail a sentence without any value of the request, which may contain an MSISDN
 */
export function problem(status: number, detail: string, headers: Headers = {}): Problem {
  const title = TITLES[status] ?? 'Error'
  return {
    status,
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
      ...headers,
    },
    body: JSON.stringify({ type: 'about:blank', title, status, detail }),
  }
}

/** An object as JSON; caches do not store it, because it is as of now. */
export function json(value: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status: 200,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      ...headers,
    },
    body: JSON.stringify(value),
  }
}
