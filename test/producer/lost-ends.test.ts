// Brokers that lose the end of a transaction that they have confirmed: of all that it holds, of its rows
// only, of its progress only. Kafka 4.3.1 does the first when its only broker stops by SIGTERM: the
// coordinator keeps "complete" while no marker is written. Here the requests of the producer do it.
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { PulseError } from '../../src/errors.ts'
import { endTxnV3, offsetCommitV8, txnOffsetCommitV3 } from '../../src/kafka/client.ts'
import { ask, closeLink, openLink } from '../../src/kafka/coordinators.ts'
import type { ProduceProgress } from '../../src/producer/send.ts'
import { produceFiles } from '../../src/producer/run.ts'
import { AUTO_UNITS } from '../../src/record/source-units.ts'
import { needsKafka } from '../broker.ts'
import { uniqueName, type Operations } from '../broker-operations.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import { placesInTime, readTopic } from '../e2e/produced.ts'
import { sharedBroker } from '../shared-broker.ts'
import { withDirectory } from '../state-directory.ts'

const ROWS = 6000
const PARTITIONS = 2
/** The transaction whose end is lost. */
const LOST = 3
const KINDS = ['everything', 'rows', 'progress'] as const

type Kind = (typeof KINDS)[number]
type Requests = Parameters<typeof txnOffsetCommitV3.api.async>

describe('the lost end of a transaction that was confirmed', needsKafka(), () => {
  let broker: Operations
  before(async () => {
    broker = await sharedBroker()
  })

  async function send(
    path: string,
    topic: string,
    troubles: string[] = [],
  ): Promise<ProduceProgress> {
    const connection = { brokers: broker.bootstrap, clientId: 'test', tls: null, sasl: null }
    const options = {
      ...{ files: [path], topic, partitions: null, create: false, format: 'avro' as const },
      ...{ connection, registry: null, fromRow: null, shiftTo: null, timeZone: 'UTC' },
      ...{ compression: 'none' as const, units: AUTO_UNITS, speed: { rowsPerSecond: 5000 } },
    }
    const onTrouble = (text: string) => void troubles.push(text)
    const listener = { onProgress: () => undefined, onNote: () => undefined, onTrouble }
    return await produceFiles(options, listener).ended
  }

  /** Commits an offset without a transaction. */
  async function commitPlainly([, , group, , , , , , topics]: Requests): Promise<void> {
    const link = openLink({ brokers: broker.bootstrap, clientId: 'test', tls: null, sasl: null })
    try {
      await ask(link, 'group', group, 5000, (connection) =>
        offsetCommitV8.api.async(connection, group, -1, '', null, topics),
      )
    } finally {
      await closeLink(link)
    }
  }

  /**
   * Loses an end while `work` runs. Then the transaction after it fails: by one lost request, or by
   * the end of the run.
   */
  async function losing(
    kind: Kind,
    failure: Error | null,
    work: () => Promise<unknown>,
  ): Promise<void> {
    const { async: end } = endTxnV3.api
    const { async: commit } = txnOffsetCommitV3.api
    let ends = 0
    let progress: Requests | null = null
    txnOffsetCommitV3.api.async = async (...given: Requests) => {
      progress = given
      const isLost = kind === 'progress' && ends === LOST - 1
      if (!isLost) return await commit(...given)
      return { throttleTimeMs: 0, topics: [] }
    }
    endTxnV3.api.async = async (...given: Parameters<typeof end>) => {
      ends++
      if (ends === LOST && kind !== 'progress') {
        const answer = await end(given[0], given[1], given[2], given[3], false)
        if (kind === 'rows' && progress !== null) await commitPlainly(progress)
        return answer
      }
      if (ends === LOST + 1) throw failure ?? new Error('the connection is lost')
      return await end(...given)
    }
    try {
      await work()
    } finally {
      endTxnV3.api.async = end
      txnOffsetCommitV3.api.async = commit
    }
    assert.ok(ends > LOST, 'the end was lost')
  }

  async function assertOnce(path: string, topic: string): Promise<void> {
    const places = await placesInTime(path)
    const last = new Map<number, number>()
    const found = await readTopic(broker.bootstrap, topic)
    for (const { row, partition } of found) {
      assert.ok(places[row] > (last.get(partition) ?? -1), 'rows of a partition are in order')
      last.set(partition, places[row])
    }
    assert.deepEqual([new Set(found.map(({ row }) => row)).size, found.length], [ROWS, ROWS])
  }

  async function withTopic(work: (path: string, topic: string) => Promise<void>): Promise<void> {
    await withDirectory(async (directory) => {
      const path = await sampleIn(directory, { rows: ROWS, dirt: 0 })
      const topic = uniqueName('lost')
      await broker.createTopic(topic, { partitions: PARTITIONS })
      await work(path, topic)
    })
  }

  for (const kind of KINDS) {
    test(`of ${kind}: the run finds it, reports it and sends each row once`, () =>
      withTopic(async (path, topic) => {
        const troubles: string[] = []
        let progress: ProduceProgress | undefined
        await losing(kind, null, async () => (progress = await send(path, topic, troubles)))
        await assertOnce(path, topic)
        const { sent, alreadySent, perPartition, done } = progress as unknown as ProduceProgress
        assert.deepEqual([sent, alreadySent, done], [ROWS, 0, true])
        assert.equal(
          perPartition.reduce((sum, count) => sum + count, 0),
          ROWS,
        )
        assert.match(troubles.at(-1) ?? '', /^sending resumed after/)
        const expected = {
          everything: /the brokers show \d+ of its rows as sent, and have confirmed \d+; reading/,
          progress: /the brokers show \d+ of its rows as sent, and have confirmed \d+; reading/,
          rows: /partition \d shows 0 of the \d+ records from offset \d+ on .* confirmed; reading/,
        }[kind]
        assert.ok(
          troubles.some((text) => expected.test(text)),
          troubles.join('\n'),
        )
      }))

    test(`of ${kind}: a run after the end of the first one sends each row once`, () =>
      withTopic(async (path, topic) => {
        const killed = new PulseError('kafka', 'killed')
        await losing(kind, killed, () => assert.rejects(send(path, topic), killed))
        const { sent, alreadySent, recordsRead } = await send(path, topic)
        await assertOnce(path, topic)
        assert.equal(sent + alreadySent, ROWS)
        assert.ok(recordsRead > 0, 'the latest records are read')
        // All that was sent is settled now.
        assert.deepEqual((await send(path, topic)).recordsRead, 0)
      }))
  }
})
