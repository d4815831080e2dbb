// Every Kafka bench runs at a tiny size on a real broker and prints its tables.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { needsKafka } from '../broker.ts'
import { start } from '../e2e/command.ts'
import { sharedBroker } from '../shared-broker.ts'

const RUN = join(import.meta.dirname, '../../bench/run.ts')

async function bench(name: string, options: Record<string, string | number>): Promise<string> {
  const { bootstrap } = await sharedBroker()
  const flags = Object.entries(options).flatMap(([flag, value]) => [`--${flag}`, String(value)])
  const env = { KAFKA_BROKERS: bootstrap.join(',') }
  const running = start(process.execPath, [RUN, name, ...flags], { env })
  const { stdout, stderr, code } = await running.ended
  assert.equal(code, 0, stderr)
  assert.match(stdout, new RegExp(`^npm run bench -- ${name} `))
  assert.match(stdout, /Load average at the end: \d/)
  return stdout
}

/** Each waits for other processes more than it computes. */
describe('benches of Kafka', { ...needsKafka(), concurrency: 3 }, () => {
  test('kafka is compared with fetch-only loops, codecs and Kafka Streams', async (t) => {
    const size = { rows: 4000, subscribers: 1000, runs: 1 }
    const text = await bench('kafka', { ...size, peer: 'best' })
    for (const way of ['xdr-pulse run, a durable', 'the same consumer', 'fetch only: src/kafka']) {
      assert.match(text, new RegExp(`^${way}.* +[\\d,]+ +\\d+\\.\\d+ +[\\d,]+ +\\d+ +\\d`, 'm'))
    }
    assert.match(text, /^xdr-pulse run, an empty topic.* +0 +\d+\.\d+ +0 +\d+ *$/m)
    for (const codec of ['none', 'lz4', 'zstd']) {
      assert.match(text, new RegExp(`^${codec} +\\d+\\.\\d+ +[\\d,]+ `, 'm'))
    }
    if (
      /^Kafka Streams: skipped, building it needs Maven/m.test(text) &&
      process.env['CI'] === undefined
    ) {
      t.diagnostic('Kafka Streams was skipped: Maven is not installed')
      return
    }
    assert.match(text, /^exactly_once_v2, cache off, warmed up +\d+\.\d+ +[\d,]+ /m)
    assert.match(text, /^The same 21 numbers of [89]\d\d subscribers/m)
  })

  test('peers have the numbers of a run, also of one that was killed', async (t) => {
    const size = { rows: 4000, subscribers: 1000, runs: 1 }
    const text = await bench('peers', { ...size, parts: 'kafka', peer: 'built' })
    const cost = '+\\d+\\.\\d+ +[\\d,]+ +\\d+\\.\\d+ +[\\d,]+ +[1-9]\\d* +\\d+ % +\\d+\\.\\d+ '
    assert.match(text, new RegExp(`^xdr-pulse run, no snapshots ${cost} equal +equal$`, 'm'))
    for (const write of ['a write per record', 'a transaction per batch']) {
      // At least once: each rebalance and each kill may repeat records.
      const sums = '(equal|1 of 1: \\+[1-9]\\d* records)'
      const line = `kafkajs and LMDB [\\d.]+, ${write} ${cost} ${sums} +${sums}`
      assert.match(text, new RegExp(`^${line}$`, 'm'))
    }
    for (const name of ['Kafka Streams', 'Flink']) {
      if (new RegExp(`^${name}: skipped, it is not built$`, 'm').test(text)) {
        t.diagnostic(`${name} was skipped: it is not built`)
      } else assert.match(text, new RegExp(`^${name} [\\d.]+, .* ${cost} equal +equal$`, 'm'))
    }
  })

  test('restart is measured until another process sees new records', async () => {
    const size = { subscribers: 1000, rate: 200, runs: 1, seconds: 1 }
    assert.match(await bench('restart', size), /^ *[89]\d\d( +\d+\.\d\d){4} +[1-9]\d*$/m)
  })

  test('latency is measured in the state, the status and a look-up', async () => {
    const text = await bench('latency', { subscribers: 1000, rate: 200, seconds: 1 })
    for (const place of ['durable in the state', 'in the status', 'in a look-up']) {
      assert.match(text, new RegExp(`^${place}[^\\d]*( +\\d+\\.\\d\\d){3}$`, 'm'))
    }
  })
})
