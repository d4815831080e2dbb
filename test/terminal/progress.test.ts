// Progress on a terminal: each long step is shown, and the bar is removed before other output.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createLines, shownView } from '../../src/terminal/progress.ts'
import { withView } from '../../state/read.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import { pulse, start } from '../e2e/command.ts'
import { ROOT } from '../source-tree.ts'
import { withDirectory } from '../state-directory.ts'

const BAR = /[█░]/u
const ESCAPE = '\u001B'

/** The output of a command on a terminal of 80 columns, which `script` provides. */
async function onTerminal(args: readonly string[], stdout?: string): Promise<string> {
  const command = [process.execPath, join(ROOT, 'src/cli.ts'), ...args]
  const quoted = command.map((each) => `'${each}'`).join(' ')
  const shell = `stty cols 80 rows 24; ${quoted}${stdout === undefined ? '' : ` > '${stdout}'`}`
  const shown = await start('script', ['-qec', shell, '/dev/null']).ended
  assert.equal(shown.code, 0, shown.stdout)
  return shown.stdout
}

test('a bar is drawn while a replay runs, and is not drawn after its summary', () =>
  withDirectory(async (directory) => {
    const file = await sampleIn(directory)
    const written = await onTerminal(['replay', file, '--state', join(directory, 'state')])
    const summary = written.slice(written.search(/reconciliation +rows/))
    assert.match(written.slice(0, -summary.length), BAR)
    assert.doesNotMatch(summary, BAR)
    assert.ok(!summary.includes(ESCAPE), 'the cursor stays where the summary ends')
  }))

/** The texts of a bar in order, without repetitions, each with its noun. */
const stepsOf = (written: string): string[] => {
  const matches = [...written.matchAll(/[█░] \d+% \| ([^|\u001B]+) \| [\d,]+ of [\d,]+ (\w+)/gu)]
  const steps = matches.map(([, what, noun]) => `${what}: ${noun}`)
  return steps.filter((step, at) => step !== steps[at - 1])
}

test('every pass and every file of a long command is shown, and not on stdout', () =>
  withDirectory(async (directory) => {
    const file = await sampleIn(directory)
    const [state, page, tables] = ['state', 'report.html', 'tables'].map((name) =>
      join(directory, name),
    )
    assert.equal((await pulse(['replay', file, '--state', state])).code, 0)
    const stdout = join(directory, 'stdout')
    const run = async (...args: string[]): Promise<string[]> => {
      const written = await onTerminal([...args, '--state', state, '--json'], stdout)
      assert.doesNotThrow(() => void JSON.parse(readFileSync(stdout, 'utf8')))
      assert.doesNotMatch(written, /\?(25|7)[hl]/, 'a kill leaves the terminal as it was')
      return stepsOf(written)
    }
    const reading = ['reading: subscribers', 'finding segments: subscribers']
    assert.deepEqual(await run('report'), reading)
    assert.deepEqual(await run('segments'), reading)
    assert.deepEqual(await run('report', '--html', page, '--export', tables), [
      ...reading,
      'reading for the tables: subscribers',
      'filling the tables: subscribers',
      'reading for the hash: subscribers',
      'hashing: subscribers',
      ...['subscribers', 'top', 'applications', 'segments', 'hours'].map(
        (name) => `writing ${name}.parquet: files`,
      ),
    ])
    const [{ msisdn }] = (
      JSON.parse((await pulse(['top', '--state', state, '--json'])).stdout) as {
        sessions: [{ msisdn: number }]
      }
    ).sessions
    assert.deepEqual(await run('subscriber', String(msisdn)), [
      'looking up: subscribers',
      ...reading,
      'ranking: subscribers',
    ])
    assert.deepEqual(await run('verify', file), [
      'reading the files: rows',
      'reading the state: subscribers',
      'comparing: subscribers',
    ])
  }))

test('a pass reports the number of subscribers that it has read so far', () =>
  withDirectory(async (directory) => {
    const file = await sampleIn(directory, { subscribers: 4000 })
    const state = join(directory, 'state')
    assert.equal((await pulse(['replay', file, '--state', state])).code, 0)
    const updates: [number, string][] = []
    const total = await withView(state, (view) => {
      const update = (done: number, of: number, more: string): void => {
        assert.equal(of, view.counters.subscribers)
        updates.push([done, more])
      }
      const shown = shownView(view, { update, end: () => undefined }, 'reading', 'counting')
      let seen = 0
      shown.scan((_, count) => {
        assert.deepEqual(updates.at(-1), [seen, 'reading'])
        seen += count
      })
      return seen
    })
    assert.deepEqual(
      [updates.at(0), updates.at(-1)],
      [
        [0, 'reading'],
        [total, 'counting'],
      ],
    )
    assert.ok(updates.length > 4, 'more than once')
  }))

test('without a terminal there is a line every five seconds, none for shorter work', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1e12 })
  const lines: string[] = []
  t.mock.method(process.stderr, 'write', (line: string) => lines.push(line) > 0)
  const display = createLines('report')
  for (let second = 0; second <= 12; second++) {
    display.update(second * 1000, 12_000, 'reading', 'subscribers')
    t.mock.timers.tick(1000)
  }
  display.end()
  t.mock.restoreAll()
  assert.deepEqual(lines, [
    'report 41% (5,000 of 12,000 subscribers), reading\n',
    'report 83% (10,000 of 12,000 subscribers), reading\n',
  ])
})
