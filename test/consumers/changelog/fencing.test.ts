// The process that claimed a partition last publishes it; an earlier owner publishes nothing any more.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  beginPublishing,
  claimPartition,
  type Published,
  type PublisherContext,
} from '../../../consumers/changelog/claim.ts'
import { publish } from '../../../consumers/changelog/publisher.ts'
import { readCheckpoint } from '../../../consumers/changelog/restore.ts'
import { prepareChangelog } from '../../../consumers/changelog/topics.ts'
import { closeLink, openLink } from '../../../src/kafka/coordinators.ts'
import { createFetcher } from '../../../src/kafka/fetch.ts'
import { seededRandom } from '../../../src/random.ts'
import { commitPartition } from '../../../state/commit.ts'
import { openPartition } from '../../../state/store.ts'
import { openState } from '../../../state/writer.ts'
import { needsKafka } from '../../broker.ts'
import type { Operations } from '../../broker-operations.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { apply, batchOf, OPTIONS, someSubscribers } from '../../state/stores.ts'
import { withDirectory } from '../../state-directory.ts'
import { newLogged } from './changelogs.ts'

const TAKEOVERS = 20
/** After each take-over the earlier owner tries this often. */
const TRIES = 10
const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)

/** What a member publishes with. */
async function member(broker: Operations, prefix: string, name: string): Promise<PublisherContext> {
  const connection = { brokers: broker.bootstrap, clientId: 'test', tls: null, sasl: null }
  const describe = () => prepareChangelog(connection, prefix, 1)
  return {
    ...{ link: openLink(connection), fetcher: createFetcher(connection), describe },
    ...{ topics: await describe(), idPrefix: `${prefix}.`, member: name, options: OPTIONS },
    intervalMs: 1000,
  }
}

/** The number of a checkpoint that was published; null for a refused one. */
async function attempt(context: PublisherContext, published: Published): Promise<number | null> {
  try {
    const report = await publish(context, published, Date.now())
    assert.ok(report !== null, 'there is something to publish')
    return report.number
  } catch (error) {
    assert.ok(published.fenced, String(error))
    return null
  }
}

/**
 * The number of a checkpoint that was confirmed while another member claims the partition; null for any
 * error: brokers answer the end of such a transaction with UNKNOWN_SERVER_ERROR, too (Kafka 4.3.1).
 */
async function race(context: PublisherContext, published: Published): Promise<number | null> {
  const report = await publish(context, published, Date.now()).catch(() => null)
  return report === null ? null : report.number
}

test('an owner whose partition was claimed by another one publishes nothing', needsKafka(), (t) =>
  withDirectory(async (directory) => {
    t.diagnostic(`XDR_PULSE_SEED=${SEED}`)
    const random = seededRandom(SEED)
    const broker = await sharedBroker()
    const { prefix } = await newLogged(broker, 1)
    const names = ['one', 'two']
    const members = await Promise.all(names.map((name) => member(broker, prefix, name)))
    const state = await openState(directory, OPTIONS, 'test')
    const [partition] = state.partitions
    const store = openPartition(directory, 0, 'read')
    const change = (): void => {
      apply(partition, batchOf(someSubscribers(33_600_000_000, 50, 20, random), random))
      commitPartition(partition, 0)
    }
    try {
      let owner = await claimPartition(members[0], 0)
      beginPublishing(owner, store, 'one', -1)
      const outcomes = { before: 0, refused: 0, accepted: 0 }
      for (let turn = 1; turn <= TAKEOVERS; turn++) {
        const [context, next] = [members[(turn + 1) % 2], members[turn % 2]]
        change()
        assert.notEqual(await attempt(context, owner), null, 'the owner publishes')
        change()
        // The claim meets the transaction of the owner anywhere.
        const last = race(context, owner)
        for (let wait = random() * 30; wait > 0; wait--) {
          await new Promise((resolve) => setImmediate(resolve))
        }
        const claimed = await claimPartition(next, 0)
        const number = await last
        if (number === null) outcomes.refused++
        else {
          outcomes.before++
          assert.equal(claimed.newest?.marker.number, number, 'the claim finds what was published')
        }
        const newest = claimed.newest?.marker.number
        for (let again = 0; again < TRIES; again++) {
          change()
          if ((await attempt(context, owner)) !== null) outcomes.accepted++
        }
        const found = await readCheckpoint(next.fetcher, next.topics, 0)
        assert.equal(found?.marker.number, newest)
        beginPublishing(claimed, store, names[turn % 2], found?.marker.commit ?? -1)
        owner = claimed
      }
      t.diagnostic(JSON.stringify(outcomes))
      assert.equal(outcomes.accepted, 0, `of ${TAKEOVERS * TRIES} tries`)
    } finally {
      for (const { link, fetcher } of members) {
        await fetcher.close()
        await closeLink(link)
      }
      await store.environment.close()
      await state.close()
    }
  }),
)
