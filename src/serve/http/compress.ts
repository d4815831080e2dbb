// Answers in gzip for whoever takes it: what is text and long enough to be worth it.
import { pipeline, Readable } from 'node:stream'
import { promisify } from 'node:util'
import { createGzip, gzip } from 'node:zlib'

const zip = promisify(gzip)

/** Shorter ones fit a packet or two anyway. */
const SHORTEST_BYTES = 1024
const TEXT =
  /^(text\/(?!event-stream)|application\/(json|problem\+json|javascript|openmetrics-text)|image\/svg)/

/** What of a request and its answer decides. */
export interface Sent {
  status: number
  accepted: string | string[] | undefined
  headers: Readonly<Record<string, unknown>>
  payload: unknown
}

/** What is sent, and the headers that change with it; without the length, where it is another. */
export interface Encoded {
  payload: unknown
  headers: Record<string, string>
}

/** The payload in gzip for a client that takes it, else as it is. */
export async function compressed({ status, accepted, headers, payload }: Sent): Promise<Encoded> {
  if (status !== 200 || !TEXT.test(String(headers['content-type']))) return { payload, headers: {} }
  const vary = { vary: 'accept-encoding' }
  const zipped = takesGzip(String(accepted ?? '')) ? await zippedOf(payload) : null
  if (zipped === null) return { payload, headers: vary }
  return { payload: zipped, headers: { ...vary, 'content-encoding': 'gzip' } }
}

/** Null for what is short, or of no kind that we know. */
async function zippedOf(payload: unknown): Promise<Buffer | Readable | null> {
  if (payload instanceof Readable) {
    // An error of the source ends the answer early, which the client sees.
    return pipeline(payload, createGzip(), () => undefined)
  }
  if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) return null
  return payload.length < SHORTEST_BYTES ? null : zip(payload)
}

/** RFC 9110, 12.5.3: named, or by the star, and not with a weight of 0. */
export function takesGzip(accepted: string): boolean {
  const weights = new Map<string, number>()
  for (const part of accepted.split(',')) {
    const [coding, ...parameters] = part.split(';').map((each) => each.trim().toLowerCase())
    const weight = parameters.find((each) => each.startsWith('q='))
    weights.set(coding, weight === undefined ? 1 : Number(weight.slice(2)))
  }
  return (weights.get('gzip') ?? weights.get('*') ?? 0) > 0
}
