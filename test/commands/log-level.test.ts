// The log levels of a process that serves: debug adds commits and snapshots.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { sampleIn } from '../consumers/files/samples.ts'
import { startPulse } from '../e2e/command.ts'
import { withDirectory } from '../state-directory.ts'

/** The messages of a replay that serves, up to its end and a snapshot. */
const logOf = (level: string): Promise<string[]> =>
  withDirectory(async (directory) => {
    const file = await sampleIn(directory)
    const argv = ['replay', file, '--state', join(directory, 'state'), '--serve', '--port', '0']
    const running = startPulse([...argv, '--log-level', level])
    await running.prints(/all rows are applied/)
    running.process.kill('SIGTERM')
    const { code, stderr } = await running.ended
    assert.equal(code, 0, stderr)
    const lines = stderr.split('\n').filter((line) => line.startsWith('{'))
    return lines.map((line) => (JSON.parse(line) as { msg: string }).msg)
  })

test('debug adds commits and snapshots to info', async () => {
  const [info, debug] = [await logOf('info'), await logOf('debug')]
  for (const pattern of [/^commit \d+: \d+ rows applied/, /^snapshot \d+: \d+ subscribers/]) {
    assert.ok(
      debug.some((message) => pattern.test(message)),
      debug.join('\n'),
    )
    assert.ok(!info.some((message) => pattern.test(message)), info.join('\n'))
  }
  assert.ok(info.some((message) => message.includes('live page')))
})
