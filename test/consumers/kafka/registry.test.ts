// A registry that fails: rows are rejected because of an answer, never because of a missing one.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import avro from 'avsc'
import type { IngestProgress } from '../../../consumers/ingest/progress.ts'
import { partitionOf } from '../../../src/record/partitioner.ts'
import { XDR_SCHEMA } from '../../../src/record/xdr-schema.ts'
import { needsKafka } from '../../broker.ts'
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { withRegistryStandIn } from '../../schema-registry.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { withDirectory } from '../../state-directory.ts'
import { consumed, consumeTopic } from './consuming.ts'
import { foreignProducer, type Row } from './messages.ts'
import { cleanRows, topicOf, underId } from './registered-rows.ts'
import { AUTO_UNITS } from '../../../src/record/source-units.ts'

const OWN = avro.Type.forSchema(XDR_SCHEMA as unknown as avro.Schema, { wrapUnions: true })
/** The same record with its fields in reverse order. */
const OTHER_SCHEMA = { ...XDR_SCHEMA, fields: XDR_SCHEMA.fields.toReversed() }
const OTHER = avro.Type.forSchema(OTHER_SCHEMA as unknown as avro.Schema, { wrapUnions: true })

type PartitionNow = NonNullable<IngestProgress['consumer']>['partitions'][number]

describe('a registry that', { ...needsKafka(), concurrency: 2 }, () => {
  let broker: Operations
  let rows: Row[] = []
  before(async () => {
    broker = await sharedBroker()
    rows = await cleanRows()
  })

  test('is down delays rows of unknown schemas only; when it is back, all rows are applied', () =>
    withDirectory((directory) =>
      withRegistryStandIn({}, async (registry) => {
        const known = registry.register('xdr-value', XDR_SCHEMA)
        const unknown = registry.register('xdr-value', OTHER_SCHEMA)
        const own = [0, 1].map((partition) =>
          rows.filter(({ key }) => partitionOf(Number(key), 2) === partition),
        )
        const [zero, one] = [own[0].slice(0, 51), own[1].slice(0, 101)]
        const topic = uniqueName('down')
        await broker.createTopic(topic, { partitions: 2 })
        const producer = await foreignProducer(broker.bootstrap)
        const put = (partition: number, list: readonly Row[]) =>
          producer.send({ topic, messages: list.map((row) => ({ ...row, partition })) })
        for (const partition of [0, 1]) await put(partition, [underId(own[partition][0], known)])
        const state = join(directory, topic)
        // The first rows are two, which are no evidence.
        const units = { ...AUTO_UNITS, durationUnit: 'ms', forceUnits: false } as const
        const changes = { units, registry: { url: registry.url, credentials: null } }
        type Phase = 'known' | 'waiting' | 'back'
        let phase: Phase = 'known'
        let seen: IngestProgress['consumer'] = null
        const { progress } = await consumeTopic(
          broker.bootstrap,
          topic,
          state,
          { ...changes, untilCaughtUp: false },
          ({ consumer }, stop) => {
            const [first, second] = (consumer?.partitions ?? []) as (PartitionNow | undefined)[]
            if (phase === 'known' && first?.appliedOffset === 1 && second?.appliedOffset === 1) {
              phase = 'waiting'
              void registry.become({ kind: 'down' }).then(async () => {
                // In one batch: rows of known schemas are applied, the others wait.
                const mixed = zero
                  .slice(1)
                  .map((row, at) =>
                    at < 20
                      ? underId(row, known)
                      : underId(row, unknown, OTHER.toBuffer(OWN.fromBuffer(row.value))),
                  )
                await put(0, mixed)
                await put(
                  1,
                  one.slice(1).map((row) => underId(row, known)),
                )
              })
            }
            const waits = first?.stopped?.includes(`waits for schema ${unknown}`) === true
            if (
              phase === 'waiting' &&
              waits &&
              second?.appliedOffset === 101 &&
              consumer?.errors['registry']
            ) {
              phase = 'back'
              seen = consumer
              stop()
            }
          },
        )
        await producer.disconnect()
        const [first] = (seen as unknown as NonNullable<IngestProgress['consumer']>).partitions
        assert.equal(first.appliedOffset, 21, 'within the batch')
        assert.equal(first.gap, false)
        assert.deepEqual(progress.counters.rejected['incompatible-schema'], 0)
        // Also down at the start: it comes back with errors first, then slowly, then normally.
        const whole = consumed(broker.bootstrap, topic, state, changes)
        await registry.become({ kind: 'failing' })
        await registry.become({ kind: 'slow', delayMs: 300 })
        const found = await whole
        assert.ok(found.progress.counters.duplicate >= 20, 'reading continues within a batch')
        assert.equal(found.applied, 152)
        assert.deepEqual(found.rejected, {})
        const expected = await topicOf(broker, [...zero, ...one], 2)
        assert.equal(
          found.hash,
          (await consumed(broker.bootstrap, expected, join(directory, 'raw'))).hash,
        )
      }),
    ))

  test('requires a password receives it, from the URL or from the option', () =>
    withDirectory((directory) =>
      withRegistryStandIn({ credentials: 'user:p@ss:word' }, async (registry) => {
        const id = registry.register('xdr-value', XDR_SCHEMA)
        const topic = await topicOf(
          broker,
          rows.slice(0, 10).map((row) => underId(row, id)),
        )
        const separate = { url: registry.url, credentials: 'user:p@ss:word' }
        const found = await consumed(broker.bootstrap, topic, join(directory, 'separate'), {
          registry: separate,
        })
        assert.equal(found.applied, 10)
        const within = registry.url.replace('//', '//user:p%40ss%3Aword@')
        const other = await consumed(broker.bootstrap, topic, join(directory, 'other'), {
          registry: { url: within, credentials: null },
        })
        assert.equal(other.hash, found.hash)
      }),
    ))
})
