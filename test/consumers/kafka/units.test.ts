// The unit of durations is inferred once per topic: a restart does not infer another one.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { needsKafka } from '../../broker.ts'
import { uniqueName } from '../../broker-operations.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { withDirectory } from '../../state-directory.ts'
import { consumed } from './consuming.ts'
import { rowsOf, sendRows, type Row } from './messages.ts'
import { sampleIn } from '../files/samples.ts'

/** The same row with its duration in seconds. */
function inSeconds({ key, value }: Row): Row {
  const row = JSON.parse(String(value)) as Record<string, number>
  const changed = { ...row, 'Dur. (ms)': row['Dur. (ms)'] / 1000 }
  return { key, value: Buffer.from(JSON.stringify(changed)) }
}

describe('durations in seconds', needsKafka(), () => {
  test('stay seconds after a restart, even if its first rows look like milliseconds', () =>
    withDirectory(async (directory) => {
      const { bootstrap, createTopic } = await sharedBroker()
      const rows = await rowsOf(await sampleIn(directory, { rows: 300, dirt: 0 }), 'json')
      // The first row after the restart looks like one in milliseconds.
      const parts = [
        rows.slice(0, 100).map(inSeconds),
        rows.slice(100, 101),
        rows.slice(101).map(inSeconds),
      ]
      const packing = { partitions: 1, batches: [300], codec: 'none' } as const
      const read = async (cuts: readonly Row[][]): Promise<{ hash: string; evidence: string }> => {
        const topic = uniqueName('seconds')
        await createTopic(topic, { partitions: 1 })
        let hash = ''
        let evidence = ''
        for (const cut of cuts) {
          await sendRows(bootstrap, topic, cut, packing)
          const found = await consumed(bootstrap, topic, join(directory, topic))
          hash = found.hash
          evidence = found.logs[0].evidence
        }
        return { hash, evidence }
      }
      const whole = await read([parts.flat()])
      assert.match(whole.evidence, /agrees with seconds in \d+ of/)
      const cut = await read([parts[0], parts.slice(1).flat().slice(0, 1), parts[2]])
      assert.match(cut.evidence, /agrees with seconds in \d+ of/)
      assert.equal(cut.hash, whole.hash)
    }))
})
