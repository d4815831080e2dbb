// Requests to the HTTP services beside Kafka: the schema registry and the token endpoint.
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'

/** A request; redirects are not followed. */
export interface HttpRequest {
  method?: 'GET' | 'POST'
  headers: Readonly<Record<string, string>>
  body?: string
  /** PEM text of the authority to trust; null for Node.js's list. */
  ca: string | null
  signal: AbortSignal
}

/** The answer to a request. */
export interface HttpAnswer {
  status: number
  ok: boolean
  body: string
  /** The body has more bytes than are read; then `body` is empty. */
  isTooLarge: boolean
}

/** Far above any schema or token; the answer is held in memory. */
export const MOST_ANSWER_BYTES = 4 * 2 ** 20

/**
 * Sends a request and reads the whole answer, up to MOST_ANSWER_BYTES.
 *
 * @throws when the service cannot be reached, or the signal is aborted
 */
export async function askHttp(url: string, asked: HttpRequest): Promise<HttpAnswer> {
  const { method = 'GET', headers, body = '', ca, signal } = asked
  const options: RequestOptions = {
    method,
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    signal,
    // Requests are rare, and a kept connection would keep the process alive.
    agent: false,
  }
  const answer = await new Promise<HttpAnswer>((resolve, reject) => {
    const secure = ca === null ? options : { ...options, ca }
    const request = url.startsWith('https:') ? requestHttps(url, secure) : requestHttp(url, options)
    request.on('error', reject)
    request.on('response', (response) => {
      const status = response.statusCode ?? 0
      const ok = status >= 200 && status < 300
      readBody(response).then((body) => {
        resolve({ status, ok, body: body ?? '', isTooLarge: body === null })
      }, reject)
    })
    request.end(body)
  })
  return answer
}

/** The text of a body; null for a longer one, of which the rest is not read. */
async function readBody(response: IncomingMessage): Promise<string | null> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length
    // Leaving the loop closes the connection.
    if (bytes > MOST_ANSWER_BYTES) return null
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

/** The JSON of an answer; null for a body that is none. */
export function jsonOf({ body }: HttpAnswer): unknown {
  try {
    return JSON.parse(body) as unknown
  } catch {
    // A proxy may answer with a page.
    return null
  }
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Whether a secret may be sent there: encrypted, or within this machine. */
export function isPrivate(url: string): boolean {
  const parsed = URL.parse(url)
  return parsed !== null && (parsed.protocol === 'https:' || LOOPBACK.test(parsed.hostname))
}
