// Brokers stop and restart under load, and a consumer loses no row.
import { test } from 'node:test'
import { needsKafka } from '../broker.ts'
import { errorsOf, goesOn, PARTITIONS, underLoad } from './kafka-load.ts'

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`a broker that restarts after ${signal} costs no row`, needsKafka(), () =>
    underLoad({}, async ({ cluster, member }) => {
      const [broker] = cluster.brokers
      const before = errorsOf(member.last())
      await broker.stop(signal)
      await member.when('trouble', (look) => errorsOf(look) > before)
      await broker.start()
      await goesOn(member)
    }),
  )
}

test('rows of all partitions are applied after a broker of two is killed', needsKafka(), () =>
  underLoad({ brokers: 2, replicas: 2 }, async ({ cluster, member }) => {
    // The second broker is killed: replicas on the first one become leaders.
    const second = cluster.brokers[1]
    const before = errorsOf(member.last())
    await second.stop('SIGKILL')
    await member.when('trouble', (look) => errorsOf(look) > before)
    await goesOn(member)
    const applied = new Map(
      member.last().consumer.partitions.map((p) => [p.partition, p.appliedOffset]),
    )
    await member.when(
      'rows of every partition',
      ({ consumer: { partitions } }) =>
        partitions.length === PARTITIONS &&
        partitions.every((p) => p.appliedOffset > (applied.get(p.partition) ?? 0)),
    )
    await second.start()
  }),
)
