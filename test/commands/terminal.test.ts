// Progress on a terminal: the bar is gone before the summary is printed.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { sampleIn } from '../consumers/samples.ts'
import { start } from '../e2e/command.ts'
import { ROOT } from '../source-tree.ts'
import { withDirectory } from '../state-directory.ts'

const BAR = /[█░]/u
const ESCAPE = '\u001B'

/** What a command writes to a terminal of 80 columns: `script` makes one. */
async function onTerminal(args: readonly string[]): Promise<string> {
  const command = [process.execPath, join(ROOT, 'src/cli.ts'), ...args]
  const quoted = command.map((each) => `'${each}'`).join(' ')
  const shell = `stty cols 80 rows 24; ${quoted}`
  const { code, stdout } = await start('script', ['-qec', shell, '/dev/null']).ended
  assert.equal(code, 0, stdout)
  return stdout
}

test('a bar is drawn while a replay runs, and nothing of it after its summary', () =>
  withDirectory(async (directory) => {
    const file = await sampleIn(directory)
    const written = await onTerminal(['replay', file, '--state', join(directory, 'state')])
    const summary = written.slice(written.search(/account +count/))
    assert.match(written.slice(0, -summary.length), BAR)
    assert.doesNotMatch(summary, BAR)
    assert.ok(!summary.includes(ESCAPE), 'the cursor stays where the summary ends')
  }))
