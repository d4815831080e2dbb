// Conditional requests and caches, for every route and every file of the page.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ROUTES } from '../../../src/serve/api/routes.ts'
import { compressed } from '../../../src/serve/http/compress.ts'
import { readPage } from '../../../src/serve/page-files.ts'
import { ask } from '../ask.ts'
import { CANARY_MSISDN, canaryView, generateProgress, generateSnapshot } from '../fixture.ts'
import { published, type StandIn } from '../fixture.ts'
import { withServer } from '../with-server.ts'

const PATHS = [
  ...ROUTES.filter((route) => !('stream' in route)).map(({ path }) =>
    path.replace(':msisdn', String(CANARY_MSISDN)),
  ),
  ...readPage().keys(),
  '/nothing',
]

/** Gives every route something to answer. */
function fill(pipeline: StandIn): void {
  const snapshot = generateSnapshot({ number: 3 })
  pipeline.publish(published(snapshot))
  pipeline.know(canaryView(snapshot))
  pipeline.report(generateProgress(5000))
}

test('HEAD and GET agree on status and headers, conditional or not', async () => {
  await withServer(async (url, pipeline) => {
    fill(pipeline)
    for (const path of PATHS) {
      const { etag } = (await ask(url, path)).headers
      for (const tag of [undefined, '*', '"other"', etag]) {
        const headers = tag === undefined ? {} : { 'if-none-match': tag }
        const got = await ask(url, path, headers)
        const head = await ask(url, path, headers, 'HEAD')
        const asked = `${path} with ${tag}`
        assert.equal(head.status, got.status, asked)
        assert.ok(got.status < 500 || path.endsWith('subscribers'), `${got.status} ${asked}`)
        assert.equal(head.body, '', asked)
        const isKnown = etag !== undefined && (tag === '*' || tag === etag)
        assert.equal(got.status === 304, isKnown, asked)
        for (const name of ['etag', 'cache-control', 'content-type', 'vary']) {
          assert.equal(head.headers[name], got.headers[name], `${name} of ${asked}`)
        }
      }
    }
  })
})

test('a response with an MSISDN is stored by no cache', async () => {
  await withServer(async (url, pipeline) => {
    fill(pipeline)
    let found = 0
    for (const path of PATHS) {
      const { body, headers } = await ask(url, path)
      if (!/\b336\d{8}\b/.test(body)) continue
      found++
      assert.equal(headers['cache-control'], 'no-store', path)
    }
    assert.ok(found >= 4, 'snapshot, top lists, applications and look-ups have MSISDNs')
  })
})

test('a body that is sent again is packed once; another one anew', async () => {
  const sent = { status: 200, accepted: 'gzip', headers: { 'content-type': 'text/css' } }
  const payload = Buffer.from('a { color: red }\n'.repeat(200))
  const first = await compressed({ ...sent, payload })
  const again = await compressed({ ...sent, payload })
  assert.equal(again.payload, first.payload)
  const other = await compressed({ ...sent, payload: Buffer.from(payload) })
  assert.notEqual(other.payload, first.payload)
  assert.deepEqual(other.payload, first.payload)
})

test('every request of one snapshot gets the same bytes, and those of the next one others', async () => {
  await withServer(async (url, pipeline) => {
    const bodies = new Set<string>()
    for (const number of [1, 2]) {
      pipeline.publish(published(generateSnapshot({ number, seed: number })))
      for (let i = 0; i < 3; i++) bodies.add((await ask(url, '/api/v1/top')).body)
    }
    assert.equal(bodies.size, 2)
  })
})
