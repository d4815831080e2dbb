// Rows that confluent-kafka and fastavro write, with a stand-in registry and with Apicurio's.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  startApicurio,
  whyNoApicurio,
  type RunningRegistry,
} from '../../../scripts/kafka/apicurio.ts'
import { freePorts } from '../../../scripts/kafka/cluster.ts'
import { XDR_SCHEMA } from '../../../src/record/xdr-schema.ts'
import { openStateToRead, readRejected } from '../../../state/read.ts'
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { sendWithPython, type PythonSending } from '../../producers/python.ts'
import { needs, whyNoPython } from '../../producers/tools.ts'
import { withRegistryStandIn } from '../../schema-registry.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { withDirectory } from '../../state-directory.ts'
import { consumed, type Changes } from './consuming.ts'
import { foreignProducer } from './messages.ts'

const ROWS = 40

const rows = Array.from({ length: ROWS }, (_, at) => ({
  msisdn_number: 33600000001 + (at % 7),
  bearer_id: String(at),
  start: 1556668800000 + at * 1000,
  end: 1556668860000 + at * 1000,
  dur_ms: 60_000,
  total_dl_bytes: 1000 + at,
  total_ul_bytes: 10 + at,
}))
const LONG_DL = { type: 'record', name: 'n.Extra', fields: [{ name: 'cell', type: 'long' }] }

interface Sending extends Pick<PythonSending, 'format' | 'schema' | 'references'> {
  registry: string
  more?: Record<string, unknown>
}

describe('a foreign producer', needs(whyNoPython), () => {
  let broker: Operations
  before(async () => {
    broker = await sharedBroker()
  })

  const newTopic = async (): Promise<string> => {
    const topic = uniqueName('foreign')
    await broker.createTopic(topic, { partitions: 1 })
    return topic
  }

  async function hashOf({ registry, more = {}, ...how }: Sending): Promise<string> {
    return withDirectory(async (directory) => {
      const topic = await newTopic()
      const client = {
        client: 'confluent-kafka',
        partitioner: 'default',
        codecs: ['none'],
      } as const
      await sendWithPython({
        ...{ brokers: broker.bootstrap, registry, sendings: [{ ...how, ...client, topic }] },
        rows: rows.map((row) => ({ ...row, ...more })),
      })
      const changes: Changes =
        how.format === 'Avro' ? {} : { registry: { url: registry, credentials: null } }
      const found = await consumed(broker.bootstrap, topic, join(directory, 'state'), changes)
      assert.deepEqual([found.applied, found.rejected], [ROWS, {}], how.format)
      return found.hash
    })
  }

  test('gives the same state by frame, by GUID in a header, in JSON Schema, and raw', () =>
    withRegistryStandIn({}, async ({ url: registry, requests }) => {
      const schema = XDR_SCHEMA
      const first = await hashOf({ registry, format: 'Avro frame', schema })
      assert.equal(await hashOf({ registry, format: 'Avro header', schema }), first)
      assert.ok([...requests().keys()].some((path) => path.startsWith('GET /schemas/guids/')))
      const jsonSchema = { title: 'Xdr', type: 'object' }
      assert.equal(
        await hashOf({ registry, format: 'JSON Schema frame', schema: jsonSchema }),
        first,
      )
      assert.equal(await hashOf({ registry, format: 'Avro', schema }), first)
    }))

  describe('with Apicurio Registry', { skip: whyNoApicurio() ?? false }, () => {
    let running: RunningRegistry
    before(async () => {
      const [port] = await freePorts(1)
      running = await startApicurio(port)
    })
    after(() => running.stop())

    const register = async (subject: string, posted: Record<string, unknown>): Promise<number> => {
      const response = await fetch(`${running.url}/subjects/${subject}/versions`, {
        method: 'POST',
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        body: JSON.stringify(posted),
        signal: AbortSignal.timeout(60_000),
      })
      const body = (await response.json()) as { id: number }
      assert.equal(response.status, 200, JSON.stringify(body))
      return body.id
    }

    test('gives the same state by frame, with types of another subject, and in JSON Schema', async () => {
      const { url: registry } = running
      const first = await hashOf({ registry, format: 'Avro frame', schema: XDR_SCHEMA })
      await register('extra', { schema: JSON.stringify(LONG_DL) })
      const extended = {
        ...XDR_SCHEMA,
        fields: [{ name: 'extra', type: 'n.Extra' }, ...XDR_SCHEMA.fields],
      }
      const references = [['n.Extra', 'extra', 1]] as const
      const more = { extra: { cell: 5 } }
      assert.equal(
        await hashOf({ registry, format: 'Avro frame', schema: extended, references, more }),
        first,
      )
      const jsonSchema = {
        $schema: 'http://json-schema.org/draft-07/schema#',
        ...{ title: 'Xdr', type: 'object' },
      }
      assert.equal(
        await hashOf({ registry, format: 'JSON Schema frame', schema: jsonSchema }),
        first,
      )
    })

    test('of Protobuf, or of a schema without a column, is rejected with id, type and subject', () =>
      withDirectory(async (directory) => {
        const schema = 'syntax = "proto3"; message Xdr { int64 a = 1; }'
        const proto = await register('proto-value', { schema, schemaType: 'PROTOBUF' })
        const fields = XDR_SCHEMA.fields.filter(({ name }) => name !== 'dur_ms')
        const lacking = await register('lacking-value', {
          schema: JSON.stringify({ ...XDR_SCHEMA, fields }),
        })
        const topic = await newTopic()
        const producer = await foreignProducer(broker.bootstrap)
        const framed = (id: number): { value: Buffer } => ({
          value: Buffer.from([0, 0, 0, 0, id, 0]),
        })
        const messages = [framed(proto), framed(lacking), framed(proto), framed(250)]
        await producer.send({ topic, messages })
        await producer.disconnect()
        const state = join(directory, 'state')
        const registry = { url: running.url, credentials: null }
        const { warnings } = await consumed(broker.bootstrap, topic, state, { registry })
        const reading = openStateToRead(state)
        const kept = readRejected(reading, 10)
        await reading.close()
        const details = kept.map(({ reason, detail = '' }) => `${reason}: ${detail}`)
        const protobuf =
          `incompatible-schema: schema ${proto} (Protobuf, of subject "proto-value"): ` +
          'Protobuf is not supported; send Avro or JSON'
        assert.deepEqual([details[0], details[2]], [protobuf, protobuf])
        const lacks = `schema ${lacking} (Avro, of subject "lacking-value"): the column "Dur. (ms)"`
        assert.ok(details[1].startsWith(`incompatible-schema: ${lacks} is missing (nearest`))
        assert.equal(details[3], 'incompatible-schema: schema 250: the registry does not have it')
        const reported = warnings.filter((sentence) => sentence.includes('are rejected as'))
        assert.equal(reported.length, 3, 'one warning for each schema')
      }))
  })
})
