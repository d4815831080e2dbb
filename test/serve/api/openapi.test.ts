// The API's description is that of the code, and what is served is what it describes.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { OPENAPI_FILE } from '../../../scripts/schema.ts'
import { API_PREFIX, apiRoutes } from '../../../src/serve/api/routes.ts'
import { docsPage } from '../../../src/serve/api/docs.ts'
import { openapi, openapiText } from '../../../src/serve/api/openapi.ts'
import { OPERATIONS } from '../../../src/serve/api/operations.ts'
import { scopeOf } from '../../../src/serve/http/authorization.ts'
import { APPLICATIONS } from '../../../src/record/columns.ts'
import type { Snapshot } from '../../../src/snapshot/schema.ts'
import type { SubscriberList, Subscriber } from '../../../src/snapshot/subscriber-schema.ts'
import { withBrowser } from '../../browser.ts'
import { ask, isProblem } from '../ask.ts'
import { consuming, generateConsumer, generatePartitions } from '../consumer.ts'
import { canaryView, generateProgress, generateSnapshot, published, standIn } from '../fixture.ts'
import { withServer } from '../with-server.ts'

interface Described {
  parameters: { name: string }[]
  responses: Record<
    string,
    { headers: Record<string, object>; content?: Record<string, { schema: object }> } | undefined
  >
  security: unknown[]
}

const described = JSON.parse(openapiText()) as {
  paths: Record<string, { get: Described }>
}

const ajv = new Ajv2020({ strict: false, allErrors: true })
ajv.addSchema(openapi(), 'openapi')

/** Fails unless `body` is what the document says of an answer. */
function conforms(path: string, status: number, type: string, body: string): void {
  const answer = described.paths[path].get.responses[String(status)]
  assert.ok(answer, `${path} is not described to answer ${status}`)
  const content = answer.content?.[type.split(';')[0]]
  assert.ok(content, `${path} is not described to answer ${status} with ${type}`)
  const refs = JSON.parse(
    JSON.stringify(content.schema).replaceAll('"$ref":"#', '"$ref":"openapi#'),
  ) as object
  const validate = ajv.compile(refs)
  if (type.includes('json')) {
    assert.ok(validate(JSON.parse(body)), `${path}: ${JSON.stringify(validate.errors)}`)
  }
}

/** The canary without what only the fixture knows of it. */
function knownOf(snapshot: Snapshot): Subscriber {
  const { aggregate, ...view } = canaryView(snapshot)
  const known = Object.entries(aggregate).filter(([name]) => name !== 'segment')
  return { ...view, aggregate: Object.fromEntries(known) as unknown as typeof aggregate }
}

/** A page of one, as the pipeline would answer. */
function subscribers(): SubscriberList {
  const snapshot = generateSnapshot({ number: 5 })
  const { aggregate, asOf } = knownOf(snapshot)
  return {
    asOf,
    segment: 'most engaged',
    application: null,
    subscribers: [{ ...aggregate, segment: 'most engaged' }],
    next: aggregate.msisdn,
  }
}

test('the file is up to date: else run npm run schema', () => {
  assert.equal(readFileSync(OPENAPI_FILE, 'utf8'), openapiText())
})

test('describes every route, and no other, with the scope that it needs', () => {
  const { view } = standIn()
  const context = { view, judgement: () => assert.fail(), now: () => 0 }
  const routes = [...apiRoutes(context).map(({ path }) => path), '/metrics', `${API_PREFIX}/live`]
  const spelt = routes.map((path) => path.replace(/:(\w+)/, '{$1}'))
  assert.deepEqual(Object.keys(described.paths).sort(), spelt.sort())
  for (const { path, scope } of OPERATIONS) {
    assert.equal(scopeOf(path.replace(/\{(\w+)\}/, ':$1')), scope, path)
  }
})

test('names are told apart, and every reference leads somewhere', () => {
  const text = openapiText()
  const names = [...text.matchAll(/"operationId": "(\w+)"/g)].map(([, name]) => name)
  assert.equal(new Set(names).size, OPERATIONS.length)
  for (const [, path] of text.matchAll(/"\$ref": "#\/([^"]+)"/g)) {
    let at: unknown = openapi()
    for (const key of path.split('/')) at = (at as Record<string, unknown>)[key]
    assert.ok(at, path)
  }
})

test('every answer is one that is described', async () => {
  await withServer(async (url, pipeline) => {
    const fetchAll = async (wanted: (status: number) => boolean): Promise<void> => {
      for (const { path } of OPERATIONS.filter((each) => each.path !== '/api/v1/live')) {
        const reply = await ask(url, path.replace('{msisdn}', '33699999999'))
        assert.ok(wanted(reply.status), `${path}: ${reply.status}`)
        conforms(path, reply.status, reply.headers['content-type'] ?? '', reply.body)
      }
    }
    await fetchAll((status) => [200, 404, 503].includes(status))
    const snapshot = generateSnapshot({ number: 5 })
    pipeline.publish(published(snapshot))
    pipeline.know(knownOf(snapshot))
    pipeline.view.subscribers = () => Promise.resolve(subscribers())
    pipeline.report(generateProgress(5000))
    await fetchAll((status) => status === 200)
    pipeline.report(consuming(generateConsumer(generatePartitions(3))))
    const status = await ask(url, '/api/v1/status')
    conforms('/api/v1/status', 200, 'application/json', status.body)
  })
})

/** Which of the headers that matter to a client an answer has. */
const TOLD = ['etag', 'retry-after', 'x-snapshot-number']
const toldOf = (headers: object): string[] =>
  Object.keys(headers)
    .map((name) => name.toLowerCase())
    .filter((name) => TOLD.includes(name))
    .sort()

test('answers carry the headers that are described', async () => {
  await withServer(async (url, pipeline) => {
    const check = async (path: string, status: number, headers = {}): Promise<void> => {
      const reply = await ask(url, path.replace('{msisdn}', '33699999999'), headers)
      assert.equal(reply.status, status, path)
      const answer = described.paths[path].get.responses[String(status)]
      assert.deepEqual(toldOf(reply.headers), toldOf(answer!.headers), `${path} ${status}`)
    }
    const ofSnapshots = OPERATIONS.filter(({ tag }) => tag === 'snapshot')
    for (const { path } of ofSnapshots) await check(path, 503)
    await check('/api/v1/subscribers', 503)
    await check('/readyz', 503)
    const snapshot = generateSnapshot({ number: 5 })
    pipeline.publish(published(snapshot))
    pipeline.know(knownOf(snapshot))
    pipeline.view.subscribers = () => Promise.resolve(subscribers())
    pipeline.report(generateProgress(5000))
    for (const { path } of OPERATIONS.filter((each) => each.path !== '/api/v1/live')) {
      await check(path, 200)
    }
    for (const { path } of ofSnapshots) {
      await check(path, 304, { 'if-none-match': '*' })
      assert.ok(described.paths[path].get.parameters.some(({ name }) => name === 'If-None-Match'))
    }
  })
})

/** Takes whatever stands behind the question mark. */
const LENIENT = ['/api/v1/live', '/metrics', '/healthz', '/readyz', '/api']

test('a parameter that a path does not know is refused, and nothing of it repeated but a word', async () => {
  await withServer(async (url, pipeline) => {
    pipeline.publish(published(generateSnapshot({ number: 5 })))
    pipeline.report(generateProgress(5000))
    for (const { path, also = [] } of OPERATIONS) {
      assert.equal(also.includes(400), !LENIENT.includes(path), path)
      if (path === '/api/v1/live') continue
      const asked = path.replace('{msisdn}', '1')
      if (LENIENT.includes(path)) {
        assert.equal((await ask(url, `${asked}?bogus=1&bogus=2`)).status, 200, path)
        continue
      }
      const reply = await ask(url, `${asked}?bogus=secret`, { 'if-none-match': '*' })
      isProblem(reply, 400)
      conforms(path, 400, reply.headers['content-type'] ?? '', reply.body)
      assert.match(reply.body, /the parameter bogus, .*; expected (none|segment, .*after)\."/)
      assert.ok(!reply.body.includes('secret'))
      for (const name of ['33699999999', 'a1', 'Zo%C3%AB', 'a'.repeat(40), '']) {
        const nameless = await ask(url, `${asked}?${name}=1`)
        isProblem(nameless, 400)
        assert.match(nameless.body, /has an unknown parameter, whose name is no word; expected/)
      }
    }
  })
})

test('a page of subscribers is asked for as described, and else says what is expected', async () => {
  await withServer(async (url, pipeline) => {
    const queries: unknown[] = []
    pipeline.publish(published(generateSnapshot({ number: 5 })))
    pipeline.view.subscribers = (query) => {
      queries.push(query)
      return Promise.resolve(subscribers())
    }
    const path = '/api/v1/subscribers'
    const usual = await ask(url, path)
    assert.deepEqual(JSON.parse(usual.body), subscribers())
    assert.equal(usual.headers['x-snapshot-number'], '5')
    assert.equal(usual.headers['x-snapshot-time'], '2026-01-01T00:00:00.000Z')
    await ask(url, `${path}?segment=most%20engaged&application=Social+Media&limit=3&after=12`)
    assert.deepEqual(queries, [
      { segment: null, application: null, limit: 100, after: -1 },
      { segment: 'most engaged', application: 'Social Media', limit: 3, after: 12 },
    ])
    for (const [query, says] of [
      ['limit=0', '1 to 1000'],
      ['limit=1001', '1 to 1000'],
      ['limit=1e2', '1 to 1000'],
      ['after=-1', '15 digits'],
      ['after=1&after=2', 'after is given 2 times'],
      ['application=Mail', APPLICATIONS.join(', ')],
      ['segment=a&segment=b', 'segment is given 2 times'],
      ['segmnt=a', 'segmnt, which is unknown here; expected segment, application, limit, after'],
      ['segmnt=a', '(did you mean segment?)'],
    ]) {
      const reply = await ask(url, `${path}?${query}`)
      isProblem(reply, 400)
      assert.ok(reply.body.includes(says), reply.body)
    }
    const unknown = await ask(url, `${path}?segment=nobody`)
    isProblem(unknown, 404)
    assert.match(unknown.body, /there are: least engaged, moderately engaged, most engaged/)
    assert.ok(!unknown.body.includes('nobody'))
    assert.equal(queries.length, 2)
  })
})

test('so many requests for subscribers wait, others are told to come again', async () => {
  await withServer(async (url, pipeline) => {
    pipeline.publish(published(generateSnapshot({ number: 1 })))
    const release = Promise.withResolvers<null>()
    let asked = 0
    const all = Promise.withResolvers<undefined>()
    pipeline.view.lookup = () => {
      asked += 1
      if (asked === 8) all.resolve(undefined)
      return release.promise
    }
    const waiting = Array.from({ length: 8 }, () => ask(url, '/api/v1/subscribers/1'))
    await all.promise
    const refused = await ask(url, '/api/v1/subscribers/1')
    isProblem(refused, 503)
    assert.equal(refused.headers['retry-after'], '1')
    release.resolve(null)
    for (const reply of await Promise.all(waiting)) assert.equal(reply.status, 404)
    assert.equal((await ask(url, '/api/v1/subscribers/1')).status, 404)
  })
})

test('the page of documentation is whole, and a browser shows it under the policy as it is', async () => {
  for (const { path } of OPERATIONS) assert.ok(docsPage().includes(path), path)
  await withServer(async (url, pipeline) => {
    pipeline.publish(published(generateSnapshot({ number: 1 })))
    await withBrowser(async (browser) => {
      const page = await browser.newPage({ viewport: { width: 360, height: 800 } })
      const troubles: string[] = []
      const requests: string[] = []
      page.on('console', (message) => troubles.push(message.text()))
      page.on('request', (request) => requests.push(request.url()))
      await page.goto(`${url}/api`)
      assert.equal(await page.title(), 'API of xdr-pulse')
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360)
      assert.deepEqual(troubles, [])
      assert.deepEqual(
        requests.filter((each) => !each.startsWith(`${url}/`)),
        [],
      )
    })
  })
})
