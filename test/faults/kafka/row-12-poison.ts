// Row 12: poison between rows: each message is applied, or rejected and kept to the byte.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { CompressionTypes } from 'kafkajs'
import { statusBytes } from '../../../bench/process.ts'
import type { Random } from '../../../src/random.ts'
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { readConsumed, type Consumed } from '../../consumers/kafka/consuming.ts'
import { foreignProducer, rowsOf, type Row } from '../../consumers/kafka/messages.ts'
import { poisons, randomValues, type Poison } from '../../consumers/kafka/poisons.ts'
import { sampleIn } from '../../consumers/files/samples.ts'
import { withMembers } from '../../e2e/kafka-member.ts'
import { readMessages, sendMessages } from '../../e2e/kafka-messages.ts'
import { sharedBroker } from '../../shared-broker.ts'
import type { FaultContext, FaultRow } from '../fault-row.ts'
import { isDelivered } from './letters.ts'

const MIB = 2 ** 20
const MOST_MEMORY_BYTES = 900 * MIB
const RANDOM_VALUES = 600
/** A message that gzip makes a thousand times smaller; up to 16 MiB are kept of a rejected one. */
const BOMB_BYTES = 15 * MIB

/** A message and what must become of it; undefined where both outcomes are right. */
interface Drop {
  key: Buffer | null
  value: Buffer | null
  reason: Poison['reason'] | undefined
}

/** Chosen and random poison in a random order, with good rows between. */
function mixture(rows: readonly Row[], random: Random): Drop[] {
  const good = rows[0].value
  const chosen = poisons(good).map(({ key = Buffer.from('336'), value, reason }) => ({
    ...{ key, value, reason },
  }))
  const seed = Math.floor(random() * 2 ** 31)
  const drawn = randomValues(good, seed, RANDOM_VALUES).map((value) => ({
    ...{ key: null, value, reason: undefined },
  }))
  const plain = rows.map(({ key, value }) => ({
    ...{ key: Buffer.from(key ?? ''), value, reason: null },
  }))
  return [...chosen, ...drawn, ...plain]
    .map((drop) => ({ drop, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ drop }) => drop)
}

/** After the mixture: a bomb, an aborted transaction, which nobody may count, and one good row. */
async function sendRest({ bootstrap }: Operations, topic: string, row: Row): Promise<void> {
  const plain = await foreignProducer(bootstrap)
  const bomb = { value: Buffer.alloc(BOMB_BYTES) }
  await plain.send({ topic, compression: CompressionTypes.GZIP, messages: [bomb] })
  const writer = await foreignProducer(bootstrap, uniqueName('aborts'))
  const transaction = await writer.transaction()
  const messages = Array.from({ length: 50 }, () => ({ key: row.key, value: row.value }))
  await transaction.send({ topic, messages })
  await transaction.abort()
  await plain.send({ topic, messages: [{ key: row.key, value: row.value }] })
  await Promise.all([plain, writer].map((producer) => producer.disconnect()))
}

/** Each message has the outcome that it must have, and what was rejected is kept to the byte. */
function checkOutcomes(drops: readonly Drop[], { rejectedRows, logs, applied }: Consumed): void {
  const reasons = new Map(rejectedRows.map(({ offset, reason }) => [offset, reason]))
  for (const [offset, { reason, value }] of drops.entries()) {
    if (reason === undefined) continue
    const found = reasons.get(offset) ?? null
    assert.equal(found, reason, `offset ${offset}: ${value?.toString('latin1').slice(0, 40)}`)
  }
  for (const { offset, key, value } of rejectedRows) {
    const drop = drops.at(offset)
    if (drop === undefined) assert.equal(value?.length, BOMB_BYTES)
    else assert.deepEqual([key, value], [drop.key, drop.value], `offset ${offset} to the byte`)
  }
  // The bomb is rejected, the rows of the aborted transaction and its marker are no rows.
  assert.equal(applied + rejectedRows.length, drops.length + 2)
  assert.equal(logs[0].skipped, 51)
}

/** The dead-letter topic has each rejected message once, to the byte, without payload in headers. */
async function checkDeadLetters(brokers: readonly string[], letters: string, found: Consumed) {
  const list = await readMessages(brokers, letters)
  const byOffset = new Map(list.map((letter) => [Number(letter.headers['xdr-offset']), letter]))
  assert.equal(byOffset.size, list.length, 'I8: each letter once')
  for (const { offset, reason, key, value } of found.rejectedRows) {
    // The bomb is larger than its topic takes.
    if ((value?.length ?? 0) === BOMB_BYTES) continue
    const letter = byOffset.get(offset)
    assert.deepEqual([letter?.key, letter?.value], [key, value], `I8: the letter of ${offset}`)
    assert.equal(letter?.headers['xdr-reason'], reason)
    assert.doesNotMatch(JSON.stringify(letter.headers), /336\d{8}/, 'I10')
  }
}

async function drink(context: FaultContext, rows: readonly Row[], random: Random): Promise<void> {
  const broker = await sharedBroker()
  const [topic, group, letters] = ['poison', 'group', 'letters'].map(uniqueName)
  for (const name of [topic, letters]) await broker.createTopic(name, { partitions: 1 })
  const drops = mixture(rows, random)
  await withMembers(async (start) => {
    const state = join(context.directory, topic)
    const more = [
      '--rejected-limit',
      '1',
      '--dead-letter-topic',
      letters,
      '--keep-rejected',
      '100000',
    ]
    const where = { brokers: broker.bootstrap, topic, group, state }
    const member = start({ ...where, more: [...more, '--duration-unit', 'ms'] })
    await sendMessages(broker.bootstrap, topic, drops)
    // The bomb would wait forever: it follows when all others are delivered.
    const { length } = drops
    await member.when('the mixture', (look) => isDelivered(look) && rowsOfLook(look) === length)
    await sendRest(broker, topic, rows[0])
    await member.when('the rest', (look) => rowsOfLook(look) === length + 2)
    const most = statusBytes(member.running.process.pid ?? 0, 'VmHWM')
    assert.ok(most > 0 && most < MOST_MEMORY_BYTES, `${most} bytes of memory at most`)
    const { code, stdout, stderr } = await member.end('SIGTERM')
    assert.equal(code, 1, `the bomb is not delivered: ${stderr}`)
    assert.match(stderr, /has not acknowledged 1 rejected rows?/)
    assert.doesNotMatch(`${stdout}\n${stderr}`, /\b336\d{8}\b/, 'I10')
    const found = await readConsumed(state)
    checkOutcomes(drops, found)
    await checkDeadLetters(broker.bootstrap, letters, found)
    context.reached('a message is rejected', found.rejectedRows.length)
    context.reached('a bomb and an aborted transaction')
    context.held('I1', 'I5', 'I8', 'I10', 'I12')
  })
}

const rowsOfLook = ({ counters: { rows } }: { counters: { rows: number } }): number => rows

/** Row 12. */
export const poisoned: FaultRow = {
  number: 12,
  title: 'poison',
  how: 'garbage, damaged, deep, huge and compressed messages in a random order, an aborted transaction',
  holds: ['I1', 'I5', 'I8', 'I10', 'I12'],
  also: 'the process lives, memory is bounded',
  needs: ['kafka'],
  reaches: ['a message is rejected', 'a bomb and an aborted transaction'],
  shortRounds: 1,
  async run(context) {
    const file = await sampleIn(context.directory, { rows: 100, dirt: 0 })
    const rows = await rowsOf(file, 'avro')
    for (const { random } of context.rounds()) await drink(context, rows, random)
  },
}
