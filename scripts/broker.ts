// A Kafka broker on this machine without containers: npm run broker -- [--port 9092] [--data DIR]
import { existsSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf } from '../src/errors.ts'
import { fetchApicurio } from './kafka/apicurio.ts'
import { makeTopic, quietClient } from './kafka/client.ts'
import { archiveClasses, freePorts, startCluster, type RunningCluster } from './kafka/cluster.ts'
import { KAFKA_HOME } from './kafka/jars.ts'

const HELP = `Usage: npm run broker -- [options]

Runs Apache Kafka on 127.0.0.1, from jars that Maven fetches once. Needs Java 17 and Maven.

  --port PORT        port to listen on (default 9092)
  --data DIR         data directory, kept between starts (default .kafka/data)
  --topic NAME       topic to create if it does not exist (default xdr)
  --partitions N     number of partitions of that topic (default 4)
  --fetch            fetch the jars and prepare faster starts for tests, then exit
  --fetch-registry   fetch Apicurio Registry for tests (160 MB, needs Java 21), then exit
`
const HEAP_MIB = 512

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '9092' },
    data: { type: 'string', default: join(KAFKA_HOME, 'data') },
    topic: { type: 'string', default: 'xdr' },
    partitions: { type: 'string', default: '4' },
    fetch: { type: 'boolean', default: false },
    'fetch-registry': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

try {
  if (values.help) process.stdout.write(HELP)
  else if (values['fetch-registry']) fetchApicurio()
  else if (values.fetch) await archiveClasses()
  else await runBroker()
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}

function wholeNumber(name: 'port' | 'partitions', most: number): number {
  const number = Number(values[name])
  if (Number.isInteger(number) && number >= 1 && number <= most) return number
  throw new Error(`--${name} is "${values[name]}", expected a whole number from 1 to ${most}`)
}

async function runBroker(): Promise<void> {
  const port = wholeNumber('port', 65_535)
  const partitions = wholeNumber('partitions', 1024)
  const directory = resolve(values.data)
  if (!existsSync(directory)) process.stderr.write('Preparing Kafka …\n')
  const [controllerPort] = await freePorts(1)
  const cluster = await startCluster({
    directory,
    brokers: 1,
    listeners: () => [{ name: 'PLAINTEXT', protocol: 'PLAINTEXT', port, advertisedPort: port }],
    controllerPort,
    heapMiB: HEAP_MIB,
    quick: false,
  })
  endOnSignals(cluster)
  const topic = await ensureTopic(cluster.bootstrap, values.topic, partitions)
  const [{ node }] = cluster.brokers
  process.stdout.write(
    `Kafka answers on ${cluster.bootstrap.join(',')} (pid ${node.pid()})\n` +
      `  topic ${topic}\n` +
      `  data  ${relative('.', directory)} (delete it to start empty)\n` +
      'Press Ctrl-C to stop.\n',
  )
  // The Java process does not keep this process alive; the timer does, and notices when Java ends.
  const watch = setInterval(() => {
    const failure = node.failure()
    if (failure === null && node.pid() !== null) return
    clearInterval(watch)
    if (failure === null) return
    process.stderr.write(`${failure.message}\n`)
    process.exitCode = 1
  }, 500)
}

/** The first signal lets Kafka close its logs; the second one kills it. */
function endOnSignals(cluster: RunningCluster): void {
  let signals = 0
  const end = (): void => {
    signals += 1
    if (signals > 1) process.exit(130)
    process.stderr.write('Stopping Kafka; press Ctrl-C again to kill it.\n')
    void cluster.stop('SIGTERM')
  }
  process.on('SIGINT', end).on('SIGTERM', end)
}

/** Creates the topic unless it exists; returns its name and number of partitions as text. */
async function ensureTopic(brokers: string[], topic: string, wanted: number): Promise<string> {
  const admin = quietClient({ brokers }).admin()
  await admin.connect()
  try {
    const known = await admin.listTopics()
    if (!known.includes(topic)) {
      await makeTopic(admin, { topic, numPartitions: wanted })
      return `${topic}, ${wanted} partitions, created now`
    }
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    const found = topics[0].partitions.length
    const note = found === wanted ? '' : ` (not ${wanted}: it was created with ${found})`
    return `${topic}, ${found} partitions${note}`
  } finally {
    await admin.disconnect()
  }
}
