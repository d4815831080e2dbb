// Messages that cannot be decoded, and what of them is in the dead-letter topic.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { appliedOf, withMembers, type Look, type Member } from '../../e2e/kafka-member.ts'
import { readMessages, type Sent } from '../../e2e/kafka-messages.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { withDirectory } from '../../state-directory.ts'

/** Part of the values: it must not occur in logs, errors or headers. */
export const CANARY = '447700900123'

/** Messages that cannot be decoded, `bytes` long, some without key or value. */
export const garbage = (count: number, bytes: number): Sent[] =>
  Array.from({ length: count }, (_, i): Sent => {
    const value = Buffer.alloc(bytes, `${CANARY} ${i} `)
    value.writeUInt8(200 + (i % 50), 0)
    if (i % 100 === 0) return { key: null, value }
    if (i % 100 === 1) return { key: Buffer.from([0, 255, i % 256]), value: null }
    if (i % 100 === 2) return { key: Buffer.alloc(0), value: Buffer.alloc(0) }
    if (i % 100 === 3) return { key: null, value, headers: { trace: `t${i}`, empty: '' } }
    return { key: Buffer.from(`key-${i}`), value }
  })

/** A topic of poison, its dead-letter topic, and the consumers of a test. */
export interface Setting {
  broker: Operations
  topic: string
  letters: string
  start: (...more: string[]) => Member
}

/** A topic of one partition, and consumers of it in sequence, with the same state. */
export const withTopic = (work: (setting: Setting) => Promise<void>): Promise<void> =>
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

/** True when all rows are read and no letter waits. */
export const isDelivered = ({ consumer: { deadLetters, caughtUp } }: Look): boolean =>
  caughtUp && deadLetters?.pending === 0

/** Waits until `rows` rows are read and no letter waits. */
export const delivered = (member: Member, rows: number): Promise<Look> =>
  member.when('the end', (look) => isDelivered(look) && appliedOf(look, 0) === rows)

/** Compares the dead letters with the sent messages; returns the number of repeated ones. */
export async function checkLetters(
  { broker, topic, letters }: Pick<Setting, 'broker' | 'topic' | 'letters'>,
  sent: readonly Sent[],
): Promise<number> {
  const found = await readMessages(broker.bootstrap, letters)
  const seen = new Set<number>()
  for (const { key, value, headers } of found) {
    const names = Object.keys(headers).sort()
    const detail = headers['xdr-reason'] === 'no-value' ? [] : ['xdr-detail']
    const always = ['xdr-offset', 'xdr-partition', 'xdr-reason', 'xdr-timestamp', 'xdr-topic']
    const own = Object.keys(sent[Number(headers['xdr-offset'])].headers ?? {})
    assert.deepEqual(names, [...own, ...detail, ...always].sort())
    assert.equal(headers['xdr-topic'], topic)
    assert.equal(headers['xdr-partition'], '0')
    assert.match(headers['xdr-reason'], /^[a-z-]+$/)
    assert.ok(Math.abs(Date.parse(headers['xdr-timestamp']) - Date.now()) < 600_000)
    assert.ok(!JSON.stringify(headers).includes(CANARY.slice(0, 8)), 'no payload in headers')
    const offset = Number(headers['xdr-offset'])
    seen.add(offset)
    for (const name of own) assert.equal(headers[name], sent[offset].headers?.[name], name)
    if (detail.length > 0) assert.match(headers['xdr-detail'], /^Avro: the value (has|is) /)
    assert.deepEqual(key, sent[offset].key, `key of ${offset}`)
    assert.deepEqual(value, sent[offset].value, `value of ${offset}`)
  }
  assert.equal(seen.size, sent.length, 'each message is in the dead-letter topic')
  return found.length - seen.size
}
