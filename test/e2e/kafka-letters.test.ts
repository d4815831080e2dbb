// Rejected messages reach the dead-letter topic in spite of failures; row 14 of the faults has the
// topic that is missing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import kafkajs from 'kafkajs'
import { quietClient } from '../../scripts/kafka/client.ts'
import type { SourceReconciliation } from '../../consumers/ingest/source-reconciliation.ts'
import { needsKafka } from '../broker.ts'
import { CANARY, checkLetters, garbage, isDelivered, withTopic } from '../faults/kafka/letters.ts'
import { pulse, type Outcome } from './command.ts'
import { durablePositions } from './kafka-durable.ts'
import { appliedOf, type Look } from './kafka-member.ts'
import { readMessages, sendMessages } from './kafka-messages.ts'

const sentOf = ({ consumer: { deadLetters } }: Look): number =>
  Object.values(deadLetters?.sent ?? {}).reduce((sum, count) => sum + count, 0)
/** The undelivered letters in the reconciliation that a run prints. */
const letterCount = ({ stdout }: Outcome): number =>
  (JSON.parse(stdout) as { sources: SourceReconciliation[] }).sources[0].undelivered

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
    const undelivered = await member.end('SIGTERM')
    assert.equal(undelivered.code, 1, 'a letter that is not delivered is a failure')
    assert.match(undelivered.stderr, /has not acknowledged 1 rejected rows, expected all/)
    assert.equal(letterCount(undelivered), 1)
    const { stdout } = await pulse(['status', '--state', member.state])
    assert.match(stdout, /dead letters +1 wait for the dead-letter topic/)
    const again = start('--rejected-limit', '1', '--dead-letter-topic', letters)
    await again.when('the end', isDelivered)
    assert.equal(await checkLetters(setting, sent), 0)
    const delivered = await again.end('SIGTERM')
    assert.equal(delivered.code, 0, delivered.stderr)
    assert.equal(letterCount(delivered), 0)
  }),
)

test('letters carry the header names of KIP-1034, and the time of the record', needsKafka(), () =>
  withTopic(async ({ broker, topic, letters, start }) => {
    await broker.createTopic(letters, { partitions: 1 })
    const sent = garbage(5, 50).map((one, i) => ({ ...one, timestamp: `${1_700_000_000_000 + i}` }))
    await sendMessages(broker.bootstrap, topic, sent)
    const names = ['--dead-letter-topic', letters, '--dead-letter-headers', 'kip-1034']
    const member = start('--rejected-limit', '1', ...names)
    await member.when('the end', isDelivered)
    const found = await readMessages(broker.bootstrap, letters)
    assert.equal(found.length, sent.length)
    for (const [offset, { key, value, timestamp, headers }] of found.entries()) {
      const { exception, message, stacktrace, ...place } = Object.fromEntries(
        Object.entries(headers)
          .filter(([name]) => name.startsWith('__streams.errors.'))
          .map(([name, text]) => [name.replace('__streams.errors.', ''), text]),
      )
      assert.deepEqual(place, { topic, partition: '0', offset: String(offset) })
      const { key: ownKey, value: ownValue, timestamp: ownTime, headers: own = {} } = sent[offset]
      assert.equal(exception, ownValue === null ? 'no-value' : 'malformed')
      assert.match(message, ownValue === null ? /^no-value$/ : /^Avro: the value (has|is) /)
      assert.equal(stacktrace, ownValue === null ? 'no-value' : `malformed: ${message}`)
      assert.equal(Object.keys(headers).length, 6 + Object.keys(own).length)
      for (const [name, text] of Object.entries(own)) assert.equal(headers[name], text)
      assert.deepEqual(
        { key, value, timestamp },
        { key: ownKey, value: ownValue, timestamp: ownTime },
      )
    }
    assert.equal((await member.end('SIGTERM')).code, 0)
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
