// Exit codes: 0 only when something was applied, or when nothing was to do.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { literal, withDatabase } from '../../src/duckdb.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import { needsKafka } from '../broker.ts'
import { uniqueName } from '../broker-operations.ts'
import { foreignProducer } from '../consumers/kafka/messages.ts'
import { pulse } from '../e2e/command.ts'
import { sharedBroker } from '../shared-broker.ts'
import { withDirectory } from '../state-directory.ts'

for (const argv of [['demoo', '--help'], ['-h', 'demoo'], ['help', 'demoo'], ['demoo']]) {
  test(`an unknown command is a usage error: ${argv.join(' ')}`, async () => {
    const { code, stdout, stderr } = await pulse(argv)
    assert.equal(code, 2)
    assert.match(stderr, /unknown command 'demoo'\n\(Did you mean demo\?\)/)
    assert.equal(stdout, '')
  })
}

test('help of a command that exists is printed', async () => {
  for (const argv of [['demo', '--help'], ['help', 'demo'], ['--help']]) {
    const { code, stdout } = await pulse(argv)
    assert.equal(code, 0)
    assert.match(stdout, /^Usage: xdr-pulse/)
  }
})

test('a replay of which every row is rejected fails; a second one has nothing to do', () =>
  withDirectory(async (directory) => {
    const file = await sampleIn(directory, { rows: 10, dirt: 0 })
    const bad = join(directory, 'bad.parquet')
    await withDatabase({ threads: 1, memoryMiB: 512 }, async (connection) => {
      const rows = `SELECT * REPLACE (-1.0 AS "MSISDN/Number") FROM read_parquet(${literal(file)})`
      await connection.run(`COPY (${rows}) TO ${literal(bad)} (FORMAT parquet)`)
    })
    const state = ['--state', join(directory, 'state')]
    const first = await pulse(['replay', bad, ...state])
    assert.equal(first.code, 1, first.stderr)
    assert.match(first.stderr, /all 10 rows were rejected and nothing was applied/)
    assert.equal((await pulse(['replay', bad, ...state])).code, 0)
    assert.equal((await pulse(['replay', file, ...state])).code, 0)
  }))

test('a topic of which every row is rejected fails, in one batch or in many', needsKafka(), () =>
  withDirectory(async (directory) => {
    const { bootstrap, createTopic } = await sharedBroker()
    const producer = await foreignProducer(bootstrap)
    for (const batches of [1, 5]) {
      const topic = uniqueName('rejected')
      await createTopic(topic, { partitions: 1 })
      for (let n = 0; n < batches; n++) {
        const messages = Array.from({ length: 10 / batches }, () => ({ value: 'no row' }))
        await producer.send({ topic, messages })
      }
      const where = ['--kafka', bootstrap.join(','), '--topic', topic, '--group', topic]
      const more = ['--state', join(directory, topic), '--port', '0', '--until-caught-up']
      const { code, stderr } = await pulse(['run', ...where, ...more])
      assert.equal(code, 1)
      assert.match(stderr, /all 10 rows were rejected/)
    }
    await producer.disconnect()
  }),
)
