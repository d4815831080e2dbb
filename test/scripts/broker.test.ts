// The Kafka of the tests is a real one: it keeps its data, and supports TLS and SCRAM.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { EachMessagePayload, KafkaConfig } from 'kafkajs'
import { quietClient } from '../../scripts/kafka/client.ts'
import { freePorts } from '../../scripts/kafka/cluster.ts'
import { needsKafka, withCluster, type Connection } from '../broker.ts'
import { uniqueName } from '../broker-operations.ts'
import { start } from '../e2e/command.ts'
import { sharedBroker } from '../shared-broker.ts'
import { withDirectory } from '../state-directory.ts'
import { until } from '../until.ts'

const SCRIPT = join(import.meta.dirname, '..', '..', 'scripts', 'broker.ts')

/** True when a process listens on a port: the pid of a killed process may exist for a while. */
async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const isOpen = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return isOpen
}

/** A foreign client: kafkajs. */
function clientOf({ brokers, tls, sasl }: Connection): ReturnType<typeof quietClient> {
  const security: Partial<KafkaConfig> = {
    ...(tls === undefined ? {} : { ssl: tls }),
    // A copy, because kafkajs stores the derived password in the object.
    ...(sasl === undefined ? {} : { sasl: { ...sasl } }),
  }
  return quietClient({ brokers, ...security, retry: { retries: 8 } })
}

/** Values of the first `count` records of a topic, as kafkajs reads them. */
async function valuesOf(connection: Connection, topic: string, count: number): Promise<string[]> {
  const consumer = clientOf(connection).consumer({ groupId: uniqueName('group') })
  const found: string[] = []
  await consumer.connect()
  try {
    await consumer.subscribe({ topic, fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      const take = (value: Buffer | null): void => {
        found.push(String(value))
        if (found.length === count) resolve()
      }
      const eachMessage = ({ message }: EachMessagePayload): Promise<void> => {
        take(message.value)
        return Promise.resolve()
      }
      consumer.run({ eachMessage }).catch(reject)
    })
  } finally {
    await consumer.disconnect()
  }
  return found
}

test('kafkajs reads records of the Java producer, also after a restart', needsKafka(), () =>
  withCluster({}, async ({ brokers: [broker], connection, createTopic, javaTool }) => {
    await createTopic('kept', { partitions: 1 })
    await javaTool('console-producer', ['--topic', 'kept'], 'one\ntwo\n')
    const plain = await connection()
    assert.deepEqual(await valuesOf(plain, 'kept', 2), ['one', 'two'])
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await broker.stop(signal)
      await broker.start()
      assert.deepEqual(await valuesOf(plain, 'kept', 2), ['one', 'two'])
    }
  }),
)

test('a broker accepts connections with TLS, and with TLS and SCRAM', needsKafka(), () =>
  withCluster({ tls: true, scram: true }, async ({ connection, createTopic, javaTool }) => {
    await createTopic('secured', { partitions: 1 })
    await javaTool('console-producer', ['--topic', 'secured'], 'one\n')
    const [ssl, sasl] = [await connection('ssl'), await connection('sasl')]
    assert.deepEqual(await valuesOf(ssl, 'secured', 1), ['one'])
    assert.deepEqual(await valuesOf(sasl, 'secured', 1), ['one'])
    const refused: Connection = { ...sasl, sasl: { ...sasl.sasl!, password: 'wrong' } }
    const admin = clientOf(refused).admin()
    await assert.rejects(async () => {
      await admin.connect()
      await admin.listTopics()
    }, /invalid credentials/)
    await admin.disconnect()
  }),
)

test('the second of two brokers takes over from a killed leader', needsKafka(), () =>
  withCluster({ brokers: 2 }, async ({ brokers, connection, createTopic, javaTool }) => {
    await createTopic('replicated', { partitions: 2, replicas: 2 })
    await javaTool('console-producer', ['--topic', 'replicated'], 'one\n')
    await brokers[0].stop('SIGKILL')
    const { brokers: addresses } = await connection()
    const survivor = { brokers: [addresses[1]] }
    assert.deepEqual(await valuesOf(survivor, 'replicated', 1), ['one'])
    await brokers[0].start()
  }),
)

test('records and topics of the shared broker can be deleted', needsKafka(), async () => {
  const { bootstrap, createTopic, deleteRecords, deleteTopic, javaTool } = await sharedBroker()
  const topic = uniqueName('shared')
  await createTopic(topic, { partitions: 1 })
  await javaTool('console-producer', ['--topic', topic], 'one\ntwo\nthree\n')
  await deleteRecords(topic, 0, 2)
  assert.deepEqual(await valuesOf({ brokers: bootstrap }, topic, 1), ['three'])
  const offsets = await javaTool('get-offsets', ['--topic', topic, '--time', 'earliest'])
  assert.equal(offsets.trim(), `${topic}:0:2`)
  await deleteTopic(topic)
  assert.ok(!(await javaTool('topics', ['--list'])).split('\n').includes(topic))
})

describe('npm run broker', { concurrency: false }, () => {
  test('creates the topic, ends on SIGINT, and starts again with its data', needsKafka(), () =>
    withDirectory(async (data) => {
      for (const topic of ['xdr, 3 partitions, created now', 'xdr, 3 partitions']) {
        const [port] = await freePorts(1)
        const argv = [SCRIPT, '--port', String(port), '--data', data, '--partitions', '3']
        const broker = start(process.execPath, argv)
        await broker.prints(/Ctrl-C to stop/)
        broker.process.kill('SIGINT')
        const { code, stdout } = await broker.ended
        assert.equal(code, 0)
        assert.ok(stdout.includes(`Kafka answers on 127.0.0.1:${port}`), stdout)
        assert.ok(stdout.includes(`topic ${topic}\n`), stdout)
        assert.ok(!(await isListening(port)))
      }
    }),
  )

  test('ends Kafka when it is killed', needsKafka(), () =>
    withDirectory(async (data) => {
      const [port] = await freePorts(1)
      const broker = start(process.execPath, [SCRIPT, '--port', String(port), '--data', data])
      await broker.prints(/Kafka answers/)
      assert.ok(await isListening(port))
      broker.process.kill('SIGKILL')
      await broker.ended
      await until('the end of Kafka', async () => !(await isListening(port)))
    }),
  )

  test('names the package to install if Java is missing', async () => {
    const nowhere = { env: { PATH: '/nonexistent', JAVA_HOME: '' } }
    const { code, stderr } = await start(process.execPath, [SCRIPT], nowhere).ended
    assert.equal(code, 1)
    assert.match(
      stderr,
      /^Java is missing: install Java 17 or later \(Debian: apt-get install \S+\)$/m,
    )
  })

  test('refuses a wrong value of an option with the expected ones', async () => {
    const { code, stderr } = await start(process.execPath, [SCRIPT, '--port', '0']).ended
    assert.equal(code, 1)
    assert.equal(stderr, '--port is "0", expected a whole number from 1 to 65535\n')
  })
})
