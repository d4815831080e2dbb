// Every combination of producer, format, codec and partitioner in the table of docs/producers gives
// the state of a replay, or what the table names.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { XDR_SCHEMA } from '../../src/record/xdr-schema.ts'
import { takeSnapshot } from '../../src/snapshot/take.ts'
import { withView } from '../../state/read.ts'
import { uniqueName, type Operations } from '../broker-operations.ts'
import { consumed, type Changes, type Consumed, type Ended } from '../consumers/kafka/consuming.ts'
import { withRegistryStandIn } from '../schema-registry.ts'
import { sharedBroker } from '../shared-broker.ts'
import { OPTIONS as SNAPSHOT_OPTIONS } from '../snapshot/subscribers.ts'
import { combinations, PRODUCERS, type ProducerName } from './combinations.ts'
import { SENDERS, SESSION_SCHEMA, type Sending } from './senders.ts'
import { hashOfReplay, RECORDS, REJECTED, sessions, writeCsv } from './sessions.ts'
import { needs, whyNoCompiler, whyNoKcat, whyNoPython } from './tools.ts'

/** What each producer needs. */
const NEEDED: Readonly<Record<ProducerName, () => string | null>> = {
  'confluent-kafka': whyNoPython,
  'kafka-python': whyNoPython,
  kcat: whyNoKcat,
  kafkajs: () => null,
  Java: whyNoCompiler,
  '`xdr-pulse produce`': () => null,
}
const PARTITIONS = 3
const all = combinations()

test('the table has every producer, and every codec', () => {
  assert.deepEqual(new Set(all.map(({ producer }) => producer)), new Set(PRODUCERS))
  const codecs = new Set(all.flatMap((one) => one.codecs))
  assert.deepEqual([...codecs].sort(), ['gzip', 'lz4', 'none', 'snappy', 'zstd'])
})

describe('the state that is read from', () => {
  let broker: Operations
  let home = ''
  let file = ''
  let expected = ''
  before(async () => {
    broker = await sharedBroker()
    home = await mkdtemp(join(tmpdir(), 'xdr-pulse-combinations-'))
    file = (await writeCsv(home, 1))[0]
    expected = await hashOfReplay()
  })
  after(() => rm(home, { recursive: true }))

  const stateOf = (topic: string): string => join(home, topic)

  /** Reads a topic of which every row with an MSISDN is applied. */
  async function applied({ topic }: Sending, changes: Changes): Promise<Consumed & Ended> {
    const found = await consumed(broker.bootstrap, topic, stateOf(topic), changes)
    assert.deepEqual([found.applied, found.rejected], [RECORDS, REJECTED])
    return found
  }

  async function refusesHistory({ topic }: Sending, refusal: string, changes: Changes) {
    const withHistory = consumed(broker.bootstrap, topic, stateOf(`${topic}-history`), {
      ...changes,
      history: [file],
    })
    await assert.rejects(withHistory, ({ message }: Error) => message.includes(refusal))
  }

  async function splitSubscribers(topic: string): Promise<number> {
    const { snapshot } = await withView(stateOf(topic), (view) =>
      takeSnapshot(view, SNAPSHOT_OPTIONS, () => 0),
    )
    return snapshot.splitSubscribers
  }

  async function check(sending: Sending, changes: Changes): Promise<void> {
    const { topic, result } = sending
    if (result.kind === 'rejected') {
      const found = await consumed(broker.bootstrap, topic, stateOf(topic), changes)
      assert.deepEqual(found.rejected, { 'incompatible-schema': sessions.length })
      const warnings = found.warnings.join('\n')
      assert.ok(warnings.includes(result.detail), warnings)
      return
    }
    const found = await applied(sending, changes)
    const { hash, evidence } = partitionerOf(found)
    const split = await splitSubscribers(topic)
    if (result.kind === 'split') assert.ok(split > 20, `${split} subscribers are split`)
    else assert.deepEqual([split, found.hash], [0, expected])
    assert.equal(hash, result.kind === 'same' ? result.hash : null, evidence)
    if (result.kind === 'same') return
    assert.ok(evidence.includes(result.refusal), evidence)
    await refusesHistory(sending, result.refusal, changes)
  }

  for (const producer of PRODUCERS) {
    test(producer, needs(NEEDED[producer]), (context) =>
      withRegistryStandIn({}, async (registry) => {
        const sendings = all
          .filter((one) => one.producer === producer)
          .map((one) => ({ ...one, topic: uniqueName('combination') }))
        for (const { topic } of sendings) {
          await broker.createTopic(topic, { partitions: PARTITIONS })
        }
        await SENDERS[producer](sendings, { brokers: broker.bootstrap, registry })
        for (const sending of sendings) {
          const { topic, format, partitioner, codecs } = sending
          await context.test(`${format}, ${codecs.join(' ')}, by ${partitioner}`, () =>
            check(sending, {
              schema: producer === '`xdr-pulse produce`' ? XDR_SCHEMA : SESSION_SCHEMA,
              registry: /frame|header/.test(format)
                ? { url: registry.url, credentials: null }
                : null,
            }),
          )
          await broker.deleteTopic(topic)
        }
      }),
    )
  }
})

function partitionerOf({ progress }: Consumed & Ended): { hash: string | null; evidence: string } {
  assert.ok(progress.consumer !== null)
  return progress.consumer.topics[0].partitioner
}
