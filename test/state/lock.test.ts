// The lock across systems: another container or machine, whose processes cannot be seen from here.
import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { commitPartition } from '../../state/commit.ts'
import { SILENCE_MS } from '../../state/heartbeat.ts'
import { lockState } from '../../state/lock.ts'
import { openState } from '../../state/writer.ts'
import { withDirectory } from '../state-directory.ts'
import { until } from '../until.ts'
import { apply, batchOf, OPTIONS } from './stores.ts'

const LOCK = join(import.meta.dirname, '../../state/lock.ts')

/** An owner of another container with the host name of this one. */
const FOREIGN = JSON.stringify({
  pid: process.pid,
  host: hostname(),
  processStart: '1',
  system: 'another boot pid:[1]',
  command: 'run',
})

/** Writes a foreign lock that was last renewed some time ago. */
function writeForeign(directory: string, silentMs: number): string {
  const path = join(directory, 'writer.lock')
  writeFileSync(path, FOREIGN)
  const renewed = new Date(Date.now() - silentMs)
  utimesSync(path, renewed, renewed)
  return path
}

test('a foreign lock whose heartbeat has stopped is taken over at once', () =>
  withDirectory((directory) => {
    const path = writeForeign(directory, SILENCE_MS + 1)
    const lock = lockState(directory, 'test')
    assert.match(readFileSync(path, 'utf8'), /"command":"test"/)
    lock.release()
    assert.equal(existsSync(path), false)
  }))

test('a foreign lock whose heartbeat stops while another waits is taken over then', () =>
  withDirectory((directory) => {
    writeForeign(directory, SILENCE_MS - 300)
    lockState(directory, 'test').release()
  }))

test('a foreign lock that is renewed is believed, also by a watcher with another clock', () =>
  withDirectory(async (directory) => {
    const path = writeForeign(directory, SILENCE_MS - 5000)
    const script = `const { utimesSync } = require('node:fs')
      setInterval(() => utimesSync(${JSON.stringify(path)}, Date.now() / 1000 - 8, Date.now() / 1000 - 8), 100)`
    const beating = spawn(process.execPath, ['-e', script])
    try {
      const before = statSync(path).mtimeMs
      await until('a heartbeat', () => statSync(path).mtimeMs !== before)
      const refusal = { code: 'state-locked', message: /another container \(run\)/ }
      assert.throws(() => lockState(directory, 'test'), refusal)
    } finally {
      beating.kill('SIGKILL')
    }
    assert.equal(readFileSync(path, 'utf8'), FOREIGN)
  }))

test('a lock is renewed while its thread is busy', () =>
  withDirectory(async (directory) => {
    const lock = lockState(directory, 'test')
    const path = join(directory, 'writer.lock')
    utimesSync(path, 1, 1)
    const cell = new Int32Array(new SharedArrayBuffer(4))
    // The thread that holds the lock does nothing else meanwhile.
    for (let i = 0; i < 600 && statSync(path).mtimeMs === 1000; i++) Atomics.wait(cell, 0, 0, 50)
    assert.ok(statSync(path).mtimeMs > 1000)
    lock.release()
    await until('the end of the heartbeat', () => !existsSync(path))
  }))

test('a writer that lost its lock commits nothing', () =>
  withDirectory(async (directory) => {
    const state = await openState(directory, OPTIONS, 'test')
    const [partition] = state.partitions
    apply(
      partition,
      batchOf(Float64Array.of(33600000001), () => 0.5),
    )
    commitPartition(partition, 10)
    rmSync(join(directory, 'writer.lock'))
    writeFileSync(join(directory, 'writer.lock'), FOREIGN)
    const refusal = { code: 'state-locked', message: /has taken over the lock/ }
    assert.throws(() => commitPartition(partition, 10), refusal)
    await state.close()
    assert.equal(readFileSync(join(directory, 'writer.lock'), 'utf8'), FOREIGN)
  }))

/** Takes the lock in a PID namespace of its own, and holds it until its input ends. */
const inNamespace = (directory: string): ChildProcess => {
  const script = `import { lockState } from ${JSON.stringify(LOCK)}
    lockState(${JSON.stringify(directory)}, 'in a container')
    console.log('locked')
    process.stdin.resume().on('end', () => process.exit())`
  const argv = ['--pid', '--fork', '--kill-child', '--mount-proc', process.execPath]
  return spawn('unshare', [...argv, '--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
}

const canUnshare = (t: TestContext): boolean => {
  const { status } = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true'])
  if (status !== 0) t.skip('PID namespaces need "unshare" and the right to use it')
  return status === 0
}

test('a writer in another PID namespace is seen, and its lock taken over after it was killed', (t) =>
  withDirectory(async (directory) => {
    if (!canUnshare(t)) return
    const path = join(directory, 'writer.lock')
    const child = inNamespace(directory)
    await new Promise((resolve) => child.stdout?.once('data', resolve))
    assert.match(readFileSync(path, 'utf8'), /"pid":1,/)
    assert.throws(() => lockState(directory, 'outside'), { code: 'state-locked' })
    // Neither does one inside believe that the writer outside has ended.
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
    const silent = new Date(Date.now() - SILENCE_MS)
    await until('the end of the heartbeat', () => {
      utimesSync(path, silent, silent)
      try {
        lockState(directory, 'outside').release()
        return true
      } catch {
        return false
      }
    })
  }))

test('a live writer outside is not dead for one in a PID namespace', (t) =>
  withDirectory(async (directory) => {
    if (!canUnshare(t)) return
    const lock = lockState(directory, 'outside')
    const child = inNamespace(directory)
    const code = await new Promise((resolve) => child.once('exit', resolve))
    assert.notEqual(code, 0)
    lock.require()
    lock.release()
  }))
