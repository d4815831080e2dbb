// Rejected messages reach the dead-letter topic in spite of failures, and too many pause reading.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import kafkajs from 'kafkajs'
import { quietClient } from '../../scripts/kafka/client.ts'
import { needsKafka } from '../broker.ts'
import { uniqueName, type Operations } from '../broker-operations.ts'
import { sharedBroker } from '../shared-broker.ts'
import { withDirectory } from '../state-directory.ts'
import { durablePositions } from './kafka-durable.ts'
import { appliedOf, withMembers, type Look, type Member } from './kafka-member.ts'
import { readMessages, sendMessages, type Sent } from './kafka-messages.ts'

/** Part of the values: it must not occur in logs, errors or headers. */
const CANARY = '447700900123'
/** More than the messages that may wait for the dead-letter topic. */
const BEYOND = 12_000

/** Messages that cannot be decoded, `bytes` long, some without key or value. */
const garbage = (count: number, bytes: number): Sent[] =>
  Array.from({ length: count }, (_, i): Sent => {
    const value = Buffer.alloc(bytes, `${CANARY} ${i} `)
    value.writeUInt8(200 + (i % 50), 0)
    if (i % 100 === 0) return { key: null, value }
    if (i % 100 === 1) return { key: Buffer.from([0, 255, i % 256]), value: null }
    if (i % 100 === 2) return { key: Buffer.alloc(0), value: Buffer.alloc(0) }
    return { key: Buffer.from(`key-${i}`), value }
  })

interface Setting {
  broker: Operations
  topic: string
  letters: string
  start: (...more: string[]) => Member
}

/** A topic of one partition, and consumers of it in sequence, with the same state. */
const withTopic = (work: (setting: Setting) => Promise<void>): Promise<void> =>
  withDirectory((directory) =>
    withMembers(async (begin) => {
      const broker = await sharedBroker()
      const [topic, group, letters] = ['poison', 'group', 'letters'].map(uniqueName)
      await broker.createTopic(topic, { partitions: 1 })
      const options = { brokers: broker.bootstrap, topic, group, state: join(directory, 'state') }
      const start = (...more: string[]): Member => begin({ ...options, more })
      await work({ broker, topic, letters, start })
    }),
  )

const sentOf = ({ consumer: { deadLetters } }: Look): number =>
  Object.values(deadLetters?.sent ?? {}).reduce((sum, count) => sum + count, 0)
const isDelivered = ({ consumer: { deadLetters, caughtUp } }: Look): boolean =>
  caughtUp && deadLetters?.pending === 0

/** Compares the dead letters with the sent messages; returns the number of repeated ones. */
async function checkLetters(
  { broker, topic, letters }: Setting,
  sent: readonly Sent[],
): Promise<number> {
  const found = await readMessages(broker.bootstrap, letters)
  const seen = new Set<number>()
  for (const { key, value, headers } of found) {
    const names = Object.keys(headers).sort()
    const expected = ['xdr-offset', 'xdr-partition', 'xdr-reason', 'xdr-timestamp', 'xdr-topic']
    assert.deepEqual(names, expected)
    assert.equal(headers['xdr-topic'], topic)
    assert.equal(headers['xdr-partition'], '0')
    assert.match(headers['xdr-reason'], /^[a-z-]+$/)
    assert.ok(Math.abs(Date.parse(headers['xdr-timestamp']) - Date.now()) < 600_000)
    assert.ok(!JSON.stringify(headers).includes(CANARY.slice(0, 8)), 'no payload in headers')
    const offset = Number(headers['xdr-offset'])
    seen.add(offset)
    assert.deepEqual(key, sent[offset].key, `key of ${offset}`)
    assert.deepEqual(value, sent[offset].value, `value of ${offset}`)
  }
  assert.equal(seen.size, sent.length, 'each message is in the dead-letter topic')
  return found.length - seen.size
}

test('rejected messages are forwarded byte for byte, also after a kill -9', needsKafka(), (t) =>
  withTopic(async (setting) => {
    const { broker, topic, letters, start } = setting
    await broker.createTopic(letters, { partitions: 1 })
    const sent = garbage(4000, 3000)
    const options = ['--rejected-limit', '1', '--dead-letter-topic', letters]
    const first = start(...options)
    await first.when('life', ({ consumer }) => consumer.member)
    const sending = sendMessages(broker.bootstrap, topic, sent)
    await first.when('letters', (look) => sentOf(look) > 0)
    await first.end('SIGKILL')
    await sending
    const second = start(...options)
    await second.when('the end', (look) => isDelivered(look) && appliedOf(look, 0) === sent.length)
    const { code, stderr } = await second.end('SIGTERM')
    assert.equal(code, 0)
    assert.ok(!stderr.includes(CANARY))
    const twice = await checkLetters(setting, sent)
    t.diagnostic(`${twice} letters were sent twice`)
    assert.equal((await durablePositions(second.state)).get(0), sent.length)
  }),
)

test('letters wait while their topic is missing, and too many pause reading', needsKafka(), () =>
  withTopic(async (setting) => {
    const { broker, topic, letters, start } = setting
    const sent = garbage(BEYOND, 60)
    const member = start('--rejected-limit', '1', '--dead-letter-topic', letters)
    await sendMessages(broker.bootstrap, topic, sent.slice(0, 100))
    await member.when('waiting letters', ({ consumer }) => consumer.deadLetters?.pending === 100)
    await sendMessages(broker.bootstrap, topic, sent.slice(100))
    const { consumer } = await member.when('a pause', (look) => look.consumer.paused !== null)
    assert.match(consumer.paused ?? '', new RegExp(`wait for the dead-letter topic ${letters}`))
    await member.running.prints(new RegExp(`wait for the dead-letter topic ${letters}`))
    const at = appliedOf(member.last(), 0)
    const more = garbage(500, 70)
    await sendMessages(broker.bootstrap, topic, more)
    await member.when('failures', (look) => (look.consumer.deadLetters?.failures ?? 0) > 3)
    assert.equal(appliedOf(member.last(), 0), at, 'no further row is read')
    await broker.createTopic(letters, { partitions: 1 })
    const total = BEYOND + more.length
    await member.when('the end', (look) => isDelivered(look) && appliedOf(look, 0) === total)
    assert.equal(member.last().consumer.paused, null)
    assert.equal(await checkLetters(setting, [...sent, ...more]), 0)
  }),
)

test('a letter that is too large for its topic does not delay others', needsKafka(), () =>
  withTopic(async (setting) => {
    const { broker, topic, letters, start } = setting
    await broker.createTopic(letters, { partitions: 1, configs: { 'max.message.bytes': '20000' } })
    const sent = garbage(300, 1000)
    sent[50] = { key: null, value: Buffer.alloc(30_000, 200) }
    await sendMessages(broker.bootstrap, topic, sent)
    const member = start('--rejected-limit', '1', '--dead-letter-topic', letters)
    await member.when('all others', ({ consumer: { deadLetters } }) => deadLetters?.pending === 1)
    await member.running.prints(/offset 50 .*max\.message\.bytes/)
    const admin = quietClient({ brokers: broker.bootstrap }).admin()
    await admin.connect()
    const configEntries = [{ name: 'max.message.bytes', value: '100000' }]
    const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: letters, configEntries }
    await admin.alterConfigs({ validateOnly: false, resources: [resource] })
    await admin.disconnect()
    await member.end('SIGTERM')
    const again = start('--rejected-limit', '1', '--dead-letter-topic', letters)
    await again.when('the end', isDelivered)
    assert.equal(await checkLetters(setting, sent), 0)
  }),
)

test('undecodable messages pause reading, unless --rejected-limit is 1', needsKafka(), () =>
  withTopic(async ({ broker, topic, start }) => {
    const sent = garbage(6000, 3000)
    await sendMessages(broker.bootstrap, topic, sent)
    const careful = start()
    const { consumer } = await careful.when('a pause', (look) => look.consumer.paused !== null)
    assert.match(consumer.paused ?? '', /--rejected-limit 0\.5: reading is paused/)
    await careful.running.prints(/--rejected-limit 0\.5: reading is paused/)
    const { code, stderr } = await careful.end('SIGTERM')
    assert.equal(code, 0)
    assert.ok(!stderr.includes(CANARY))
    const paused = (await durablePositions(careful.state)).get(0) ?? 0
    assert.ok(paused >= 1000 && paused < sent.length, `reading was paused at ${paused}`)
    const bold = start('--rejected-limit', '1')
    await bold.when('the end', (look) => appliedOf(look, 0) === sent.length)
    assert.equal(
      appliedOf(
        bold.looks().find((look) => appliedOf(look, 0) >= 0)!,
        0,
      ) >= paused,
      true,
    )
  }),
)
