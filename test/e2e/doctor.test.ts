// `doctor` finds what would stop a run, before it, and states what to do.
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import type { Check } from '../../consumers/kafka/checks/check.ts'
import { needsKafka } from '../broker.ts'
import { uniqueName, type Operations } from '../broker-operations.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import { sharedBroker } from '../shared-broker.ts'
import { breakStore, withDirectory } from '../state-directory.ts'
import { pulse } from './command.ts'
import { makeSample } from './kafka-durable.ts'

/** Runs `doctor`; returns its exit code and its checks, in order. */
async function examine(argv: string[]): Promise<{ code: number | null; checks: Check[] }> {
  const { code, stdout, stderr } = await pulse(['doctor', '--json', ...argv])
  assert.ok(stdout.startsWith('{'), stderr)
  return { code, checks: (JSON.parse(stdout) as { checks: Check[] }).checks }
}

const only = (checks: readonly Check[], name: string): Check => {
  const found = checks.filter(({ check }) => check === name)
  assert.equal(found.length, 1, name)
  return found[0]
}

/** The text of all checks that failed. */
const failures = (checks: readonly Check[]): string =>
  checks
    .filter(({ result }) => result === 'failed')
    .map(({ check, found, advice }) => `${check}: ${found}; ${advice}`)
    .join('\n')

test('a bootstrap server that refuses connections fails, and the rest is still checked', () =>
  withDirectory(async (directory) => {
    const state = join(directory, 'state')
    const argv = ['--kafka', '127.0.0.1:1', '--topic', 'xdr', '--state', state]
    const { code, checks } = await examine(argv)
    assert.equal(code, 1)
    assert.match(failures(checks), /^bootstrap server: 127\.0\.0\.1:1 cannot be used .*; check/)
    assert.equal(only(checks, 'disk').result, 'ok')
    assert.equal(only(checks, 'state').found, `${state} holds no state yet`)
  }))

test('a server that does not speak the protocol of Kafka is a failed check', async () => {
  const server: Server = createServer((_, response) => response.end())
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  try {
    const { port } = server.address() as AddressInfo
    const { code, checks } = await examine(['--kafka', `127.0.0.1:${port}`, '--topic', 'xdr'])
    assert.equal(code, 1)
    assert.match(only(checks, 'bootstrap server').found, /accepts the connection \(PLAINTEXT\)$/)
    const { result, found, advice } = only(checks, 'rights')
    assert.equal(result, 'failed')
    assert.match(found, /^the brokers do not answer as expected \(/)
    assert.match(advice ?? '', /check that --kafka names brokers/)
  } finally {
    server.close()
    server.closeAllConnections()
  }
})

test('a registry that asks for a login fails', async () => {
  const server: Server = createServer((_, response) => response.writeHead(401).end())
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  try {
    const { port } = server.address() as AddressInfo
    const registry = `http://127.0.0.1:${port}`
    const argv = ['--kafka', '127.0.0.1:1', '--topic', 'xdr', '--registry', registry]
    const { checks } = await examine(argv)
    const { found, advice } = only(checks, 'schema registry')
    assert.equal(found, `${registry} answers with status 401`)
    assert.equal(advice, 'check --registry-secret-file or --registry-token-file')
  } finally {
    server.close()
  }
})

describe('with a broker', needsKafka(), () => {
  let broker: Operations
  before(async () => {
    broker = await sharedBroker()
  })

  /** A topic with the rows of a sample, which a state has read. */
  const withRead = (work: (argv: string[], topic: string, directory: string) => Promise<void>) =>
    withDirectory(async (directory) => {
      const topic = uniqueName('doctor')
      const sample = await makeSample(directory, 3, { rows: 3000, subscribers: 600 })
      await broker.createTopic(topic, { partitions: 3 })
      const state = join(directory, 'state')
      const to = ['--kafka', broker.bootstrap.join(','), '--topic', topic]
      const argv = [...to, '--group', topic, '--state', state]
      await succeeds(['produce', sample.path, ...to])
      await succeeds(['run', ...argv, '--port', '0', '--until-caught-up'])
      await work(argv, topic, directory)
    })

  async function succeeds(argv: string[]): Promise<void> {
    const { code, stderr } = await pulse(argv)
    assert.equal(code, 0, stderr)
  }

  test('nothing is to be done where everything is well', () =>
    withRead(async (argv) => {
      const { code, checks } = await examine(argv)
      assert.equal(failures(checks), '')
      assert.equal(code, 0)
      assert.match(only(checks, 'topic').found, /has 3 partitions, each with a leader/)
      assert.match(only(checks, 'keys').found, /^murmur2 of text explains all of \d+ distinct keys/)
      assert.match(only(checks, 'log').found, /from offset 0 on$/)
      assert.match(only(checks, 'state').found, /rows applied, its numbers are consistent/)
      assert.equal(only(checks, 'positions').result, 'ok')
      assert.equal(only(checks, 'clock').result, 'ok')
    }))

  test('records that were deleted before they were read are a failure with their numbers', () =>
    withRead(async (argv, topic, directory) => {
      const more = await sampleIn(directory, { rows: 900, subscribers: 600, dirt: 0, seed: 5 })
      await succeeds(['produce', more, '--kafka', argv[1], '--topic', topic])
      const all = -1
      for (const partition of [0, 1, 2]) await broker.deleteRecords(topic, partition, all)
      const { code, checks } = await examine(argv)
      assert.equal(code, 1)
      const { found, advice } = only(checks, 'positions')
      const ranges = [...found.matchAll(/partition (\d): (\d+) to (\d+)/g)].map((range) => ({
        partition: Number(range[1]),
        offsets: Number(range[3]) - Number(range[2]) + 1,
      }))
      assert.deepEqual(
        ranges.map(({ partition }) => partition),
        [0, 1, 2],
      )
      // 900 rows, and the markers of the transactions that sent them.
      const lost = ranges.reduce((sum, { offsets }) => sum + offsets, 0)
      assert.ok(lost >= 900, `${lost} offsets`)
      assert.match(advice ?? '', /--on-gap/)
    }))

  test('a damaged state fails', () =>
    withRead(async (argv, _topic, directory) => {
      breakStore(join(directory, 'state', 'partition-0000', 'data.mdb'))
      const { code, checks } = await examine(argv)
      assert.equal(code, 1)
      assert.match(failures(checks), /^state: .*is damaged.*restore/)
    }))

  test('a topic that does not exist fails', () =>
    withDirectory(async (directory) => {
      const argv = ['--kafka', broker.bootstrap.join(','), '--topic', uniqueName('none')]
      const { code, checks } = await examine([...argv, '--state', join(directory, 'state')])
      assert.equal(code, 1)
      assert.match(failures(checks), /^topic: "none.*" does not exist; create it/)
    }))
})
