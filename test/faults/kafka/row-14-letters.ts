// Row 14: the dead-letter topic cannot be written while rows are rejected.
import assert from 'node:assert/strict'
import type { Random } from '../../../src/random.ts'
import { appliedOf, type Member } from '../../e2e/kafka-member.ts'
import { sendMessages } from '../../e2e/kafka-messages.ts'
import type { FaultContext, FaultRow } from '../fault-row.ts'
import { CANARY, checkLetters, delivered, garbage, withTopic, type Setting } from './letters.ts'

/** More than the messages that may wait for the dead-letter topic. */
const BEYOND = 11_000
const SOME = 500

/** Waits for the pause, and checks that no further row is read. */
async function paused({ broker, topic, letters }: Setting, member: Member, more: number) {
  const sentence = new RegExp(`wait for the dead-letter topic ${letters}`)
  const { consumer } = await member.when('a pause', (look) => look.consumer.paused !== null)
  assert.match(consumer.paused ?? '', sentence)
  await member.running.prints(sentence)
  const at = appliedOf(member.last(), 0)
  await sendMessages(broker.bootstrap, topic, garbage(more, 70))
  const failures = member.last().consumer.deadLetters?.failures ?? 0
  await member.when('failures', (look) => (look.consumer.deadLetters?.failures ?? 0) > failures + 2)
  assert.equal(appliedOf(member.last(), 0), at, 'no further row is read')
}

const unavailable = (context: FaultContext, random: Random): Promise<void> =>
  withTopic(async (setting) => {
    const { broker, topic, letters, start } = setting
    const sent = garbage(BEYOND + Math.floor(random() * SOME), 30 + Math.floor(random() * 90))
    const first = 1 + Math.floor(random() * SOME)
    const options = ['--rejected-limit', '1', '--dead-letter-topic', letters]
    let member = start(...options)
    await sendMessages(broker.bootstrap, topic, sent.slice(0, first))
    await member.when('waiting letters', ({ consumer }) => consumer.deadLetters?.pending === first)
    context.reached('rejected rows wait')
    if (random() < 0.5) {
      // The rows that wait are durable.
      await member.when('a commit', (look) => look.consumer.partitions[0].durableOffset === first)
      await member.end('SIGKILL')
      member = start(...options)
      await member.when('the same', ({ consumer }) => consumer.deadLetters?.pending === first)
      context.reached('the process is killed while they wait')
    }
    await sendMessages(broker.bootstrap, topic, sent.slice(first))
    const more = 1 + Math.floor(random() * SOME)
    await paused(setting, member, more)
    context.reached('reading is paused at the bound')
    await broker.createTopic(letters, { partitions: 1 })
    const all = [...sent, ...garbage(more, 70)]
    await delivered(member, all.length)
    assert.equal(member.last().consumer.paused, null)
    assert.equal(await checkLetters(setting, all), 0)
    const { code, stderr } = await member.end('SIGTERM')
    assert.equal(code, 0, stderr)
    assert.ok(!stderr.includes(CANARY))
    context.held('I1', 'I5', 'I6', 'I8', 'I9', 'I10')
  })

/** Row 14. */
export const lettersUnavailable: FaultRow = {
  number: 14,
  title: 'dead-letter topic unavailable',
  how: 'the topic does not exist while garbage is read; the process may be killed meanwhile',
  holds: ['I1', 'I5', 'I6', 'I8', 'I9', 'I10'],
  also: 'rows wait up to a bound, then reading is paused',
  needs: ['kafka'],
  reaches: ['rejected rows wait', 'reading is paused at the bound'],
  shortRounds: 1,
  async run(context) {
    for (const { random } of context.rounds()) await unavailable(context, random)
  },
}
