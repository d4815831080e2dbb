// Output that cannot be written is reported in one sentence; a reader that needs no more is not an error.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { sampleIn } from '../consumers/files/samples.ts'
import { ROOT } from '../source-tree.ts'
import { pulse, start, startPulse, type Running } from './command.ts'

let home: string
let file: string
let state: string

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'xdr-pulse-test-'))
  file = await sampleIn(home)
  state = join(home, 'state')
  assert.equal((await pulse(['replay', file, '--state', state])).code, 0)
})
after(() => rm(home, { recursive: true }))

/** Starts a command whose output goes to a device that is always full. */
const startOnFull = (...argv: string[]): Running => {
  const cli = join(ROOT, 'src/cli.ts')
  return start('sh', ['-c', 'exec "$@" > /dev/full', 'sh', process.execPath, cli, ...argv])
}

const SENTENCE = /^xdr-pulse: the output is on a full volume \(ENOSPC\); expected free space; .+\n$/

describe('output to a full disk', () => {
  test('is reported in one sentence, with exit code 1', async () => {
    for (const argv of [
      ['status', '--state', state],
      ['report', '--state', state, '--json'],
      ['replay', file, '--state', state],
      ['verify', file, '--state', state],
      ['completion', 'bash'],
    ]) {
      const { code, stderr } = await startOnFull(...argv).ended
      assert.match(stderr, SENTENCE, argv.join(' '))
      assert.equal(code, 1)
    }
  })

  test('ends a command that repeats its output', async () => {
    const { code, stderr } = await startOnFull('top', '--watch', '--state', state).ended
    assert.match(stderr, SENTENCE)
    assert.equal(code, 1)
  })

  test('ends a command that serves', async () => {
    const argv = [
      'replay',
      file,
      '--serve',
      '--port',
      '0',
      '--state',
      state,
      '--log-level',
      'error',
    ]
    const { code, stderr } = await startOnFull(...argv).ended
    assert.match(stderr, SENTENCE)
    assert.equal(code, 1)
  })
})

describe('a reader that closes the pipe', () => {
  const closed = (...argv: string[]) => {
    const running = startPulse(argv)
    running.process.stdout?.destroy()
    return running.ended
  }

  test('ends a command quietly', async () => {
    for (const argv of [
      ['status', '--state', state],
      ['report', '--state', state],
      ['top', '--watch', '1', '--state', state],
      ['replay', file, '--state', state, '--json'],
      ['replay', file, '--serve', '--port', '0', '--state', state, '--log-level', 'error'],
    ]) {
      const { code, signal, stderr } = await closed(...argv)
      assert.deepEqual([code, signal, stderr], [0, null, ''], argv.join(' '))
    }
  })

  test('does not hide a failure', async () => {
    const other = await sampleIn(join(home), { seed: 9, rows: 100 })
    const { code } = await closed('verify', other, '--state', state)
    assert.equal(code, 1)
  })
})
