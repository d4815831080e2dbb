// Content coding of responses: gzip for clients that accept it, if the response is long text.
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

const zip = promisify(gzip)

/** Shorter responses fit into one or two packets. */
const SHORTEST_BYTES = 1024
const TEXT =
  /^(text\/(?!event-stream)|application\/(json|problem\+json|javascript|openmetrics-text)|image\/svg)/

/** Bytes in gzip by the bytes: a body that is sent again, as the same object, is packed once. */
const zippedBodies = new WeakMap<Buffer, Promise<Buffer>>()

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

/** The payload in gzip; null for a short one, or one that is neither text nor bytes. */
function zippedOf(payload: unknown): Promise<Buffer> | null {
  if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) return null
  if (payload.length < SHORTEST_BYTES) return null
  if (typeof payload === 'string') return zip(payload)
  const known = zippedBodies.get(payload)
  if (known !== undefined) return known
  const zipped = zip(payload)
  zippedBodies.set(payload, zipped)
  return zipped
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
