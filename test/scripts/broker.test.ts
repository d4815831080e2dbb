// The Kafka of the tests is a real one: it answers, keeps its data, knows TLS and SCRAM.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EachMessagePayload, KafkaConfig } from 'kafkajs'
import { quietClient } from '../../scripts/kafka/client.ts'
import { needsKafka, withCluster, type Connection } from '../broker.ts'
import { uniqueName } from '../broker-operations.ts'
import { sharedBroker } from '../shared-broker.ts'

/** kafkajs as a foreign client sees a cluster. */
function clientOf({ brokers, tls, sasl }: Connection): ReturnType<typeof quietClient> {
  const security: Partial<KafkaConfig> = {
    ...(tls === undefined ? {} : { ssl: tls }),
    // A copy: kafkajs keeps in it what it made of the password.
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

test('what the Java producer wrote, kafkajs reads, also after a restart', needsKafka(), () =>
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

test('a broker is reached through TLS, SCRAM and both', needsKafka(), () =>
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

test('of two brokers the second takes over from a leader that was killed', needsKafka(), () =>
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

test('records can be deleted from the shared broker, and topics', needsKafka(), async () => {
  const { bootstrap, createTopic, deleteRecords, deleteTopic, javaTool } = await sharedBroker()
  const topic = uniqueName('shared')
  await createTopic(topic, { partitions: 1 })
  await javaTool('console-producer', ['--topic', topic], 'one\ntwo\nthree\n')
  await deleteRecords(topic, 0, 2)
  assert.deepEqual(await valuesOf({ brokers: bootstrap }, topic, 1), ['three'])
  const said = await javaTool('get-offsets', ['--topic', topic, '--time', 'earliest'])
  assert.equal(said.trim(), `${topic}:0:2`)
  await deleteTopic(topic)
  assert.ok(!(await javaTool('topics', ['--list'])).split('\n').includes(topic))
})
