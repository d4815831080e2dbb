// The OpenAPI document is that of the code, and responses are as it describes.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { OPENAPI_FILE } from '../../../scripts/schema.ts'
import { docsPage } from '../../../src/serve/api/docs.ts'
import { openapi, openapiText } from '../../../src/serve/api/openapi.ts'
import { openapiPath, statusesOf } from '../../../src/serve/api/route.ts'
import { ROUTES } from '../../../src/serve/api/routes.ts'
import { APPLICATIONS } from '../../../src/record/columns.ts'
import type { Snapshot } from '../../../src/snapshot/schema.ts'
import type { SubscriberList, Subscriber } from '../../../src/snapshot/subscriber-schema.ts'
import { withBrowser } from '../../browser.ts'
import { ask, isProblem } from '../ask.ts'
import { consuming, generateConsumer, generatePartitions } from '../consumer.ts'
import { canaryView, generateProgress, generateSnapshot, published } from '../fixture.ts'
import { withServer } from '../with-server.ts'

interface Described {
  parameters: { name: string }[]
  responses: Record<
    string,
    { headers: Record<string, object>; content?: Record<string, { schema: object }> } | undefined
  >
  security: unknown[]
}

const described = JSON.parse(openapiText(ROUTES)) as {
  paths: Record<string, { get: Described }>
}

const ajv = new Ajv2020({ strict: false, allErrors: true })
ajv.addSchema(openapi(ROUTES), 'openapi')

/** Routes whose response ends by itself. */
const ANSWERING = ROUTES.filter((route) => !('stream' in route))

/** Fails unless a response is as the document describes it. */
function conforms(path: string, status: number, type: string, body: string): void {
  const answer = described.paths[path].get.responses[String(status)]
  assert.ok(answer, `${path} has no description of status ${status}`)
  const content = answer.content?.[type.split(';')[0]]
  assert.ok(content, `${path} has no description of status ${status} with ${type}`)
  const refs = JSON.parse(
    JSON.stringify(content.schema).replaceAll('"$ref":"#', '"$ref":"openapi#'),
  ) as object
  const validate = ajv.compile(refs)
  if (type.includes('json')) {
    assert.ok(validate(JSON.parse(body)), `${path}: ${JSON.stringify(validate.errors)}`)
  }
}

/** The canary without the fields that only the fixture has. */
function knownOf(snapshot: Snapshot): Subscriber {
  const { aggregate, ...view } = canaryView(snapshot)
  const known = Object.entries(aggregate).filter(([name]) => name !== 'segment')
  return { ...view, aggregate: Object.fromEntries(known) as unknown as typeof aggregate }
}

/** A page of one subscriber, as a pipeline returns it. */
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

test('the file is up to date; otherwise run npm run schema', () => {
  assert.equal(readFileSync(OPENAPI_FILE, 'utf8'), openapiText(ROUTES))
})

test('describes every route once, with the scope that it needs', () => {
  const paths = ROUTES.map(openapiPath)
  assert.deepEqual(Object.keys(described.paths), paths)
  assert.equal(new Set(paths).size, paths.length)
  for (const route of ROUTES) {
    const { security } = described.paths[openapiPath(route)].get
    assert.deepEqual(security, route.scope === null ? [] : [{}, { token: [route.scope] }])
  }
})

test('every route that shows a subscriber needs the scope subscribers, or is a snapshot', () => {
  const open = ROUTES.filter(({ scope }) => scope === null).map(({ path }) => path)
  assert.deepEqual(open, ['/healthz', '/readyz'])
  const personal = ROUTES.filter(({ path }) => path.includes('subscriber'))
  assert.deepEqual(
    personal.map(({ scope }) => scope),
    ['subscribers', 'subscribers'],
  )
})

test('operation ids are unique, and every reference resolves', () => {
  const text = openapiText(ROUTES)
  const names = [...text.matchAll(/"operationId": "(\w+)"/g)].map(([, name]) => name)
  assert.equal(new Set(names).size, ROUTES.length)
  for (const [, path] of text.matchAll(/"\$ref": "#\/([^"]+)"/g)) {
    let at: unknown = openapi(ROUTES)
    for (const key of path.split('/')) at = (at as Record<string, unknown>)[key]
    assert.ok(at, path)
  }
})

test('every response is as described', async () => {
  await withServer(async (url, pipeline) => {
    const fetchAll = async (wanted: (status: number) => boolean): Promise<void> => {
      for (const path of ANSWERING.map(openapiPath)) {
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

/** The described headers that a response has. */
const DESCRIBED = ['etag', 'retry-after', 'x-snapshot-number']
const describedIn = (headers: object): string[] =>
  Object.keys(headers)
    .map((name) => name.toLowerCase())
    .filter((name) => DESCRIBED.includes(name))
    .sort()

test('responses have the headers that are described', async () => {
  await withServer(async (url, pipeline) => {
    const check = async (path: string, status: number, headers = {}): Promise<void> => {
      const reply = await ask(url, path.replace('{msisdn}', '33699999999'), headers)
      assert.equal(reply.status, status, path)
      const answer = described.paths[path].get.responses[String(status)]
      assert.deepEqual(
        describedIn(reply.headers),
        describedIn(answer!.headers),
        `${path} ${status}`,
      )
    }
    const ofSnapshots = ROUTES.filter(({ tag }) => tag === 'snapshot').map(openapiPath)
    for (const path of ofSnapshots) await check(path, 503)
    await check('/api/v1/subscribers', 503)
    await check('/readyz', 503)
    const snapshot = generateSnapshot({ number: 5 })
    pipeline.publish(published(snapshot))
    pipeline.know(knownOf(snapshot))
    pipeline.view.subscribers = () => Promise.resolve(subscribers())
    pipeline.report(generateProgress(5000))
    for (const path of ANSWERING.map(openapiPath)) await check(path, 200)
    for (const path of ofSnapshots) {
      await check(path, 304, { 'if-none-match': '*' })
      assert.ok(described.paths[path].get.parameters.some(({ name }) => name === 'If-None-Match'))
    }
  })
})

/** Paths that ignore unknown query parameters. */
const LENIENT = ['/api/v1/live', '/metrics', '/healthz', '/readyz', '/api']

test('an unknown parameter returns 400, which contains at most its name', async () => {
  await withServer(async (url, pipeline) => {
    pipeline.publish(published(generateSnapshot({ number: 5 })))
    pipeline.report(generateProgress(5000))
    for (const route of ROUTES) {
      const path = openapiPath(route)
      assert.equal(statusesOf(route).includes(400), !LENIENT.includes(path), path)
      if ('stream' in route) continue
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
        assert.match(nameless.body, /has an unknown parameter, whose name is not a word; expected/)
      }
    }
  })
})

test('a page of subscribers takes the described parameters; others return 400 or 404', async () => {
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
    for (const [query, expected] of [
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
      assert.ok(reply.body.includes(expected), reply.body)
    }
    const unknown = await ask(url, `${path}?segment=nobody`)
    isProblem(unknown, 404)
    assert.match(unknown.body, /expected one of least engaged, moderately engaged, most engaged/)
    assert.ok(!unknown.body.includes('nobody'))
    assert.equal(queries.length, 2)
  })
})

test('a bounded number of requests for subscribers waits, further ones return 503', async () => {
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

test('pages pass one at a time, and single subscribers do not wait for a place among them', async () => {
  await withServer(async (url, pipeline) => {
    const snapshot = generateSnapshot({ number: 1 })
    pipeline.publish(published(snapshot))
    pipeline.know(knownOf(snapshot))
    const asked: PromiseWithResolvers<null>[] = []
    const first = Promise.withResolvers<undefined>()
    pipeline.view.subscribers = () => {
      asked.push(Promise.withResolvers<null>())
      first.resolve(undefined)
      return asked.at(-1)!.promise
    }
    const pages = Array.from({ length: 9 }, () => ask(url, '/api/v1/subscribers'))
    isProblem(await Promise.race(pages), 503)
    await first.promise
    assert.equal((await ask(url, '/api/v1/subscribers/33699999999')).status, 200)
    assert.equal(asked.length, 1)
    pipeline.view.subscribers = () => Promise.resolve(null)
    asked[0].resolve(null)
    await Promise.all(pages)
  })
})

test('the documentation has every route, and a browser shows it under the policy', async () => {
  for (const path of ROUTES.map(openapiPath)) assert.ok(docsPage(ROUTES).includes(path), path)
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
