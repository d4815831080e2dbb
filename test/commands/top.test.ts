// `top --watch` shows it again and again until a signal; tables have colours on a terminal only.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { tableText } from '../../src/terminal/table.ts'
import { fitted, sideBySide } from '../../src/commands/top.ts'
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
      await running.prints(/upload[^]*\f[^]*upload[^]*\f/)
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

  test('prints one JSON object per line', async () => {
    const running = startPulse(['top', '--watch', '0.2', '--json', '--state', state])
    await running.prints(/\n.*\n/)
    running.process.kill('SIGINT')
    const { code, stdout } = await running.ended
    assert.equal(code, 0)
    const [line] = stdout.split('\n')
    const { asOf, top, subscribers } = JSON.parse(line) as {
      asOf: { commit: number; timeMs: number; positions: object[] }
      top: object
      subscribers: number
    }
    const once = await pulse(['top', '--json', '--state', state])
    const { asOf: later, ...same } = JSON.parse(once.stdout) as { asOf: typeof asOf }
    assert.deepEqual([top, subscribers], [same, 49])
    assert.ok(later.timeMs > asOf.timeMs)
    assert.deepEqual({ ...later, timeMs: 0 }, { ...asOf, timeMs: 0 })
    assert.equal(asOf.positions.length, 1)
  })

  test('shows one list with --by, as text and as JSON', async () => {
    const only = ['top', '--by', 'uplinkBytes', '--state', state]
    const [text, json, all] = await Promise.all(
      [only, [...only, '--json'], ['top', '--json', '--state', state]].map((argv) => pulse(argv)),
    )
    assert.match(text.stdout, /^rank +MSISDN +upload\n/)
    assert.equal(text.stdout.match(/rank/g)!.length, 1)
    const { uplinkBytes } = JSON.parse(all.stdout) as { uplinkBytes: unknown }
    const { asOf, ...lists } = JSON.parse(json.stdout) as Record<string, unknown>
    assert.deepEqual(lists, { uplinkBytes })
    assert.ok(asOf)
    const wrong = await pulse(['top', '--by', 'uplink', '--state', state])
    assert.equal(wrong.code, 2)
    assert.match(wrong.stderr, /--by is "uplink", expected one of all, sessions, .*uplinkBytes/)
  })

  test('takes no option that a top list does not depend on', async () => {
    for (const option of ['--k', '--features', '--scaling', '--seed', '--exclude-application']) {
      const { code, stderr } = await pulse(['top', option, '1', '--state', state])
      assert.equal(code, 2)
      assert.match(stderr, /unknown option/)
    }
  })

  test('names a state directory that does not exist, and ends', async () => {
    const { code, stderr } = await pulse(['top', '--watch', '--state', join(home, 'nowhere')])
    assert.equal(code, 1)
    assert.match(stderr, /nowhere holds no state/)
  })

  test('takes seconds and nothing else', async () => {
    for (const wrong of ['0.01', 'x', '-1', '1e9']) {
      const { code, stderr } = await pulse(['top', `--watch=${wrong}`, '--state', state])
      assert.equal(code, 2)
      assert.match(stderr, /--watch is ".*", expected off or a number of seconds, at least 0\.1/)
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

  test('of 80 by 24 shows one list whole, and the number of lines cut of many lists', async () => {
    const watched = async (words: string, until: RegExp): Promise<string[]> => {
      const command = `stty rows 24 cols 80; exec ${process.execPath} ${CLI} top --watch 0.2 ${words}`
      const argv = ['-qefc', `${command} --state ${state}`, '/dev/null']
      const running = start(SCRIPT, argv, { env: { TERM: 'xterm', NO_COLOR: '1' } })
      const [screen] = await running.prints(until)
      running.process.kill()
      await running.ended
      return screen.split('\r\n')
    }
    const cut = await watched('', /^[^]*? more lines; --by METRIC shows one list/)
    assert.equal(cut.length, 23)
    const whole = await watched('--by uplinkBytes', /^[^]*?upload[^]*? 10 {2}[^]*?\r\n/)
    assert.ok(whole.length < 23)
    assert.ok(!whole.join().includes('more lines'))
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

  test('are cut to the terminal, with the number of lines cut', () => {
    const text = 'aaaaaa\nb\nc'
    const cut = (columns: number, rows: number) => fitted(text, { columns, rows }, '!')
    assert.equal(cut(80, 3), text)
    assert.equal(cut(3, 3), 'aaa\nb\nc')
    assert.equal(cut(80, 2), 'aaaaaa\n… 2 more lines!')
    assert.equal(cut(80, 1), '… 3 more lines!')
  })

  test('are placed beside each other within the width', () => {
    const [a, b, c] = ['aaaa\na', 'bbbb\nb\nb', 'cccc']
    assert.equal(sideBySide([a, b, c], 12), 'aaaa    bbbb\na       b\n        b\n\ncccc')
    assert.equal(sideBySide([a, b, c], 3), 'aaaa\na\n\nbbbb\nb\nb\n\ncccc')
  })
})
