// A stop signal ends any command, also before it has begun its work, and without errors in the log.
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { sampleIn } from '../consumers/files/samples.ts'
import { withDirectory } from '../state-directory.ts'
import { until } from '../until.ts'
import { startPulse, withPulse, type Outcome } from './command.ts'

const CODES = { SIGINT: 130, SIGTERM: 143 } as const
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Asserts that a command ended by a signal: as shells see it, with 130 or 143. */
function assertEnded({ code, signal, stderr }: Outcome, sent: 'SIGINT' | 'SIGTERM'): void {
  assert.ok(signal === sent || code === CODES[sent], `${code} ${signal}: ${stderr}`)
  assert.doesNotMatch(stderr, /please report|"level":[56]0|^error: /m)
}

/** Runs `work` with a server that accepts connections and never answers. */
async function withSilence<T>(
  work: (broker: string, connected: () => boolean) => Promise<T>,
): Promise<T> {
  let connections = 0
  const server = createServer((socket) => {
    connections++
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = server.address() as AddressInfo
    return await work(`127.0.0.1:${port}`, () => connections > 0)
  } finally {
    server.close()
  }
}

describe('a signal', () => {
  for (const sent of SIGNALS) {
    test(`${sent} before the last row of a replay exits with ${CODES[sent]}`, () =>
      withDirectory(async (directory) => {
        const sample = await sampleIn(directory)
        const state = join(directory, 'state')
        const argv = ['replay', sample, '--state', state, '--speed', '100', '--json']
        const { code, stdout, stderr } = await withPulse(argv, async (running) => {
          await until('the state', () => existsSync(join(state, 'partition-0000/data.mdb')))
          running.process.kill(sent)
          return running.ended
        })
        assert.match(stderr, /^$/)
        // A signal before the first row leaves nothing to reconcile.
        if (code !== null) assert.equal(code, CODES[sent])
        if (code !== null) assert.match(stdout, /"complete":false/)
        assert.ok(!existsSync(join(state, 'writer.lock')) || code === null)
      }))

    test(`${sent} ends a command that waits for brokers`, () =>
      withDirectory((directory) =>
        withSilence(async (broker, connected) => {
          const sample = await sampleIn(directory)
          const where = ['--kafka', broker, '--topic', 'any']
          const state = ['--state', join(directory, 'state'), '--port', '0']
          for (const argv of [
            ['produce', sample, ...where],
            ['run', ...where, ...state],
          ]) {
            await withPulse(argv, async (running) => {
              await until('a connection', connected)
              running.process.kill(sent)
              assertEnded(await running.ended, sent)
            })
          }
        }),
      ))

    test(`${sent} ends generate, and leaves no part of a file`, () =>
      withDirectory(async (directory) => {
        const out = join(directory, 'large.parquet')
        await withPulse(['generate', '--rows', '20000000', '--out', out], async (running) => {
          await until('the file', () =>
            readdirSync(directory).some((name) => name.endsWith('part')),
          )
          running.process.kill(sent)
          assertEnded(await running.ended, sent)
        })
        assert.deepEqual(readdirSync(directory), [])
      }))
  }

  test('ends any command as soon as it is started', () =>
    withDirectory(async (directory) => {
      const sample = await sampleIn(directory)
      const state = ['--state', join(directory, 'state')]
      for (const argv of [
        ['replay', sample, ...state],
        ['replay', sample, '--serve', '--port', '0', ...state],
        ['report', ...state],
        ['status', ...state],
        ['verify', sample, ...state],
      ]) {
        const running = startPulse(argv)
        running.process.kill('SIGTERM')
        assertEnded(await running.ended, 'SIGTERM')
      }
    }))

  test('during snapshots ends a served replay without errors', () =>
    withDirectory(async (directory) => {
      const sample = await sampleIn(directory, { rows: 20_000 })
      const state = join(directory, 'state')
      const often = ['--snapshot-interval', '1ms', '--commit-interval', '10ms', '--port', '0']
      const argv = ['replay', sample, '--serve', '--state', state, ...often]
      for (const speed of ['10000', 'max']) {
        await withPulse([...argv, '--speed', speed], async (running) => {
          const [, url] = await running.prints(/at (http:\S+?)["\s]/)
          const ready = async () => (await fetch(`${url}/readyz`)).status === 200
          await until('a snapshot', ready)
          running.process.kill('SIGTERM')
          const { code, stderr } = await running.ended
          assert.ok(code === 143 || code === 0, stderr)
          assert.doesNotMatch(stderr, /"level":(40|50|60)/)
        })
      }
    }))
})
