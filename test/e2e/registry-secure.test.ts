// A registry with its own authority and a bearer token; neither is sent in the clear.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeCertificates } from '../../scripts/kafka/certificates.ts'
import { needsKafka } from '../broker.ts'
import { uniqueName } from '../broker-operations.ts'
import { withRegistryStandIn } from '../schema-registry.ts'
import { sharedBroker } from '../shared-broker.ts'
import { withDirectory } from '../state-directory.ts'
import { pulse, type Outcome } from './command.ts'
import { assertUnion, makeSample } from './kafka-durable.ts'

const TOKEN = 'a-bearer-token'
const RENEWED = 'a-renewed-token'

test('a registry is reached by HTTPS, with a CA file and a token that changes', needsKafka(), () =>
  withDirectory(async (directory) => {
    const { ca, brokerStore } = await makeCertificates(directory)
    const pem = await readFile(brokerStore, 'utf8')
    let expected = TOKEN
    await withRegistryStandIn({ pem, bearer: () => expected }, async ({ url }) => {
      const { bootstrap } = await sharedBroker()
      const sample = await makeSample(directory, 1, { rows: 1000, subscribers: 100 })
      const [topic, file] = [uniqueName('registry'), join(directory, 'token')]
      await writeFile(file, `${TOKEN}\n`)
      const to = ['--kafka', bootstrap.join(','), '--topic', topic, '--registry', url]
      const trusted = [...to, '--registry-ca', ca]
      const known = [...trusted, '--registry-token-file', file]
      const outcomes: Outcome[] = []
      const succeeds = async (argv: string[], env: Record<string, string> = {}): Promise<void> => {
        const outcome = await pulse(argv, { env })
        outcomes.push(outcome)
        assert.equal(outcome.code, 0, `${outcome.stdout}${outcome.stderr}`)
      }
      await succeeds(['produce', sample.path, ...known, '--create-topic'])
      expected = RENEWED
      const refused = await pulse(['doctor', ...known])
      assert.match(
        refused.stdout,
        /schema registry +failed .* status 401 +check .*--registry-token-file/,
      )
      await writeFile(file, RENEWED)
      const state = join(directory, 'state')
      const group = ['--group', topic, '--state', state, '--port', '0', '--until-caught-up']
      await succeeds(['run', ...known, ...group])
      await assertUnion([state], sample)
      const variable = { XDR_PULSE_REGISTRY_TOKEN: RENEWED }
      await succeeds(['doctor', ...trusted, '--state', state], variable)
      const untrusted = await pulse(['doctor', ...to], { env: variable })
      assert.match(untrusted.stdout, /schema registry +failed .*cannot be reached \(.*certificate/)
      for (const { stdout, stderr } of [...outcomes, refused, untrusted]) {
        assert.ok(![TOKEN, RENEWED].some((token) => `${stdout}${stderr}`.includes(token)))
      }
    })
  }),
)

test('a token is not sent to another machine in the clear', () =>
  withDirectory(async (directory) => {
    const file = join(directory, 'token')
    await writeFile(file, TOKEN)
    const to = ['--topic', 'xdr', '--registry', 'http://registry.example:8081']
    const { code, stderr } = await pulse(['doctor', ...to, '--registry-token-file', file])
    assert.equal(code, 2)
    assert.match(stderr, /--registry is an http URL of another machine, expected https: a token/)
    const near = ['--topic', 'xdr', '--registry', 'http://127.0.0.1:1']
    const missing = await pulse(['doctor', ...near, '--registry-token-file', `${file}.none`])
    assert.equal(missing.code, 1)
    assert.match(missing.stderr, /--registry-token-file \S+\.none/)
  }))
