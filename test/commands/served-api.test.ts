// A real process answers as OpenAPI describes, with numbers that agree with the report.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { openapi } from '../../src/serve/api/openapi.ts'
import { ROUTES } from '../../src/serve/api/routes.ts'
import type { Snapshot } from '../../src/snapshot/schema.ts'
import type { SubscriberList } from '../../src/snapshot/subscriber-schema.ts'
import { revisionOf } from '../../src/version.ts'
import { pulse, withPulse } from '../e2e/command.ts'
import { withDirectory } from '../state-directory.ts'

const ajv = new Ajv2020({ strict: false, allErrors: true })
ajv.addSchema(openapi(ROUTES), 'openapi')

/** Every subscriber of a query, page after page. */
async function allOf(url: string, query: string): Promise<SubscriberList['subscribers']> {
  const found: SubscriberList['subscribers'] = []
  for (let after = ''; ;) {
    const reply = await fetch(`${url}/api/v1/subscribers?limit=70&${query}${after}`)
    assert.equal(reply.status, 200)
    const page = (await reply.json()) as SubscriberList
    found.push(...page.subscribers)
    if (page.next === null) return found
    after = `&after=${page.next}`
  }
}

test('answers of a process that serves are as described, and agree with each other', () =>
  withDirectory(async (directory) => {
    const file = join(directory, 'sample.parquet')
    const state = join(directory, 'state')
    const size = ['--rows', '2000', '--subscribers', '300', '--dirt', '0.05', '--out', file]
    assert.equal((await pulse(['generate', ...size])).code, 0)
    const argv = ['replay', file, '--state', state, '--serve', '--port', '0']
    await withPulse([...argv, '--snapshot-interval', '50ms'], async (running) => {
      const [, url] = await running.prints(/API and metrics at (http:\/\/[\d.:]+)/)
      await running.prints(/subscribers now/)
      const { status } = await fetch(`${url}/readyz`)
      assert.equal(status, 200)
      const answers: [path: string, schema: string][] = [
        ['snapshot', 'Snapshot'],
        ['status', 'Status'],
        ['subscribers', 'SubscriberList'],
      ]
      for (const [path, schema] of answers) {
        const body: unknown = await (await fetch(`${url}/api/v1/${path}`)).json()
        const validate = ajv.compile({ $ref: `openapi#/components/schemas/${schema}` })
        assert.ok(validate(body), `${path}: ${JSON.stringify(validate.errors)}`)
      }
      const metrics = await (await fetch(`${url}/metrics`)).text()
      assert.ok(metrics.includes(`revision="${revisionOf({})}",node_version="${process.version}"`))
      const snapshot = (await (await fetch(`${url}/api/v1/snapshot`)).json()) as Snapshot
      const everyone = await allOf(url, '')
      assert.equal(everyone.length, snapshot.subscribers)
      const numbers = everyone.map(({ msisdn }) => msisdn)
      assert.deepEqual(
        numbers,
        [...new Set(numbers)].sort((a, b) => a - b),
      )
      for (const { name, subscribers } of snapshot.segments.segments) {
        const members = await allOf(url, `segment=${encodeURIComponent(name)}`)
        assert.equal(members.length, subscribers, name)
      }
      for (const { name, subscribers } of snapshot.applications) {
        const users = await allOf(url, `application=${encodeURIComponent(name)}`)
        assert.equal(users.length, subscribers, name)
      }
    })
  }))
