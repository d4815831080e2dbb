// The stand-in registry responds as the documentation of Confluent's registry describes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withRegistryStandIn, type RegistryStandIn } from '../schema-registry.ts'

const FIRST = JSON.stringify({ type: 'record', name: 'Xdr', fields: [] })
const SECOND = JSON.stringify({
  type: 'record',
  name: 'Xdr',
  fields: [{ name: 'start', type: 'long', default: 0 }],
})

/** Sends a request: POST with a body, else GET. */
async function ask(
  { url }: RegistryStandIn,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<[number, unknown]> {
  const posted = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const response = await fetch(`${url}${path}`, { ...posted, headers })
  assert.equal(response.headers.get('content-type'), 'application/vnd.schemaregistry.v1+json')
  return [response.status, await response.json()]
}

/** The reply about a schema: its id, and the guid that the stand-in makes from it. */
const ids = (id: number) => ({
  id,
  guid: `0a1b2c3d-4e5f-4071-8293-${String(id).padStart(12, '0')}`,
})

/** Asserts that a response is an error with a code. */
async function refuses(registry: RegistryStandIn, code: number, path: string, body?: unknown) {
  const [status, error] = await ask(registry, path, body)
  assert.equal(status, Number(String(code).slice(0, 3)))
  assert.equal((error as { error_code: number }).error_code, code)
  assert.ok((error as { message: string }).message.length > 0)
}

test('schemas have one id, subjects have versions', () =>
  withRegistryStandIn({ firstId: 7 }, async (registry) => {
    const post = (subject: string, schema: string) =>
      ask(registry, `/subjects/${subject}/versions`, { schema })
    assert.deepEqual(await post('xdr-value', FIRST), [200, ids(7)])
    assert.deepEqual(await post('xdr-value', SECOND), [200, ids(8)])
    assert.deepEqual(await post('xdr-value', ` ${FIRST}`), [200, ids(7)])
    assert.deepEqual(await post('other%2Fvalue', SECOND), [200, ids(8)])
    assert.deepEqual(await ask(registry, '/subjects'), [200, ['other/value', 'xdr-value']])
    assert.deepEqual(await ask(registry, '/subjects/xdr-value/versions'), [200, [1, 2]])
    assert.deepEqual(await ask(registry, '/schemas/ids/8'), [200, { schema: SECOND }])
    assert.deepEqual(await ask(registry, '/schemas/ids/8/versions'), [
      200,
      [
        { subject: 'xdr-value', version: 2 },
        { subject: 'other/value', version: 1 },
      ],
    ])
    const latest = { subject: 'xdr-value', version: 2, ...ids(8), schema: SECOND }
    assert.deepEqual(await ask(registry, '/subjects/xdr-value/versions/latest'), [200, latest])
    assert.deepEqual(await ask(registry, '/subjects/xdr-value/versions/2'), [200, latest])
    assert.deepEqual(await ask(registry, '/subjects/xdr-value', { schema: SECOND }), [200, latest])
  }))

test("errors have the codes of Confluent's registry", () =>
  withRegistryStandIn({}, async (registry) => {
    registry.register('xdr-value', FIRST)
    await refuses(registry, 40401, '/subjects/unknown/versions')
    await refuses(registry, 40401, '/subjects/unknown/versions/1')
    await refuses(registry, 40401, '/subjects/unknown', { schema: FIRST })
    await refuses(registry, 40402, '/subjects/xdr-value/versions/9')
    await refuses(registry, 40403, '/schemas/ids/9')
    await refuses(registry, 40403, '/schemas/ids/9/versions')
    await refuses(registry, 40403, '/subjects/xdr-value', { schema: SECOND })
    await refuses(registry, 42201, '/subjects/xdr-value/versions', { schema: '{"type":"record"}' })
    await refuses(registry, 42202, '/subjects/xdr-value/versions/0')
  }))

test('schemas other than Avro have their type', () =>
  withRegistryStandIn({}, async (registry) => {
    assert.equal(registry.register('xdr-value', { type: 'object' }, 'JSON'), 1)
    const found = { schemaType: 'JSON', schema: '{"type":"object"}' }
    assert.deepEqual(await ask(registry, '/schemas/ids/1'), [200, found])
  }))

test('a registry goes down, returns on its port, fails, delays and counts', () =>
  withRegistryStandIn({}, async (registry) => {
    registry.register('xdr-value', FIRST)
    await registry.become({ kind: 'down' })
    const failure = await fetch(registry.url).catch((error: unknown) => error)
    const { cause } = failure as { cause: NodeJS.ErrnoException }
    assert.equal(cause.code, 'ECONNREFUSED')
    await registry.become({ kind: 'failing' })
    await refuses(registry, 50001, '/subjects')
    await registry.become({ kind: 'slow', delayMs: 100 })
    const begun = performance.now()
    await ask(registry, '/schemas/ids/1')
    assert.ok(performance.now() - begun >= 95)
    await registry.become({ kind: 'up' })
    await ask(registry, '/schemas/ids/1')
    assert.deepEqual(Object.fromEntries(registry.requests()), {
      'GET /subjects': 1,
      'GET /schemas/ids/1': 2,
    })
  }))

test('a registry with credentials requires them', () =>
  withRegistryStandIn({ credentials: 'xdr:secret' }, async (registry) => {
    await refuses(registry, 401, '/subjects')
    const authorization = `Basic ${Buffer.from('xdr:secret').toString('base64')}`
    assert.deepEqual(await ask(registry, '/subjects', undefined, { authorization }), [200, []])
  }))
