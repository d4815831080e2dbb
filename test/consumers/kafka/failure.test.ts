// A consumer reports the error that ended it, also when its state cannot be read afterwards.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { needsKafka } from '../../broker.ts'
import { uniqueName } from '../../broker-operations.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { withDirectory } from '../../state-directory.ts'
import { optionsOf } from './consuming.ts'
import type { Failure } from './failing-consumer.ts'
import { foreignProducer, messagesOf, rowsOf } from './messages.ts'
import { sampleIn } from '../files/samples.ts'

const SCRIPT = new URL('failing-consumer.ts', import.meta.url)

test('a state that cannot be read at the end does not hide the error before', needsKafka(), () =>
  withDirectory(async (directory) => {
    const broker = await sharedBroker()
    const topic = uniqueName('failing')
    await broker.createTopic(topic, { partitions: 1 })
    const rows = await rowsOf(await sampleIn(directory, { rows: 50, dirt: 0 }), 'avro')
    const producer = await foreignProducer(broker.bootstrap)
    await producer.send({ topic, messages: messagesOf(rows, 0) })
    await producer.disconnect()
    const state = join(directory, 'state')
    const workerData = optionsOf(broker.bootstrap, topic, state)
    const [failure] = (await once(new Worker(SCRIPT, { workerData }), 'message')) as [Failure]
    assert.equal(failure.error, 'the first failure')
    const { before, after } = failure
    assert.equal(before.counters.applied, 50)
    assert.deepEqual(after.counters, before.counters)
    assert.match(after.warnings.at(-1)?.message ?? '', /cannot be read any more .*ENOENT/)
    assert.ok(!existsSync(join(state, 'writer.lock')), 'the directory is unlocked')
  }),
)
