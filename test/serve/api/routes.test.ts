// The API returns the objects of the snapshot, and names the snapshot that they are as of.
import assert from 'node:assert/strict'
import test, { describe } from 'node:test'
import { startServer } from '../../../src/serve/server.ts'
import {
  canaryView,
  CANARY_MSISDN,
  generateProgress,
  generateSnapshot,
  published,
  standIn,
  type StandIn,
} from '../fixture.ts'
import { NOT_SPELLINGS, spellingsOf } from '../../record/spellings.ts'

const SECTIONS = ['top', 'applications', 'segments', 'elbow', 'hours', 'positions'] as const

async function withServer(
  body: (
    get: (path: string, headers?: Record<string, string>) => Promise<Response>,
    pipeline: StandIn,
  ) => Promise<void>,
) {
  const pipeline = standIn()
  const server = await startServer(pipeline.view, { host: '127.0.0.1', port: 0 })
  try {
    await body((path, headers = {}) => fetch(server.url + path, { headers }), pipeline)
  } finally {
    await server.close()
  }
}

describe('snapshot', () => {
  test('before the first one: 503 and Retry-After', async () => {
    await withServer(async (get) => {
      for (const path of ['snapshot', ...SECTIONS]) {
        const reply = await get(`/api/v1/${path}`)
        assert.equal(reply.status, 503)
        assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/)
        assert.ok(reply.headers.has('retry-after'))
      }
    })
  })

  test('the whole and each part equal what was published', async () => {
    await withServer(async (get, pipeline) => {
      const snapshot = generateSnapshot({ number: 7 })
      pipeline.publish(published(snapshot))
      const whole = await get('/api/v1/snapshot')
      assert.deepEqual(await whole.json(), snapshot)
      for (const section of SECTIONS) {
        const reply = await get(`/api/v1/${section}`)
        assert.equal(reply.status, 200)
        assert.equal(reply.headers.get('x-snapshot-number'), '7')
        assert.equal(reply.headers.get('etag'), whole.headers.get('etag'))
        assert.deepEqual(await reply.json(), snapshot[section])
      }
    })
  })

  test('is not sent again until it changes', async () => {
    await withServer(async (get, pipeline) => {
      pipeline.publish(published(generateSnapshot({ number: 7 })))
      const first = await get('/api/v1/top')
      const etag = first.headers.get('etag') ?? ''
      assert.match(etag, /^W\/"7-/)
      for (const tag of [etag, etag.slice(2), `"other", ${etag}`, '*']) {
        const again = await get('/api/v1/top', { 'if-none-match': tag })
        assert.deepEqual([again.status, await again.text()], [304, ''])
        assert.equal(again.headers.get('content-length'), null)
        // A cache copies these to the stored response.
        for (const name of ['etag', 'cache-control', 'content-type', 'vary']) {
          assert.equal(again.headers.get(name), first.headers.get(name), name)
        }
      }
      pipeline.publish(published(generateSnapshot({ number: 8, seed: 2 })))
      const changed = await get('/api/v1/top', { 'if-none-match': etag })
      assert.equal(changed.status, 200)
      assert.equal(changed.headers.get('x-snapshot-number'), '8')
    })
  })
})

describe('subscriber', () => {
  test('a known one is returned as the pipeline returns it', async () => {
    await withServer(async (get, pipeline) => {
      const snapshot = generateSnapshot({ number: 3 })
      const known = canaryView(snapshot)
      pipeline.publish(published(snapshot))
      pipeline.know(known)
      const reply = await get(`/api/v1/subscribers/${CANARY_MSISDN}`)
      assert.deepEqual(await reply.json(), known)
      assert.equal(reply.headers.get('x-snapshot-number'), '3')
    })
  })

  test('names the snapshot that it was compared with, not one published meanwhile', async () => {
    await withServer(async (get, pipeline) => {
      const snapshot = generateSnapshot({ number: 3 })
      pipeline.publish(published(snapshot))
      pipeline.view.lookup = () => {
        pipeline.publish(published({ ...snapshot, number: 4 }))
        return Promise.resolve(canaryView(snapshot))
      }
      const reply = await get(`/api/v1/subscribers/${CANARY_MSISDN}`)
      assert.equal(reply.headers.get('x-snapshot-number'), '3')
    })
  })

  test('an MSISDN is found in every spelling that files may have', async () => {
    await withServer(async (get, pipeline) => {
      const snapshot = generateSnapshot({ number: 1 })
      pipeline.publish(published(snapshot))
      pipeline.know(canaryView(snapshot))
      for (const spelt of spellingsOf(CANARY_MSISDN)) {
        const reply = await get(`/api/v1/subscribers/${encodeURIComponent(spelt)}`)
        assert.equal(reply.status, 200, JSON.stringify(spelt))
        const { aggregate } = (await reply.json()) as { aggregate: { msisdn: number } }
        assert.equal(aggregate.msisdn, CANARY_MSISDN)
      }
    })
  })

  test('a malformed MSISDN returns 400, an unknown one 404, before a snapshot 503', async () => {
    await withServer(async (get, pipeline) => {
      for (const wrong of NOT_SPELLINGS) {
        const path = `/api/v1/subscribers/${encodeURIComponent(wrong)}`
        assert.equal((await get(path)).status, 400, wrong)
      }
      const early = await get('/api/v1/subscribers/33600000001')
      assert.deepEqual([early.status, early.headers.get('retry-after')], [503, '1'])
      pipeline.publish(published(generateSnapshot({ number: 1 })))
      assert.equal((await get('/api/v1/subscribers/33600000001')).status, 404)
    })
  })
})

describe('status', () => {
  test('is available before the first message', async () => {
    await withServer(async (get) => {
      const status = (await (await get('/api/v1/status')).json()) as Record<string, unknown>
      assert.equal(status['state'], 'starting')
      assert.equal(status['counters'], null)
      assert.equal(status['snapshotNumber'], null)
    })
  })

  test('has counters, positions, sources, runs and options', async () => {
    await withServer(async (get, pipeline) => {
      const snapshot = generateSnapshot({ number: 9 })
      const progress = generateProgress(70_000)
      pipeline.publish(published(snapshot))
      pipeline.report(progress)
      const status = (await (await get('/api/v1/status')).json()) as Record<string, unknown>
      assert.deepEqual(status['counters'], progress.counters)
      assert.deepEqual(status['sources'], progress.sources)
      assert.deepEqual(status['positions'], snapshot.positions)
      assert.deepEqual(status['runs'], pipeline.view.runs())
      assert.deepEqual(status['options'], pipeline.view.options())
      assert.equal(status['version'], pipeline.view.version)
      assert.equal(status['snapshotNumber'], 9)
      assert.equal(status['progress'], 70_000 / progress.totalRows)
    })
  })
})

test('the process is alive from the start, and ready while it runs or drains', async () => {
  await withServer(async (get, pipeline) => {
    assert.equal((await get('/healthz')).status, 200)
    assert.equal((await get('/readyz')).status, 503)
    const ready = { restoring: 503, running: 200, draining: 200, failed: 503 } as const
    for (const [state, status] of Object.entries(ready)) {
      pipeline.report({ ...generateProgress(1), state: state as keyof typeof ready })
      const reply = await get('/readyz')
      const body = await reply.text()
      assert.equal(reply.status, status, state)
      if (status === 503) assert.ok(body.includes(state))
      assert.equal((await get('/healthz')).status, 200)
    }
  })
})
