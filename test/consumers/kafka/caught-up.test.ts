// A consumer that cannot catch up ends with an error; all rows before its cause are durable.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { CompressionTypes } from 'kafkajs'
import { needsKafka } from '../../broker.ts'
import { uniqueName } from '../../broker-operations.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { readBack, withDirectory } from '../../state-directory.ts'
import { consumeTopic } from './consuming.ts'
import { foreignProducer } from './messages.ts'

const MIB = 2 ** 20
/** More than one response holds of a partition: only rows of the first one are committed early. */
const ROWS = 8
/** Longer than the test: nothing but the end commits the others. */
const NEVER_MS = 3_600_000

/** A row of nearly the largest size that a topic accepts. */
const largeRow = (at: number): Buffer =>
  Buffer.from(
    `{"MSISDN":${33_600_000_000 + at},"duration":0,"Total DL":0,"Total UL":0,` +
      `"padding":"${'x'.repeat(MIB - 5000)}"}`,
  )

test('a batch that cannot be read ends the run; all rows before it are durable', needsKafka(), () =>
  withDirectory(async (directory) => {
    const { bootstrap, createTopic } = await sharedBroker()
    const topic = uniqueName('stopped')
    await createTopic(topic, { partitions: 1 })
    const producer = await foreignProducer(bootstrap)
    for (let at = 0; at < ROWS; at++) {
      await producer.send({ topic, messages: [{ value: largeRow(at) }] })
    }
    // It decompresses to more than any batch of rows: it is not read at all.
    const messages = [{ value: Buffer.alloc(100 * MIB) }]
    await producer.send({ topic, compression: CompressionTypes.GZIP, messages })
    await producer.disconnect()
    const state = join(directory, 'state')
    const seldom = { commitIntervalMs: NEVER_MS }
    await assert.rejects(consumeTopic(bootstrap, topic, state, seldom), {
      code: 'kafka',
      message: new RegExp(`batch at offset ${ROWS} has .*; all rows before it are durable`),
    })
    const [{ position }] = (await readBack(state)).positions
    assert.deepEqual([position.next, position.applied], [ROWS, ROWS])
  }),
)
