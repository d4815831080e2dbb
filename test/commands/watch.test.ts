// `top --watch` shows it again and again until a signal; tables have colours on a terminal only.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { tableText } from '../../src/commands/output.ts'
import { sideBySide } from '../../src/commands/watch.ts'
import { pulse, start, startPulse } from '../e2e/command.ts'

const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli.ts')
const SCRIPT = '/usr/bin/script'
const ESCAPE = '\u001b'

let home = ''
let state = ''

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'xdr-pulse-watch-'))
  state = join(home, 'state')
  const file = join(home, 'sample.parquet')
  await pulse(['generate', '--rows', '500', '--subscribers', '50', '--dirt', '0', '--out', file])
  const { code, stderr } = await pulse(['replay', file, '--state', state])
  assert.equal(code, 0, stderr)
})
after(() => rm(home, { recursive: true }))

describe('--watch', () => {
  test('prints a page each time, and a signal ends it with 0', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const running = startPulse(['top', '--top', '1', '--watch', '0.2', '--state', state])
      await running.says(/upload[^]*\f[^]*upload[^]*\f/)
      running.process.kill(signal)
      const { code, stdout, stderr } = await running.ended
      assert.deepEqual([code, stderr], [0, ''])
      assert.ok(!stdout.includes(ESCAPE))
      const [first, second] = stdout
        .split('\f\n')
        .map((page) => page.split('\n').slice(1).join('\n'))
      assert.equal(first, second)
      assert.match(stdout, /^\d\d:\d\d:\d\d {2}.*: 49 subscribers, 500 records, commit/)
    }
  })

  test('prints an object a line as JSON', async () => {
    const running = startPulse(['top', '--watch', '0.2', '--json', '--state', state])
    await running.says(/\n.*\n/)
    running.process.kill('SIGINT')
    const { code, stdout } = await running.ended
    assert.equal(code, 0)
    const [line] = stdout.split('\n')
    const { top, subscribers } = JSON.parse(line) as { top: unknown; subscribers: number }
    const once = await pulse(['top', '--json', '--state', state])
    assert.deepEqual([top, subscribers], [JSON.parse(once.stdout), 49])
  })

  test('names a state that is not there, and ends', async () => {
    const { code, stderr } = await pulse(['top', '--watch', '--state', join(home, 'nowhere')])
    assert.equal(code, 1)
    assert.match(stderr, /nowhere holds no state/)
  })

  test('takes seconds and nothing else', async () => {
    for (const wrong of ['0.01', 'x', '-1', '1e9']) {
      const { code, stderr } = await pulse(['top', `--watch=${wrong}`, '--state', state])
      assert.equal(code, 2)
      assert.match(stderr, /--watch is ".*", expected off or seconds from 0\.1 on/)
    }
  })
})

describe('on a terminal', { skip: existsSync(SCRIPT) ? false : 'needs script(1)' }, () => {
  /** What a command prints into a pseudo-terminal. */
  const onTerminal = async (words: string, env: Record<string, string> = {}): Promise<string> => {
    // Under CI Node.js takes no terminal for one that shows colours.
    const command = `env -u CI ${process.execPath} ${CLI} ${words} --state ${state}`
    const argv = ['-qefc', command, '/dev/null']
    return (await start(SCRIPT, argv, { env: { TERM: 'xterm', ...env } }).ended).stdout
  }

  test('headings are bold, but not with NO_COLOR, and not as JSON', async () => {
    assert.ok((await onTerminal('top --top 1')).includes(`${ESCAPE}[1m`))
    assert.ok(!(await onTerminal('top --top 1', { NO_COLOR: '1' })).includes(ESCAPE))
    assert.ok(!(await onTerminal('top --top 1 --json')).includes(ESCAPE))
    assert.ok(!(await pulse(['top', '--top', '1', '--state', state])).stdout.includes(ESCAPE))
  })
})

describe('tables', () => {
  test('have numbers to the right, with their units, and words to the left', () => {
    const text = tableText([
      ['rank', 'name', 'traffic'],
      ['1', 'a', '1.5 GB'],
      ['10', 'bb', '900 MB'],
      ['11', 'c', ''],
    ])
    assert.deepEqual(text.split('\n').slice(2), [
      '   1  a      1.5 GB',
      '  10  bb     900 MB',
      '  11  c',
    ])
  })

  test('stand beside each other as far as the width goes', () => {
    const [a, b, c] = ['aaaa\na', 'bbbb\nb\nb', 'cccc']
    assert.equal(sideBySide([a, b, c], 12), 'aaaa    bbbb\na       b\n        b\n\ncccc')
    assert.equal(sideBySide([a, b, c], 3), 'aaaa\na\n\nbbbb\nb\nb\n\ncccc')
  })
})
