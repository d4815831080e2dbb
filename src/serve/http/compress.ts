// Content coding of responses: gzip for clients that accept it, if the response is long text.
import { pipeline, Readable } from 'node:stream'
import { promisify } from 'node:util'
import { createGzip, gzip } from 'node:zlib'

const zip = promisify(gzip)

/** Shorter responses fit into one or two packets. */
const SHORTEST_BYTES = 1024
const TEXT =
  /^(text\/(?!event-stream)|application\/(json|problem\+json|javascript|openmetrics-text)|image\/svg)/

/** What the coding depends on: the request's Accept-Encoding and the response. */
export interface Sent {
  status: number
  /** Accept-Encoding of the request. */
  accepted: string | string[] | undefined
  /** Headers of the response. */
  headers: Readonly<Record<string, unknown>>
  payload: unknown
}

/** The payload to send, and the headers to add; another payload has another length. */
export interface Encoded {
  payload: unknown
  headers: Record<string, string>
}

/** The payload in gzip for a client that accepts it, otherwise unchanged. */
export async function compressed({ status, accepted, headers, payload }: Sent): Promise<Encoded> {
  if (status !== 200 || !TEXT.test(String(headers['content-type']))) return { payload, headers: {} }
  const vary = { vary: 'accept-encoding' }
  const zipped = takesGzip(String(accepted ?? '')) ? await zippedOf(payload) : null
  if (zipped === null) return { payload, headers: vary }
  return { payload: zipped, headers: { ...vary, 'content-encoding': 'gzip' } }
}

/** The payload in gzip; null for a short one, or one that is not text, bytes or a stream. */
async function zippedOf(payload: unknown): Promise<Buffer | Readable | null> {
  if (payload instanceof Readable) {
    // An error of the source ends the response early, which the client detects.
    return pipeline(payload, createGzip(), () => undefined)
  }
  if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) return null
  return payload.length < SHORTEST_BYTES ? null : zip(payload)
}

/** Whether Accept-Encoding has gzip or `*` with a weight above 0 (RFC 9110, 12.5.3). */
export function takesGzip(accepted: string): boolean {
  const weights = new Map<string, number>()
  for (const part of accepted.split(',')) {
    const [coding, ...parameters] = part.split(';').map((each) => each.trim().toLowerCase())
    const weight = parameters.find((each) => each.startsWith('q='))
    weights.set(coding, weight === undefined ? 1 : Number(weight.slice(2)))
  }
  return (weights.get('gzip') ?? weights.get('*') ?? 0) > 0
}
