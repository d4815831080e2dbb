// Partitions are fetched from the replica in the rack of the consumer, and from their leader again.
import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { createLogPartition } from '../../../consumers/kafka/log/partition.ts'
import { avoid, follow, nodeOf, readsLeader } from '../../../consumers/kafka/log/replica.ts'
import type { FetchedPartition } from '../../../src/kafka/fetch.ts'
import type { TopicView } from '../../../src/kafka/topic.ts'
import { createPosition } from '../../../state/partition-metadata.ts'
import type { Partition } from '../../../state/partition.ts'
import { BY_RACK, needsKafka, withCluster } from '../../broker.ts'
import { uniqueName } from '../../broker-operations.ts'
import { withDirectory } from '../../state-directory.ts'
import { withTcpProxy } from '../../tcp-proxy.ts'
import { sampleIn } from '../files/samples.ts'
import { consumed } from './consuming.ts'
import { rowsOf, sendRows } from './messages.ts'

const FOLLOW_MS = 300_000
const AVOID_MS = 10_000
const [LEADER, REPLICA] = [1, 2]
const broker = { host: '127.0.0.1', port: 1 }
const view: TopicView = {
  ...{ id: 'id', partitions: 1, leaders: [LEADER] },
  brokers: new Map([
    [LEADER, broker],
    [REPLICA, broker],
  ]),
}

const fetched = (changes: Partial<FetchedPartition>): FetchedPartition => ({
  ...{ partition: 0, errorCode: 0, endOffset: 100, stableOffset: 100, logStartOffset: 0 },
  ...{ divergingOffset: -1, aborted: [], preferredReplica: -1, records: Buffer.alloc(0) },
  ...changes,
})

function logThatFollows(now: number) {
  const source = { name: 'xdr', kind: 'topic', rows: 0, order: 'offset' } as const
  const position = createPosition({ ...source, durationUnit: 'ms', evidence: '' }, 0)
  // Choosing a broker touches no state.
  const log = createLogPartition('xdr', 0, null as unknown as Partition, 'source', position)
  assert.equal(nodeOf(view, log, now), LEADER)
  const answer = fetched({ preferredReplica: REPLICA })
  assert.equal(follow(view, log, LEADER, answer, now), answer, 'the ends of the leader are read')
  assert.equal(nodeOf(view, log, now), REPLICA)
  return log
}

test('a replica that the leader names is fetched from for five minutes, while it exists', () => {
  const now = performance.now()
  const log = logThatFollows(now)
  assert.equal(nodeOf(view, log, now + FOLLOW_MS - 1), REPLICA)
  assert.equal(nodeOf(view, log, now + FOLLOW_MS), LEADER)
  const without = { ...view, brokers: new Map([[LEADER, broker]]) }
  assert.equal(nodeOf(without, log, now), LEADER)
})

for (const [what, answer] of [
  ['out of range', { errorCode: 1 }],
  ['not available', { errorCode: 78 }],
  ['truncated', { divergingOffset: 5 }],
] as const) {
  test(`a replica whose answer is "${what}" decides nothing: the leader is asked`, () => {
    const now = performance.now()
    const log = logThatFollows(now)
    assert.equal(follow(view, log, REPLICA, fetched(answer), now), null)
    assert.equal(nodeOf(view, log, now), LEADER)
    assert.ok(readsLeader(log, now), 'the leader must not name it again')
    assert.ok(!readsLeader(log, now + AVOID_MS), 'later it may')
  })
}

test('the end that the leader reported counts, although its replica is behind', () => {
  const now = performance.now()
  const log = logThatFollows(now)
  log.stableOffset = log.endOffset = 120
  const read = follow(view, log, REPLICA, fetched({}), now)
  assert.equal(read?.stableOffset, 120)
  assert.equal(read.endOffset, 120)
})

test('the failure of another broker does not end following', () => {
  const now = performance.now()
  const log = logThatFollows(now)
  avoid(log, LEADER, now)
  assert.equal(nodeOf(view, log, now), REPLICA)
  avoid(log, REPLICA, now)
  assert.equal(nodeOf(view, log, now), LEADER)
})

test('with --rack all rows come from the broker of that rack', needsKafka(), () =>
  withTcpProxy((first) =>
    withTcpProxy((second) =>
      withCluster(
        { brokers: 2, advertised: [first.port, second.port], ...BY_RACK },
        async (cluster) => {
          const proxies = [first, second]
          proxies.forEach((proxy, at) => proxy.pointTo(cluster.brokers[at].proxyPort))
          const topic = uniqueName('rack')
          // Each broker leads a partition, and has a replica of the other.
          await cluster.createTopic(topic, { partitions: 2, replicas: 2 })
          await withDirectory(async (directory) => {
            const file = await sampleIn(directory, { rows: 4000, subscribers: 500, dirt: 0 })
            const rows = await rowsOf(file, 'avro')
            const packing = { partitions: 2, batches: [200], codec: 'none' } as const
            await sendRows(cluster.bootstrap, topic, rows, packing)
            const { brokers } = await cluster.connection('proxy')
            const fetching = { rack: 'rack-2', maxBytes: 2 ** 20, maxPartitionBytes: 2 ** 18 }
            const state = `${directory}/state`
            const changes = { fetching: { ...fetching, maxWaitMs: 100 } }
            const { applied } = await consumed(brokers, topic, state, changes)
            assert.equal(applied, rows.length)
            const bytes = rows.reduce((sum, { value }) => sum + value.length, 0)
            const [far, near] = proxies.map((proxy) => proxy.counts().received)
            assert.ok(near > bytes, `${near} of ${bytes} bytes come from the rack`)
            assert.ok(far < bytes / 10, `${far} of ${bytes} bytes come from elsewhere`)
          })
        },
      ),
    ),
  ),
)
