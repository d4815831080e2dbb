// Responses are gzipped for clients that accept it, and are the same when unpacked.
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import test from 'node:test'
import { gunzipSync } from 'node:zlib'
import { takesGzip } from '../../../src/serve/http/compress.ts'
import { startServer } from '../../../src/serve/server.ts'
import { generateSnapshot, published, standIn } from '../fixture.ts'

interface Raw {
  status: number
  headers: Record<string, unknown>
  bytes: Buffer
}

/** A response as it is received. */
const raw = (url: string, accepted: string, method = 'GET', more = {}): Promise<Raw> =>
  new Promise((resolve, reject) => {
    const headers = { 'accept-encoding': accepted, ...more }
    request(url, { method, headers }, (response) => {
      const { statusCode = 0 } = response
      buffer(response).then(
        (bytes) => resolve({ status: statusCode, headers: response.headers, bytes }),
        reject,
      )
    })
      .on('error', reject)
      .end()
  })

test('Accept-Encoding decides by its weights', () => {
  for (const accepted of ['gzip', 'br, GZIP;q=0.1', '*', 'deflate, *;q=0.5']) {
    assert.ok(takesGzip(accepted), accepted)
  }
  for (const accepted of ['', 'br', 'gzip;q=0', '*;q=0', 'gzip;q=0, *', 'identity', 'gzip;q=x']) {
    assert.ok(!takesGzip(accepted), accepted)
  }
})

test('long text is gzipped, and equals the plain response', async () => {
  const pipeline = standIn()
  pipeline.publish(published(generateSnapshot({ number: 4 })))
  const server = await startServer(pipeline.view, { host: '127.0.0.1', port: 0 })
  try {
    for (const path of ['/api/v1/snapshot', '/api', '/', '/page.css', '/vendor/echarts.js']) {
      const [plain, zipped] = [
        await raw(server.url + path, ''),
        await raw(server.url + path, 'gzip'),
      ]
      assert.equal(plain.headers['content-encoding'], undefined, path)
      assert.equal(zipped.headers['content-encoding'], 'gzip', path)
      for (const { headers } of [plain, zipped]) assert.equal(headers['vary'], 'accept-encoding')
      assert.ok(zipped.bytes.length < plain.bytes.length / 2, path)
      assert.ok(gunzipSync(zipped.bytes).equals(plain.bytes), path)
      assert.equal(zipped.headers['etag'], plain.headers['etag'])
      const head = await raw(server.url + path, 'gzip', 'HEAD')
      assert.deepEqual([head.status, head.bytes.length], [200, 0])
    }
    const metrics = await raw(`${server.url}/metrics`, 'gzip')
    assert.match(gunzipSync(metrics.bytes).toString(), /^# HELP/)
    const short = await raw(`${server.url}/healthz`, 'gzip')
    assert.equal(short.bytes.toString(), '{"status":"alive"}')
    const { etag } = (await raw(`${server.url}/api/v1/top`, 'gzip')).headers
    const again = await raw(`${server.url}/api/v1/top`, 'gzip', 'GET', { 'if-none-match': etag })
    assert.deepEqual([again.status, again.bytes.length], [304, 0])
    assert.equal(again.headers['etag'], etag)
  } finally {
    await server.close()
  }
})
