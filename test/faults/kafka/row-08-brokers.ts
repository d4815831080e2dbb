// Row 8: brokers stop and start again under load.
import { quietClient } from '../../../scripts/kafka/client.ts'
import type { Random } from '../../../src/random.ts'
import { BY_RACK, type Broker } from '../../broker.ts'
import { errorsOf, goesOn, PARTITIONS, underLoad, type Setting } from '../../e2e/kafka-load.ts'
import { until } from '../../until.ts'
import type { FaultContext, FaultRow } from '../fault-row.ts'

const SIGNALS = ['SIGTERM', 'SIGKILL'] as const
type Signal = (typeof SIGNALS)[number]

/** The order in which both are taken. */
const shuffled = (random: Random): readonly Signal[] =>
  random() < 0.5 ? SIGNALS : SIGNALS.toReversed()

/** Stops a broker, and waits until the consumer has noticed. */
async function stopped({ member }: Setting, broker: Broker, signal: Signal): Promise<void> {
  const before = errorsOf(member.last())
  await broker.stop(signal)
  await member.when('trouble', (look) => errorsOf(look) > before)
}

/** I5 is checked in every report of the consumer, which each wait reads. */
async function checkProgress(context: FaultContext, setting: Setting): Promise<void> {
  await goesOn(setting)
  context.held('I5', 'I6', 'I9')
}

/** The only broker stops and starts, by both signals. */
const restarts = (context: FaultContext, random: Random): Promise<void> =>
  underLoad({}, async (setting) => {
    const [broker] = setting.cluster.brokers
    for (const signal of shuffled(random)) {
      await stopped(setting, broker, signal)
      await broker.start()
      await checkProgress(context, setting)
      context.reached(`the only broker restarts after ${signal}`)
    }
  })

/** One broker of two is killed, then the other one stops: leaders change twice. */
const leaderChanges = (context: FaultContext): Promise<void> =>
  underLoad(
    { brokers: 2, replicas: 2, ...BY_RACK, flags: ['--rack', 'rack-2'] },
    async (setting) => {
      const { cluster, member } = setting
      // All partitions are fetched from the second broker, which is killed: replicas on the first one become leaders.
      const [first, second] = cluster.brokers
      await stopped(setting, second, 'SIGKILL')
      await everyPartition(setting)
      await checkProgress(context, setting)
      context.reached('leaders change because a broker of two is killed')
      await second.start()
      await inSync(cluster.bootstrap)
      const before = errorsOf(member.last())
      await first.stop('SIGTERM')
      await everyPartition(setting)
      await checkProgress(context, setting)
      await first.start()
      if (errorsOf(member.last()) > before) context.reached('the other broker is restarted next')
      await goesOn(setting)
    },
  )

/** Waits until more rows of every partition are applied. */
async function everyPartition({ member }: Setting): Promise<void> {
  const applied = new Map(
    member.last().consumer.partitions.map((p) => [p.partition, p.appliedOffset]),
  )
  await member.when(
    'rows of every partition',
    ({ consumer: { partitions } }) =>
      partitions.length === PARTITIONS &&
      partitions.every((p) => p.appliedOffset > (applied.get(p.partition) ?? 0)),
  )
}

/** Waits until both brokers have all records of all topics, those of Kafka itself too. */
async function inSync(brokers: readonly string[]): Promise<void> {
  const admin = quietClient({ brokers: [...brokers], retry: { retries: 8 } }).admin()
  await admin.connect()
  try {
    await until('replicas in sync', async () => {
      const { topics } = await admin.fetchTopicMetadata()
      return topics.flatMap(({ partitions }) => partitions).every(({ isr }) => isr.length === 2)
    })
  } finally {
    await admin.disconnect()
  }
}

/** Row 8. */
export const brokersRestart: FaultRow = {
  number: 8,
  title: 'brokers restart, leaders change',
  how: 'SIGTERM and SIGKILL to the only broker, and to each of two, while rows are produced and read',
  holds: ['I1', 'I3', 'I5', 'I6', 'I9'],
  needs: ['kafka'],
  reaches: [
    ...SIGNALS.map((signal) => `the only broker restarts after ${signal}`),
    'leaders change because a broker of two is killed',
    'the other broker is restarted next',
  ],
  shortRounds: 2,
  async run(context) {
    for (const { number, random } of context.rounds()) {
      if (number % 2 === 0) await restarts(context, random)
      else await leaderChanges(context)
      // The state is compared with that of a replay at the end of the load.
      context.held('I1', 'I3')
    }
  },
}
