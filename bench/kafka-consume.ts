// Consumes a topic to its end, without server and snapshots: node kafka-consume.ts BROKERS TOPIC STATE [THREADS [CHANGELOG]]
import { AUTO_UNITS } from '../src/record/source-units.ts'
import { runTopicConsumer } from '../consumers/kafka/consumer.ts'
import { XDR_SCHEMA } from '../src/record/xdr-schema.ts'

const [brokers, topic, stateDirectory, threads = '1', prefix = ''] = process.argv.slice(2)
const { counters, consumer, restoreSeconds } = await runTopicConsumer(
  {
    connection: { brokers: brokers.split(','), clientId: 'test', tls: null, sasl: null },
    ...{ topics: [topic], stateDirectory, groupId: `${topic}-alone`, instanceId: 'bench' },
    threads: Number(threads),
    changelog: prefix === '' ? null : { prefix, intervalMs: 10_000 },
    units: AUTO_UNITS,
    state: { timeZone: 'UTC', missingMsisdn: 'reject' },
    ...{ format: 'auto', registry: null, schema: XDR_SCHEMA },
    ...{ deadLetterTopic: null, deadLetterHeaders: 'own' },
    fetching: { rack: '', maxBytes: 2 ** 24, maxPartitionBytes: 2 ** 22, maxWaitMs: 100 },
    ...{ from: 'earliest', onGap: 'stop', rejectedLimit: 1, sessionTimeoutMs: 30_000 },
    ...{ untilCaughtUp: true, history: [], cutover: 'auto', partitioner: 'auto' },
    ...{ commitIntervalMs: 1000, keepRejected: 100_000 },
  },
  () => undefined,
)
const changelog = consumer?.changelog ?? null
const shown = changelog === null ? null : { ...changelog, restoreSeconds }
process.stdout.write(JSON.stringify({ ...counters, changelog: shown }))
process.exit()
