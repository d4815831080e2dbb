// One table for one fact: a row added to the table of routes is served, described and measured.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { z } from '../../../src/schema.ts'
import type { Route } from '../../../src/serve/api/route.ts'
import { ROUTES } from '../../../src/serve/api/routes.ts'
import { json } from '../../../src/serve/http/problem.ts'
import { parseTokens } from '../../../src/serve/http/tokens.ts'
import { startServer, type RunningServer } from '../../../src/serve/server.ts'
import { ask, isProblem, type Reply } from '../ask.ts'
import { generateSnapshot, published, standIn } from '../fixture.ts'

const METRICS = 'metrics-0123456789ab'
const READ = 'read-0123456789abcde'
const TOKENS = parseTokens(`${METRICS} metrics\n${READ} read`, 'tokens')

/** A route with everything that a row can have. */
const ADDED: Route = {
  path: '/api/v1/echo/:name',
  tag: 'process',
  summary: 'The name and the query, as they were given',
  scope: 'metrics',
  parameters: [
    { name: 'name', in: 'path', required: true, schema: { type: 'string' }, description: 'a name' },
    { name: 'times', in: 'query', schema: { type: 'integer' }, description: 'a number' },
  ],
  schema: { component: 'Echo', schema: z.object({ name: z.string() }).describe('an echo') },
  statuses: [404],
  asOf: true,
  gate: 'lookUps',
  answer: ({ path, query }) => json({ ...path, ...query }),
}

/** A part of the snapshot that the table does not have. */
const ADDED_PART: Route = {
  path: '/api/v1/rejected',
  tag: 'snapshot',
  summary: 'Rejected rows by reason',
  scope: 'read',
  ofSnapshot: ({ snapshot }) => JSON.stringify(snapshot.rejected),
}

const pipeline = standIn()
let server: RunningServer

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const get = (path: string, token: string, headers = {}): Promise<Reply> =>
  ask(server.url, path, { ...bearer(token), ...headers })

before(async () => {
  const routes = [...ROUTES, ADDED, ADDED_PART]
  server = await startServer(pipeline.view, { host: '127.0.0.1', port: 0, tokens: TOKENS, routes })
})
after(() => server.close())

describe('an added route', () => {
  test('answers GET and HEAD with the number of the snapshot, others with 400 and 405', async () => {
    const early = await get('/api/v1/echo/a?times=2', METRICS)
    assert.deepEqual([early.status, early.body], [200, '{"name":"a","times":"2"}'])
    assert.equal(early.headers['x-snapshot-number'], undefined)
    pipeline.publish(published(generateSnapshot({ number: 6 })))
    const later = await get('/api/v1/echo/a', METRICS)
    assert.equal(later.headers['x-snapshot-number'], '6')
    isProblem(await get('/api/v1/echo/a?other=2', METRICS), 400)
    const head = await ask(server.url, '/api/v1/echo/a', bearer(METRICS), 'HEAD')
    assert.deepEqual([head.status, head.body], [200, ''])
    isProblem(await ask(server.url, '/api/v1/echo/a', bearer(METRICS), 'POST'), 405)
  })

  test('needs its scope', async () => {
    isProblem(await ask(server.url, '/api/v1/echo/a'), 401)
    isProblem(await get('/api/v1/echo/a', READ), 403)
    isProblem(await get('/api/v1/rejected', METRICS), 403)
  })

  test('is in the OpenAPI document with its schema, and in the documentation', async () => {
    const document = JSON.parse((await get('/api/v1/openapi.json', READ)).body) as {
      paths: Record<string, { get: { responses: object; security: object; parameters: object[] } }>
      components: { schemas: Record<string, { description?: string }> }
    }
    const { responses, security, parameters } = document.paths['/api/v1/echo/{name}'].get
    const statuses = [200, 400, 401, 403, 404, 421, 429, 431, 503]
    assert.deepEqual(Object.keys(responses), statuses.map(String))
    assert.deepEqual(security, [{}, { token: ['metrics'] }])
    assert.equal(parameters.length, 2)
    assert.equal(document.components.schemas['Echo'].description, 'an echo')
    const { body } = await get('/api', READ)
    for (const text of ['/api/v1/echo/{name}', ADDED.summary, ADDED_PART.path]) {
      assert.ok(body.includes(text), text)
    }
  })

  test('of the snapshot has an ETag, and returns 304 until the next snapshot', async () => {
    const snapshot = generateSnapshot({ number: 8 })
    pipeline.publish(published(snapshot))
    const first = await get(ADDED_PART.path, READ)
    assert.deepEqual(JSON.parse(first.body), snapshot.rejected)
    const etag = { 'if-none-match': first.headers.etag ?? '' }
    assert.equal((await get(ADDED_PART.path, READ, etag)).status, 304)
    pipeline.publish(null)
    isProblem(await get(ADDED_PART.path, READ, etag), 503)
  })

  test('has its own series in the measurement of requests', async () => {
    await get('/api/v1/echo/b', METRICS)
    const { body } = await get('/metrics', METRICS)
    const counted = (route: string): number =>
      Number(
        body
          .split('\n')
          .find((line) =>
            line.startsWith(
              `xdrpulse_http_request_duration_seconds_count{route="${route}",method="GET",code="200"}`,
            ),
          )
          ?.split(' ')
          .at(-1),
      )
    assert.equal(counted('/api/v1/echo/:name'), 3)
    assert.equal(counted('/api'), 1)
    assert.ok(!body.includes('echo/a') && !body.includes('echo/b'))
  })
})

test('a path of the table is there once', async () => {
  const options = { host: '127.0.0.1', port: 0, routes: [...ROUTES, ROUTES[0]] }
  await assert.rejects(startServer(standIn().view, options), /already declared/)
})
