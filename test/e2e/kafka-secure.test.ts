// Encrypted and authenticated connections work; failing ones are reported without secrets.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { needsKafka, USER, withCluster, type Cluster, type Connection } from '../broker.ts'
import { uniqueName } from '../broker-operations.ts'
import { withDirectory } from '../state-directory.ts'
import { pulse, type Surroundings } from './command.ts'
import { assertUnion, makeSample } from './kafka-durable.ts'

const PARTITIONS = 2
/** A start retries for 30 s; this only shows that it ends. */
const START_BOUND_MS = 300_000
const WRONG = 'not-the-password'

interface Way {
  name: string
  /** The kind of the listener. */
  security: 'ssl' | 'sasl'
  flags: (connection: Connection, secretFile: string) => string[]
  where?: Surroundings
  secret?: string
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
/** An unsigned token that is valid for an hour. */
const token = (): string => {
  const seconds = Math.floor(Date.now() / 1000)
  return `${encode({ alg: 'none' })}.${encode({ sub: USER.name, iat: seconds, exp: seconds + 3600 })}.`
}

const ca = ({ files }: Connection): string[] => ['--tls-ca', files?.ca ?? '']
const client = ({ files }: Connection): string[] => [
  ...['--tls-cert', files?.cert ?? ''],
  ...['--tls-key', files?.key ?? ''],
]
const sasl = (mechanism: string): string[] => [
  ...['--sasl-mechanism', mechanism],
  ...(mechanism === 'OAUTHBEARER' ? [] : ['--sasl-username', USER.name]),
]

const inFile = (secretFile: string): string[] => ['--sasl-secret-file', secretFile]

const GOOD: Way[] = [
  { name: 'a client certificate', security: 'ssl', flags: (to) => [...ca(to), ...client(to)] },
  {
    name: 'SCRAM-SHA-512, secret from a file',
    security: 'sasl',
    flags: (to, file) => [...ca(to), ...sasl('SCRAM-SHA-512'), ...inFile(file)],
  },
  {
    name: 'SCRAM-SHA-256, secret from the environment',
    security: 'sasl',
    flags: (to) => [...ca(to), ...sasl('SCRAM-SHA-256')],
    where: { env: { XDR_PULSE_SASL_SECRET: USER.password } },
  },
  {
    name: 'PLAIN',
    security: 'sasl',
    flags: (to, file) => [...ca(to), ...sasl('PLAIN'), ...inFile(file)],
  },
  {
    name: 'OAUTHBEARER, token from a file',
    security: 'sasl',
    flags: (to, file) => [...ca(to), ...sasl('OAUTHBEARER'), ...inFile(file)],
    secret: token(),
  },
]

const BAD: Way[] = [
  {
    name: 'a wrong password',
    security: 'sasl',
    flags: (to, file) => [...ca(to), ...sasl('SCRAM-SHA-512'), ...inFile(file)],
    secret: WRONG,
  },
  { name: 'an unknown authority', security: 'ssl', flags: (to) => ['--tls', ...client(to)] },
  { name: 'no encryption where it is required', security: 'ssl', flags: () => [] },
  // Nothing listens there; the last of two flags counts.
  { name: 'no broker', security: 'ssl', flags: () => ['--kafka', '127.0.0.1:1'] },
]

const fillAndRead = ({ connection }: Cluster): Promise<void> =>
  withDirectory(async (directory) => {
    const sample = await makeSample(directory, PARTITIONS, { rows: 2000, subscribers: 200 })
    for (const [i, { name, security, flags, where, secret = USER.password }] of GOOD.entries()) {
      const to = await connection(security)
      const secretFile = join(directory, `secret-${i}`)
      await writeFile(secretFile, `${secret}\n`)
      const topic = uniqueName('secure')
      const reach = ['--kafka', to.brokers[0], '--topic', topic, ...flags(to, secretFile)]
      const creating = ['--create-topic', '--partitions', `${PARTITIONS}`]
      const sent = await pulse(['produce', sample.path, ...reach, ...creating], where)
      assert.equal(sent.code, 0, `${name}: ${sent.stderr}`)
      const state = join(directory, `state-${i}`)
      const group = ['--group', topic, '--port', '0', '--until-caught-up']
      const read = await pulse(['run', ...reach, '--state', state, ...group], where)
      assert.equal(read.code, 0, `${name}: ${read.stderr}`)
      await assertUnion([state], sample)
      for (const { stdout, stderr } of [sent, read]) {
        assert.ok(!`${stdout}${stderr}`.includes(secret), 'no secret is printed')
      }
    }
  })

const failInTime = ({ connection, createTopic }: Cluster): Promise<void> =>
  withDirectory(async (directory) => {
    await createTopic('secure', { partitions: 1 })
    const tried = BAD.map(async ({ name, security, flags, secret = '' }, i) => {
      const to = await connection(security)
      const secretFile = join(directory, `secret-${i}`)
      await writeFile(secretFile, secret)
      const reach = ['--kafka', to.brokers[0], '--topic', 'secure', ...flags(to, secretFile)]
      const begun = Date.now()
      const state = join(directory, `state-${i}`)
      const { code, stdout, stderr } = await pulse([
        'run',
        ...reach,
        '--state',
        state,
        '--port',
        '0',
      ])
      assert.equal(code, 1, name)
      assert.ok(Date.now() - begun < START_BOUND_MS, `${name}: in time`)
      assert.match(stderr, /Kafka at \S+ cannot be used \(.+\); check that --kafka/, name)
      assert.doesNotMatch(stderr, /\bbug\b|please report/)
      assert.ok(secret === '' || !`${stdout}${stderr}`.includes(secret), 'no secret is printed')
      return stderr
    })
    await Promise.all(tried)
  })

// Both at once: the second one retries for half a minute.
test('connections with TLS and SASL', { ...needsKafka(), concurrency: 2 }, (t) =>
  withCluster({ tls: true, scram: true }, async (cluster) => {
    await Promise.all([
      t.test('send and read a topic', () => fillAndRead(cluster)),
      t.test('that fail end in time, with the reason and without secrets', () =>
        failInTime(cluster),
      ),
    ])
  }),
)
