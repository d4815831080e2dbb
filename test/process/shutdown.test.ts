// A thread that reads the state ends by itself; it is cut off only while it computes alone.
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

test('who is asked to end while it reads learns it, and computes no more', () => {
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
  assert.equal(requestEnd(flag), false, 'asking twice cuts nothing off')
})

test('who computes may be cut off, also after one that failed', () => {
  const flag = createShutdownFlag()
  const failing = (): never => {
    throw new Error('no')
  }
  assert.throws(() => computeInterruptibly(flag, failing), /no/)
  assert.equal(requestEnd(flag), false, 'it computes no more')
})

const SCRIPT = `
const { parentPort, workerData } = require('node:worker_threads')
import(workerData.module).then(({ computeInterruptibly }) => {
  const { flag, go } = workerData
  computeInterruptibly(flag, () => {
    parentPort.postMessage('computes')
    Atomics.wait(go, 0, 0)
  })
  parentPort.postMessage('has come to more')
})`

test('who is to be cut off comes to nothing more, even when it is done before that', async () => {
  const flag = createShutdownFlag()
  const go = new Int32Array(new SharedArrayBuffer(4))
  const module = new URL('../../src/process/shutdown.ts', import.meta.url).href
  const worker = new Worker(SCRIPT, { eval: true, workerData: { module, flag, go } })
  const said: unknown[] = []
  worker.on('message', (message) => said.push(message))
  await once(worker, 'message')
  assert.equal(requestEnd(flag), true)
  Atomics.store(go, 0, 1)
  Atomics.notify(go, 0)
  // Only a thread that waits can be woken; one that does not wait sends its next message.
  await until('a waiting thread', () => said.length > 1 || Atomics.notify(flag, 0) === 1)
  assert.deepEqual(said, ['computes'])
  await worker.terminate()
})
