// A thread that reads the state ends by itself; it is terminated only during a pure computation.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import {
  requestEnd,
  computeInterruptibly,
  createShutdownFlag,
  throwIfEnding,
} from '../../src/process/shutdown.ts'
import { until } from '../until.ts'

const ENDED = /has ended/

test('a thread that must end while it reads is notified, and starts no computation', () => {
  const flag = createShutdownFlag()
  throwIfEnding(flag)
  assert.equal(
    computeInterruptibly(flag, () => 7),
    7,
  )
  throwIfEnding(flag)
  assert.equal(requestEnd(flag), false)
  assert.throws(() => throwIfEnding(flag), ENDED)
  assert.throws(() => computeInterruptibly(flag, () => assert.fail('nothing is computed')), ENDED)
  assert.equal(requestEnd(flag), false, 'a second request does not terminate')
})

test('after a failed computation the thread is not terminated', () => {
  const flag = createShutdownFlag()
  const failing = (): never => {
    throw new Error('no')
  }
  assert.throws(() => computeInterruptibly(flag, failing), /no/)
  assert.equal(requestEnd(flag), false, 'the computation has ended')
})

const SCRIPT = `
const { parentPort, workerData } = require('node:worker_threads')
import(workerData.module).then(({ computeInterruptibly }) => {
  const { flag, go } = workerData
  computeInterruptibly(flag, () => {
    parentPort.postMessage('computes')
    Atomics.wait(go, 0, 0)
  })
  parentPort.postMessage('has continued')
})`

test('a thread that must be terminated does not continue after its computation', async () => {
  const flag = createShutdownFlag()
  const go = new Int32Array(new SharedArrayBuffer(4))
  const module = new URL('../../src/process/shutdown.ts', import.meta.url).href
  const worker = new Worker(SCRIPT, { eval: true, workerData: { module, flag, go } })
  const messages: unknown[] = []
  worker.on('message', (message) => messages.push(message))
  await once(worker, 'message')
  assert.equal(requestEnd(flag), true)
  Atomics.store(go, 0, 1)
  Atomics.notify(go, 0)
  // Only a thread that waits can be woken; one that does not wait sends its next message.
  await until('a waiting thread', () => messages.length > 1 || Atomics.notify(flag, 0) === 1)
  assert.deepEqual(messages, ['computes'])
  await worker.terminate()
})
