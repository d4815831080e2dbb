// A stop ends the process in bounded time, also while a thread is in an endless loop.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

const SIGNALS = new URL('../../src/process/signals.ts', import.meta.url).href

/** Sends SIGTERM to a script once it has printed a line; returns how it ended. */
async function stop(script: string): Promise<{ signal: string | null; stderr: string }> {
  const source = `import { onSignals } from '${SIGNALS}'\n${script}\nconsole.log('ready')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source])
  const stderr = text(child.stderr)
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null]
  return { signal, stderr: await stderr }
}

test('a signal ends a process whose thread no longer answers, with a sentence', async () => {
  const { signal, stderr } = await stop(`
    import { Worker } from 'node:worker_threads'
    new Worker('for (;;);', { eval: true })
    onSignals(() => undefined, { silentMs: () => 12_000 })`)
  assert.equal(signal, 'SIGTERM')
  assert.match(stderr, /has not answered for 12 seconds; the process ends now/)
})

test('a signal ends a process that has nothing to drain, without a sentence', async () => {
  const { signal, stderr } = await stop(`
    setInterval(() => undefined, 1000)
    onSignals(() => undefined, { hasBegun: () => false })`)
  assert.equal(signal, 'SIGTERM')
  assert.equal(stderr, '')
})
