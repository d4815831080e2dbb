// One request with any headers, also those that `fetch` does not let a caller set.
import assert from 'node:assert/strict'
import { request, type IncomingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'

/** A response, its body as text. */
export interface Reply {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/** Sends a request with path and headers unchanged. Rejects when the connection fails. */
export async function ask(
  url: string,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Reply> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const sent = request({ host: hostname, port, path, method, headers }, (response) => {
      text(response).then((body) => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
      }, reject)
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** Asserts a problem document of a status, with the headers that every response has. */
export function isProblem(reply: Reply, status: number): void {
  assert.equal(reply.status, status, reply.body)
  assert.match(reply.headers['content-type'] ?? '', /^application\/problem\+json/)
  assert.equal((JSON.parse(reply.body) as { status: number }).status, status)
  assert.match(String(reply.headers['content-security-policy']), /default-src 'none'/)
  assert.equal(reply.headers['x-content-type-options'], 'nosniff')
  assert.equal(reply.headers['referrer-policy'], 'no-referrer')
}
