// A consumer under load, for tests of faults.
import { join } from 'node:path'
import { withCluster, type Cluster, type ClusterOptions } from '../broker.ts'
import { uniqueName } from '../broker-operations.ts'
import { withDirectory } from '../state-directory.ts'
import type { TcpProxy } from '../tcp-proxy.ts'
import type { Running } from './command.ts'
import { assertUnion, filled, makeSample, startFilling, topicBegun } from './kafka-durable.ts'
import type { Sample } from './kafka-durable.ts'
import { allRead, withMembers, type Look, type Member } from './kafka-member.ts'

/** Partitions of the topic. */
export const PARTITIONS = 4
const ROWS = 24_000
const RATE = 2000

/** The cluster, consumer and load of a test. */
export interface Setting {
  cluster: Cluster
  topic: string
  member: Member
  filling: Running
  sample: Sample
}

/** Runs `work` with one consumer under load; asserts that its state is finally that of a replay. */
export const underLoad = (
  { replicas = 1, proxy, ...options }: ClusterOptions & { replicas?: number; proxy?: TcpProxy },
  work: (setting: Setting) => Promise<void>,
): Promise<void> =>
  withCluster({ ...options, ...(proxy && { advertised: [proxy.port] }) }, async (cluster) => {
    proxy?.pointTo(cluster.brokers[0].proxyPort)
    await withDirectory((directory) =>
      withMembers(async (start) => {
        const sample = await makeSample(directory, PARTITIONS, { rows: ROWS, subscribers: 2000 })
        const topic = uniqueName('faults')
        await cluster.createTopic(topic, { partitions: PARTITIONS, replicas })
        const filling = startFilling(cluster.bootstrap, topic, sample, PARTITIONS, RATE)
        await topicBegun({ brokers: cluster.bootstrap, topic })
        const { brokers } = await cluster.connection(proxy ? 'proxy' : 'plain')
        const state = join(directory, 'state')
        const more = ['--session-timeout', '6s']
        const member = start({ brokers, topic, group: uniqueName('group'), state, more })
        await member.when('rows', ({ counters }) => counters.commits > 1)
        await work({ cluster, topic, member, filling, sample })
        await filled(filling)
        await allRead([member], sample.rows)
        await assertUnion([member.state], sample)
      }),
    )
  })

/** The number of errors of any kind that a consumer has reported. */
export const errorsOf = ({ consumer: { errors } }: Look): number =>
  Object.values(errors).reduce((sum, count) => sum + count, 0)

/** Waits until further rows are applied. */
export async function goesOn(member: Member): Promise<void> {
  const { applied } = member.last().counters
  await member.when('more rows', ({ counters }) => counters.applied > applied)
}
