// OAUTHBEARER by client credentials: tokens are fetched and renewed; failures are reported without secrets.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { needsKafka, withCluster } from '../broker.ts'
import { withDirectory } from '../state-directory.ts'
import { CLIENT, withTokenEndpoint, type TokenEndpointStandIn } from '../token-endpoint.ts'
import { until } from '../until.ts'
import { pulse } from './command.ts'
import { assertUnion, makeSample } from './kafka-durable.ts'
import { isRead, withMembers } from './kafka-member.ts'

/**
 * Shorter than the test: connections authenticate again within it. A tenth of it is left for that:
 * on a loaded machine a process may stand still for half a second.
 */
const LIFE_SECONDS = 10
const MOST_ROWS = 2000

const flagsOf = ({ url, ca }: TokenEndpointStandIn, secretFile: string): string[] => [
  ...['--sasl-mechanism', 'OAUTHBEARER', '--sasl-token-url', url, '--sasl-token-ca', ca],
  ...['--sasl-client-id', CLIENT.id, '--sasl-secret-file', secretFile],
]

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

function unsignedToken(): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = { sub: CLIENT.id, aud: 'kafka', scope: 'read', iat: now, exp: now + 3600 }
  return `${encoded({ alg: 'none' })}.${encoded(claims)}.`
}

test('tokens are fetched, renewed before they expire, and never printed', needsKafka(), () =>
  withDirectory((directory) =>
    withTokenEndpoint(directory, LIFE_SECONDS, (endpoint) =>
      withCluster({ scram: true, tokenKeys: endpoint.keysUrl }, async (cluster) => {
        const sample = await makeSample(directory, 1, { rows: MOST_ROWS, subscribers: 200 })
        const [secretFile, wrongFile] = ['secret', 'wrong'].map((name) => join(directory, name))
        await writeFile(secretFile, `${CLIENT.secret}\n`)
        await writeFile(wrongFile, 'another secret')
        const { brokers } = await cluster.connection('sasl')
        const flags = [...flagsOf(endpoint, secretFile), '--sasl-scope', 'read more']
        await cluster.createTopic('tokens', { partitions: 1 })
        await withMembers(async (start) => {
          const state = join(directory, 'state')
          const names = { brokers, topic: 'tokens', group: 'tokens' }
          const member = start({ ...names, state, more: flags })
          await member.when('life', ({ consumer }) => consumer.member)
          // Without renewal the brokers would end the connections within this time.
          const before = endpoint.granted.length
          await until('two more tokens', () => endpoint.granted.length >= before + 2)
          const to = ['--kafka', brokers[0], '--topic', 'tokens', ...flags]
          const sent = await pulse(['produce', sample.path, ...to])
          assert.equal(sent.code, 0, sent.stderr)
          const { consumer } = await member.when('the end', (look) => {
            const { applied, rejected } = look.counters
            const rest = Object.values(rejected).reduce((sum, count) => sum + count, 0)
            return applied + rest === MOST_ROWS && isRead(look)
          })
          assert.deepEqual(
            Object.entries(consumer.errors).filter(([, count]) => count > 0),
            [],
            'no request has failed',
          )
          const ended = await member.end('SIGTERM')
          assert.equal(ended.code, 0, ended.stderr)
          await assertUnion([state], sample)
          for (const { stdout, stderr } of [sent, ended]) {
            assert.ok(!`${stdout}${stderr}`.includes(CLIENT.secret), 'no secret is printed')
          }
        })
        assert.deepEqual(
          [...new Set(endpoint.granted)],
          ['grant_type=client_credentials&scope=read+more'],
        )

        const to = ['--kafka', brokers[0], '--topic', 'tokens']
        const examined = await pulse(['doctor', ...to, ...flags])
        assert.match(examined.stdout, /accepts the connection \(SASL_PLAINTEXT, OAUTHBEARER\)/)
        const failed = await pulse(['doctor', ...to, ...flagsOf(endpoint, wrongFile)])
        assert.match(
          failed.stdout,
          /the token endpoint https:\S+ answers with status 401 \(invalid_client\)/,
        )
        assert.doesNotMatch(`${failed.stdout}${failed.stderr}`, /another secret/)
        // The brokers do check signatures.
        await writeFile(wrongFile, unsignedToken())
        const forged = ['--sasl-mechanism', 'OAUTHBEARER', '--sasl-secret-file', wrongFile]
        assert.equal((await pulse(['doctor', ...to, ...forged])).code, 1)
        const untrusted = flagsOf(endpoint, secretFile).filter(
          (word) => word !== '--sasl-token-ca' && word !== endpoint.ca,
        )
        const refused = await pulse(['doctor', ...to, ...untrusted])
        assert.match(
          refused.stdout,
          /the token endpoint https:\S+ cannot be reached \(.*certificate/,
        )
      }),
    ),
  ),
)

test('a client secret is not sent in the clear, nor without an id', async () => {
  const to = ['--topic', 'xdr', '--sasl-mechanism', 'OAUTHBEARER', '--sasl-token-url']
  const env = { XDR_PULSE_SASL_SECRET: CLIENT.secret }
  const clear = await pulse(['doctor', ...to, 'http://login.example/token'], { env })
  assert.equal(clear.code, 2)
  assert.match(clear.stderr, /--sasl-token-url is an http URL of another machine, expected https/)
  const nobody = await pulse(['doctor', ...to, 'https://login.example/token'], { env })
  assert.equal(nobody.code, 2)
  assert.match(nobody.stderr, /--sasl-token-url needs --sasl-client-id/)
})
