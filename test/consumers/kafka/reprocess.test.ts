// Rejected messages that were decoded in the wrong format are applied when they are reprocessed.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { needsKafka } from '../../broker.ts'
import { uniqueName } from '../../broker-operations.ts'
import { pulse } from '../../e2e/command.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { withDirectory } from '../../state-directory.ts'
import { consumeTopic, readConsumed } from './consuming.ts'
import { rowsOf, sendRows } from './messages.ts'
import { sampleIn } from '../files/samples.ts'

interface Retried {
  tried: number
  applied: number
  rejected: Record<string, number>
}

async function retried(state: string, ...more: string[]): Promise<Retried> {
  const { code, stdout, stderr } = await pulse([
    'rejected',
    '--state',
    state,
    '--reprocess',
    '--json',
    ...more,
  ])
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as Retried
}

describe('reprocessing', needsKafka(), () => {
  test('applies messages of the right format, and keeps the others with their reason', async () => {
    await withDirectory(async (directory) => {
      const sample = await sampleIn(directory, { rows: 1500, dirt: 0.1 })
      const rows = await rowsOf(sample, 'json')
      const broker = await sharedBroker()
      const topic = uniqueName('reprocess')
      await broker.createTopic(topic, { partitions: 2 })
      const nonsense = { key: null, value: Buffer.from('{"nonsense":1}') }
      const packing = { partitions: 2, batches: [200], codec: 'none' as const }
      await sendRows(broker.bootstrap, topic, [...rows, nonsense], packing)

      const [right, wrong] = [join(directory, 'right'), join(directory, 'wrong')]
      await consumeTopic(broker.bootstrap, topic, right)
      await consumeTopic(broker.bootstrap, topic, wrong, { format: 'avro' })
      const expected = await readConsumed(right)
      const before = await readConsumed(wrong)
      assert.equal(before.rejected.malformed, rows.length + 1)
      assert.equal(before.applied, 0)

      assert.deepEqual((await retried(wrong, '--reason', 'no-value')).tried, 0)
      const first = await retried(wrong, '--reason', 'malformed', '--format', 'json')
      assert.equal(first.tried, rows.length + 1)
      assert.equal(first.applied, expected.applied)
      const after = await readConsumed(wrong)
      assert.equal(after.hash, expected.hash)
      assert.deepEqual(after.rejected, expected.rejected)
      assert.deepEqual(after.coerced, expected.coerced)

      // Rows that were applied are not kept any more, and cannot be applied twice.
      const second = await retried(wrong, '--format', 'json')
      assert.equal(second.applied, 0)
      assert.equal((await readConsumed(wrong)).hash, expected.hash)
    })
  })

  test('of a directory without a state is refused', async () => {
    await withDirectory(async (directory) => {
      const state = join(directory, 'none')
      const { code, stderr } = await pulse(['rejected', '--state', state, '--reprocess'])
      assert.equal(code, 1)
      assert.match(stderr, /holds no state/)
    })
  })
})
