// A second demo deleted the state of the first before its first commit.
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openState } from '../../state/writer.ts'
import { pulse } from '../e2e/command.ts'
import { withDirectory } from '../state-directory.ts'
import { OPTIONS } from '../state/stores.ts'

test('a demo does not delete the state of one that has yet to commit', async () => {
  await withDirectory(async (directory) => {
    const state = join(directory, 'demo')
    const first = await openState(state, OPTIONS, 'demo')
    writeFileSync(join(state, 'made-by-demo'), '')
    const { code, stderr } = await pulse(['demo', '--state', state, '--rows', '100', '--port', '0'])
    assert.match(stderr, /is being written by process/)
    assert.equal(code, 1)
    assert.ok(existsSync(join(state, 'partition-0000')))
    await first.close()
  })
})
