// Errors of the operating system and of LMDB were reported as internal errors; a closed log ended a
// replay.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pulse, startPulse } from '../e2e/command.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import { breakStore, withDirectory } from '../state-directory.ts'

test('an error of the operating system is reported in one sentence', async () => {
  await withDirectory(async (directory) => {
    const sample = await sampleIn(directory)
    const file = join(directory, 'file')
    writeFileSync(file, '')
    const { code, stderr } = await pulse(['replay', sample, '--state', file])
    assert.match(stderr, /^xdr-pulse: \S+file is a file, expected a directory; .* --state$/m)
    assert.doesNotMatch(stderr, /\bbug\b|please report|^ +at /m)
    assert.equal(code, 1)
  })
})

test('a damaged store is refused in one sentence', async () => {
  await withDirectory(async (directory) => {
    const state = join(directory, 'state')
    assert.equal((await pulse(['replay', await sampleIn(directory), '--state', state])).code, 0)
    breakStore(join(state, 'partition-0000/data.mdb'))
    for (const command of ['report', 'status', 'top']) {
      const { code, stderr } = await pulse([command, '--state', state])
      assert.match(
        stderr,
        /^xdr-pulse: \S+data\.mdb is damaged: .*; restore the state directory from/m,
      )
      assert.doesNotMatch(stderr, /\bbug\b|please report|^ +at /m)
      assert.equal(code, 1)
    }
  })
})

test('a replay with a closed log continues to its end', async () => {
  await withDirectory(async (directory) => {
    const sample = await sampleIn(directory)
    const running = startPulse(['replay', sample, '--state', join(directory, 'state'), '--json'])
    running.process.stderr?.destroy()
    const { code, stdout } = await running.ended
    assert.equal(code, 0)
    assert.match(stdout, /"complete":true/)
  })
})
