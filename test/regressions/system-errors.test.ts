// Errors of the operating system were shown as bugs, and a closed log ended a replay.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pulse, startPulse } from '../e2e/command.ts'
import { sampleIn } from '../consumers/samples.ts'
import { withDirectory } from '../state-directory.ts'

test('what the operating system refuses is said in one sentence', async () => {
  await withDirectory(async (directory) => {
    const sample = await sampleIn(directory)
    const file = join(directory, 'file')
    writeFileSync(file, '')
    const { code, stderr } = await pulse(['replay', sample, '--state', file])
    assert.match(stderr, /^xdr-pulse: EEXIST: .*mkdir.*check that path and its rights$/m)
    assert.doesNotMatch(stderr, /a bug of ours|^ +at /m)
    assert.equal(code, 1)
  })
})

test('a replay whose log nobody reads any more goes on to its end', async () => {
  await withDirectory(async (directory) => {
    const sample = await sampleIn(directory)
    const running = startPulse(['replay', sample, '--state', join(directory, 'state'), '--json'])
    running.process.stderr?.destroy()
    const { code, stdout } = await running.ended
    assert.equal(code, 0)
    assert.match(stdout, /"complete":true/)
  })
})
