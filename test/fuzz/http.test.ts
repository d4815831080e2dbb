// The server under hostile HTTP: a few seeded rounds of what the fault runner sends at length.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTokens } from '../../src/serve/http/tokens.ts'
import { startServer } from '../../src/serve/server.ts'
import {
  CANARY_MSISDN,
  canaryView,
  generateSnapshot,
  published,
  standIn,
} from '../serve/fixture.ts'
import { fuzzHttp } from './http.ts'

const SEED = Number(process.env['XDR_PULSE_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const ROUNDS = Number(process.env['XDR_PULSE_HTTP_ROUNDS'] ?? 300)

for (const tokens of [[], parseTokens('some-token-0123456789', 'tokens')]) {
  test(`hostile requests get a refusal each, ${tokens.length} tokens, seed ${SEED}`, async () => {
    const pipeline = standIn()
    const snapshot = generateSnapshot({ number: 1 })
    pipeline.publish(published(snapshot))
    pipeline.know(canaryView(snapshot))
    const errors: unknown[] = []
    const onError = (error: unknown): void => void errors.push(error)
    const server = await startServer(pipeline.view, { host: '127.0.0.1', port: 0, tokens, onError })
    try {
      const { hostname: host, port } = new URL(server.url)
      // Without tokens the top lists are open to all.
      const canaries = tokens.length === 0 ? [] : [String(CANARY_MSISDN)]
      const report = await fuzzHttp({ host, port: Number(port), canaries }, SEED, ROUNDS)
      assert.deepEqual(report.violations, [])
      assert.deepEqual(errors, [])
      // A run that reached nothing proves nothing.
      for (const status of ['400', '405', '413', '421', '431']) {
        assert.ok(report.statuses[status] > 0, `no ${status} in ${JSON.stringify(report)}`)
      }
    } finally {
      await server.close()
    }
  })
}
