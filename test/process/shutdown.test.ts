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
  const stay = createShutdownFlag()
  throwIfEnding(stay)
  assert.equal(
    computeInterruptibly(stay, () => 7),
    7,
  )
  throwIfEnding(stay)
  assert.equal(requestEnd(stay), false)
  assert.throws(() => throwIfEnding(stay), ENDED)
  assert.throws(() => computeInterruptibly(stay, () => assert.fail('nothing is computed')), ENDED)
  assert.equal(requestEnd(stay), false, 'asking twice cuts nothing off')
})

test('who computes may be cut off, also after one that failed', () => {
  const stay = createShutdownFlag()
  const failing = (): never => {
    throw new Error('no')
  }
  assert.throws(() => computeInterruptibly(stay, failing), /no/)
  assert.equal(requestEnd(stay), false, 'it computes no more')
})

const SCRIPT = `
const { parentPort, workerData } = require('node:worker_threads')
import(workerData.module).then(({ computeInterruptibly }) => {
  const { stay, go } = workerData
  computeInterruptibly(stay, () => {
    parentPort.postMessage('computes')
    Atomics.wait(go, 0, 0)
  })
  parentPort.postMessage('has come to more')
})`

test('who is to be cut off comes to nothing more, even when it is done before that', async () => {
  const stay = createShutdownFlag()
  const go = new Int32Array(new SharedArrayBuffer(4))
  const module = new URL('../../src/process/shutdown.ts', import.meta.url).href
  const worker = new Worker(SCRIPT, { eval: true, workerData: { module, stay, go } })
  const said: unknown[] = []
  worker.on('message', (message) => said.push(message))
  await once(worker, 'message')
  assert.equal(requestEnd(stay), true)
  Atomics.store(go, 0, 1)
  Atomics.notify(go, 0)
  // Only a thread that waits can be woken; one that does not wait sends its next message.
  await until('a waiting thread', () => said.length > 1 || Atomics.notify(stay, 0) === 1)
  assert.deepEqual(said, ['computes'])
  await worker.terminate()
})
