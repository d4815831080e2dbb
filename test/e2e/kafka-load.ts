// A consumer under load, for tests of faults.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { messageOf } from '../../src/errors.ts'
import { withCluster, type Cluster, type ClusterOptions } from '../broker.ts'
import { uniqueName } from '../broker-operations.ts'
import { withDirectory } from '../state-directory.ts'
import type { TcpProxy } from '../tcp-proxy.ts'
import type { Running } from './command.ts'
import { assertUnion, filled, makeSample, startFilling } from './kafka-durable.ts'
import type { Sample } from './kafka-durable.ts'
import { allRead, withMembers, type Look, type Member } from './kafka-member.ts'

/** Partitions of the topic. */
export const PARTITIONS = 4
/** More than a fault lasts, at this rate; after the work the rest is sent at once. */
const ROWS = 80_000
const RATE = 500

/** The cluster, consumer and load of a test. */
export interface Setting {
  cluster: Cluster
  topic: string
  member: Member
  filling: Running
  sample: Sample
}

/** The cluster and the topic of a test, and further flags of its consumer. */
type Load = ClusterOptions & { replicas?: number; proxy?: TcpProxy; flags?: string[] }

/** Runs `work` with one consumer under load; asserts that its state is finally that of a replay. */
export const underLoad = (
  { replicas = 1, proxy, flags = [], ...options }: Load,
  work: (setting: Setting) => Promise<void>,
): Promise<void> =>
  withCluster({ ...options, ...(proxy && { advertised: [proxy.port] }) }, async (cluster) => {
    proxy?.pointTo(cluster.brokers[0].proxyPort)
    await withDirectory((directory) =>
      withMembers(async (start) => {
        const sample = await makeSample(directory, PARTITIONS, { rows: ROWS, subscribers: 2000 })
        const topic = uniqueName('faults')
        await cluster.createTopic(topic, { partitions: PARTITIONS, replicas })
        const { brokers } = await cluster.connection(proxy ? 'proxy' : 'plain')
        const state = join(directory, 'state')
        const more = ['--session-timeout', '6s', ...flags]
        const member = start({ brokers, topic, group: uniqueName('group'), state, more })
        // The rows last for seconds: a consumer that is slow to start would miss most of them.
        await member.when('partitions', ({ consumer }) => consumer.partitions.length === PARTITIONS)
        const fill = (rate: number | 'max'): Running =>
          startFilling(cluster.bootstrap, topic, sample, PARTITIONS, rate)
        const filling = fill(RATE)
        const { counters } = await member.when('rows', (look) => look.counters.commits > 1)
        assert.ok(counters.rows < ROWS / 2, 'most rows are still to be read')
        await work({ cluster, topic, member, filling, sample }).catch(
          explained([filling, member.running]),
        )
        filling.process.kill('SIGTERM')
        await filling.ended
        await filled(fill('max'))
        await allRead([member], sample.rows)
        await assertUnion([member.state], sample)
      }),
    )
  })

/** The last lines of an output without those of a progress bar. */
const lastLines = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => !/^produce \d+%/.test(line))
    .slice(-8)

/** Ends commands, and adds their last lines to an error. */
const explained =
  (commands: readonly Running[]) =>
  async (error: unknown): Promise<never> => {
    const lines: string[] = []
    for (const command of commands) {
      const ended = command.process.exitCode
      command.kill()
      const { stderr } = await command.ended
      lines.push(`exit code ${ended}:`, ...lastLines(stderr))
    }
    throw new Error(`${messageOf(error)}\n${lines.join('\n')}`, {
      cause: error,
    })
  }

/** The number of errors of any kind that a consumer has reported. */
export const errorsOf = ({ consumer: { errors } }: Look): number =>
  Object.values(errors).reduce((sum, count) => sum + count, 0)

/** Waits until more rows are applied than now. */
export async function goesOn({ member }: Setting): Promise<void> {
  const { applied } = member.last().counters
  await member.when('more rows', ({ counters }) => counters.applied > applied)
}
