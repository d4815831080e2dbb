// One request with headers that `fetch` would not let us forge.
import assert from 'node:assert/strict'
import { request, type IncomingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'

export interface Reply {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/** Asks as it is told, path and headers as they are. */
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

/** A problem of a status, with the headers that every answer has. */
export function isProblem(reply: Reply, status: number): void {
  assert.equal(reply.status, status, reply.body)
  assert.match(reply.headers['content-type'] ?? '', /^application\/problem\+json/)
  assert.equal((JSON.parse(reply.body) as { status: number }).status, status)
  assert.match(String(reply.headers['content-security-policy']), /default-src 'none'/)
  assert.equal(reply.headers['x-content-type-options'], 'nosniff')
  assert.equal(reply.headers['referrer-policy'], 'no-referrer')
}
