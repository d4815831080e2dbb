// What a member gives back leaves its results at once, also while nothing is committed.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createLog } from '../../../src/log.ts'
import { startPipeline } from '../../../src/process/pipeline.ts'
import { needsKafka } from '../../broker.ts'
import { uniqueName } from '../../broker-operations.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { OPTIONS } from '../../snapshot/subscribers.ts'
import { withDirectory } from '../../state-directory.ts'
import { until } from '../../until.ts'
import { sampleIn } from '../files/samples.ts'
import { consumeTopic, optionsOf } from './consuming.ts'
import { foreignProducer, messagesOf, rowsOf } from './messages.ts'

describe('a member of a group', needsKafka(), () => {
  test('shows nothing of a partition that another member reads, on a quiet topic', () =>
    withDirectory(async (directory) => {
      const { bootstrap, createTopic } = await sharedBroker()
      const rows = await rowsOf(await sampleIn(directory, { rows: 100, dirt: 0 }), 'avro')
      const topic = uniqueName('quiet')
      await createTopic(topic, { partitions: 2 })
      const producer = await foreignProducer(bootstrap)
      await producer.send({ topic, messages: messagesOf(rows.slice(0, 70), 0) })
      await producer.send({ topic, messages: messagesOf(rows.slice(70), 1) })
      await producer.disconnect()
      const live = { groupId: uniqueName('group'), untilCaughtUp: false }
      const options = optionsOf(bootstrap, topic, join(directory, 'one'), live)
      const log = createLog('silent', false, () => undefined)
      const pipeline = startPipeline(
        { job: { type: 'consume', options }, snapshot: OPTIONS, snapshotIntervalMs: 500 },
        log,
      )
      const stops: (() => void)[] = [() => pipeline.ingest.send('stop')]
      const shown = (): number | undefined => pipeline.view.published()?.snapshot.records
      const ended: Promise<unknown>[] = [pipeline.ended]
      try {
        await until('all rows shown', () => shown() === 100)
        const commits = pipeline.view.progress()?.counters.commits
        const state = join(directory, 'two')
        ended.push(
          consumeTopic(bootstrap, topic, state, live, (_, stop) => {
            stops[1] = stop
          }),
        )
        await until('less shown', () => shown() === 70 || shown() === 30)
        assert.equal(pipeline.view.progress()?.counters.commits, commits, 'nothing was committed')
      } finally {
        for (const stop of stops) stop()
        await Promise.all(ended)
        await pipeline.close()
      }
    }))
})
