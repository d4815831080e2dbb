// Row 13: schemas change, and their registry fails or answers nonsense.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import avro from 'avsc'
import type { Random } from '../../../src/random.ts'
import { XDR_SCHEMA } from '../../../src/record/xdr-schema.ts'
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { consumed, readConsumed } from '../../consumers/kafka/consuming.ts'
import type { Row } from '../../consumers/kafka/messages.ts'
import { cleanRows, topicOf, underId } from '../../consumers/kafka/registered-rows.ts'
import { appliedOf, withMembers, type Member } from '../../e2e/kafka-member.ts'
import { sendMessages } from '../../e2e/kafka-messages.ts'
import {
  withRegistryStandIn,
  type RegistryMode,
  type RegistryStandIn,
} from '../../schema-registry.ts'
import { sharedBroker } from '../../shared-broker.ts'
import type { FaultContext, FaultRow } from '../fault-row.ts'

const OWN = avro.Type.forSchema(XDR_SCHEMA as unknown as avro.Schema, { wrapUnions: true })
const FIRST_ROWS = 60

/** The fields of the schema in a random order, as a changed schema has them. */
function shuffledSchema(random: Random) {
  const fields = XDR_SCHEMA.fields
    .map((field) => ({ field, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ field }) => field)
  return { ...XDR_SCHEMA, fields }
}

/** Answers of another program at the registry's address: none has the form of a registry's. */
const FOREIGN: readonly Extract<RegistryMode, { kind: 'foreign' }>[] = [
  { kind: 'foreign', status: 200, body: '<html><body>log in</body></html>' },
  { kind: 'foreign', status: 200, body: 'null' },
  { kind: 'foreign', status: 502, body: '<html>bad gateway</html>' },
  { kind: 'foreign', status: 404, body: '<html>not here</html>' },
]

const TROUBLES = {
  'the registry is down': () => ({ kind: 'down' }),
  'the registry fails': () => ({ kind: 'failing' }),
  'another program answers': (random) => FOREIGN[Math.floor(random() * FOREIGN.length)],
} satisfies Record<string, (random: Random) => RegistryMode>

const waitsFor = (member: Member, id: number): Promise<unknown> =>
  member.when(
    `the wait for schema ${id}`,
    ({ consumer }) => consumer.partitions[0]?.stopped?.includes(`waits for schema ${id}`) === true,
  )

/** The topic and registry of a round. */
interface Scene {
  broker: Operations
  registry: RegistryStandIn
  topic: string
  member: Member
  /** Messages that were sent. */
  sent: number
}

/** Rows under a schema that the consumer asks for while the registry is in trouble: none is lost. */
async function changeSchema(
  context: FaultContext,
  scene: Scene,
  rows: readonly Row[],
  random: Random,
) {
  const { registry, member, broker, topic } = scene
  for (const [name, modeOf] of Object.entries(TROUBLES)) {
    const schema = shuffledSchema(random)
    const type = avro.Type.forSchema(schema as unknown as avro.Schema, { wrapUnions: true })
    const id = registry.register('xdr-value', schema)
    await registry.become(modeOf(random))
    const messages = rows.map((row) => underId(row, id, type.toBuffer(OWN.fromBuffer(row.value))))
    await send(broker, topic, messages)
    await waitsFor(member, id)
    assert.equal(appliedOf(member.last(), 0), scene.sent, 'no row is passed')
    await registry.become({ kind: 'up' })
    scene.sent += rows.length
    await member.when('the rows', (look) => appliedOf(look, 0) === scene.sent)
    context.reached(name)
    context.held('I5', 'I9')
  }
}

const send = ({ bootstrap }: Operations, topic: string, rows: readonly Row[]): Promise<void> =>
  sendMessages(
    bootstrap,
    topic,
    rows.map(({ key, value }) => ({ key: Buffer.from(key ?? ''), value })),
  )

async function schemasChange(context: FaultContext, rows: readonly Row[], random: Random) {
  const broker = await sharedBroker()
  const [topic, group] = ['schemas', 'group'].map(uniqueName)
  await broker.createTopic(topic, { partitions: 1 })
  const state = join(context.directory, topic)
  await withRegistryStandIn({}, (registry) =>
    withMembers(async (start) => {
      const more = ['--registry', registry.url, '--duration-unit', 'ms', '--rejected-limit', '1']
      const member = start({ brokers: broker.bootstrap, topic, group, state, more })
      const id = registry.register('xdr-value', XDR_SCHEMA)
      const first = rows.slice(0, FIRST_ROWS)
      await send(
        broker,
        topic,
        first.map((row) => underId(row, id)),
      )
      await member.when('rows', (look) => appliedOf(look, 0) === first.length)
      const later = rows.slice(FIRST_ROWS, FIRST_ROWS + 30)
      const scene: Scene = { broker, registry, topic, member, sent: first.length }
      await changeSchema(context, scene, later, random)
      // A schema that has no column of a row is an answer: its rows are rejected.
      const fields = [{ name: 'a', type: 'long' }]
      const other = registry.register('other', { type: 'record', name: 'Other', fields })
      await send(broker, topic, [underId(rows[0], other), underId(rows[0], 9999)])
      await member.when('the end', (look) => appliedOf(look, 0) === scene.sent + 2)
      context.reached('a schema is incompatible')
      const { code, stderr } = await member.end('SIGTERM')
      assert.equal(code, 0, stderr)
      const found = await readConsumed(state)
      assert.deepEqual(found.rejected, { 'incompatible-schema': 2 })
      const expected = [...first, ...Object.keys(TROUBLES).flatMap(() => later)]
      const whole = await topicOf(broker, expected)
      const raw = await consumed(broker.bootstrap, whole, join(context.directory, whole))
      const numbers = ({ applied, subscribers, hours }: typeof raw | typeof found) => [
        ...[applied, subscribers, hours],
      ]
      assert.deepEqual(numbers(found), numbers(raw), 'I3: as the same rows without schemas')
      context.held('I1', 'I3', 'I8')
    }),
  )
}

/** Row 13. */
export const schemasFail: FaultRow = {
  number: 13,
  title: 'schema change, registry down',
  how: 'a stand-in with the contract of Confluent: new schemas while it is down, fails, or another program answers; an incompatible schema',
  holds: ['I1', 'I3', 'I5', 'I8', 'I9'],
  also: 'an unknown schema is waited for, an incompatible one rejects its rows',
  needs: ['kafka'],
  reaches: [...Object.keys(TROUBLES), 'a schema is incompatible'],
  shortRounds: 1,
  async run(context) {
    const rows = await cleanRows()
    for (const { random } of context.rounds()) await schemasChange(context, rows, random)
  },
}
