// Names and values from outside cannot act on a terminal, and cannot begin a line of their own.
import assert from 'node:assert/strict'
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createLog } from '../src/log.ts'
import { plainLine, plainText } from '../src/plain-text.ts'
import { reconciliationText } from '../src/terminal/summary.ts'
import { tableText } from '../src/terminal/table.ts'
import { sampleIn } from './consumers/files/samples.ts'
import { pulse } from './e2e/command.ts'
import { readTree } from './source-tree.ts'
import { withDirectory } from './state-directory.ts'

/** Clears the screen, sets the title, changes the direction of text, and begins a line. */
const HOSTILE = '\u001b[2J\u001b]0;x\u0007\u009b31m\u202egnp\u2066\u200b\r\nxdr-pulse: done'
const SHOWN = '\\u001b[2J\\u001b]0;x\\u0007\\u009b31m\\u202egnp\\u2066\\u200b\\r\\nxdr-pulse: done'
/** What a terminal must not receive from a name. */
const ACTING = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202a-\u202e\u2066-\u2069]/

describe('a text', () => {
  test('is one line without controls, and other characters stay', () => {
    assert.equal(plainLine(HOSTILE), SHOWN)
    for (const text of ['Zürich 日本 🙂 "a\\b" \'c\' €', '']) assert.equal(plainLine(text), text)
    assert.equal(plainLine('\ud800 \u{e0001}'), '\\ud800 \\udb40\\udc01')
  })

  test('of several lines keeps its line breaks only', () => {
    assert.equal(plainText(`a\n${HOSTILE}`), `a\n${SHOWN.replace('\\n', '\n')}`)
  })

  test('that is JSON keeps its value', () => {
    const value = { name: HOSTILE, more: ['\u2028', '\u{e0001}'] }
    const json = plainText(JSON.stringify(value))
    assert.doesNotMatch(json, ACTING)
    assert.deepEqual(JSON.parse(json), value)
  })
})

test('a cell of a table is one line, and its column is as wide as what is shown', () => {
  const lines = tableText([
    ['name', 'n'],
    [HOSTILE, 1],
  ]).split('\n')
  assert.equal(lines.length, 3)
  assert.ok(lines[2].startsWith(`${SHOWN}  1`))
})

test('a note of a reconciliation is one line', () => {
  const counters = { rows: 0, applied: 0, duplicate: 0, excluded: 0, subscribers: 0 }
  const found = { ...counters, rejected: {}, coerced: {}, missing: {}, skipped: [], complete: true }
  const text = reconciliationText({ ...found, notes: [`not read: ${HOSTILE}`] }, 'state')
  assert.equal(text.split('\n')[0], `not read: ${SHOWN}`)
})

test('a log line is one line, as JSON and for a person', () => {
  const lines: string[] = []
  for (const terminal of [true, false]) {
    createLog('info', terminal, (text) => lines.push(text)).warn({ topic: HOSTILE }, HOSTILE)
  }
  assert.equal(lines[0], `warning: ${SHOWN}\n`)
  assert.doesNotMatch(lines[1].trimEnd(), new RegExp(`${ACTING.source}|\n`))
  const { msg, topic } = JSON.parse(lines[1]) as Record<string, string>
  assert.deepEqual([msg, topic], [HOSTILE, HOSTILE])
})

test('a file name reaches the terminal escaped, in errors and in output', async () => {
  await withDirectory(async (directory) => {
    const name = '\u001b[31mred\u202e\nxdr-pulse: done.parquet'
    renameSync(await sampleIn(directory), join(directory, name))
    const state = ['--state', join(directory, 'state')]
    const replayed = await pulse(['replay', join(directory, name), ...state])
    const missing = await pulse(['replay', join(directory, `no${name}`), ...state])
    const status = await pulse(['status', ...state])
    const option = await pulse(['status', `--${name}`])
    for (const { stdout, stderr } of [replayed, missing, status, option]) {
      assert.doesNotMatch(stdout + stderr, ACTING)
    }
    assert.equal(replayed.code, 0, replayed.stderr)
    for (const { stdout, stderr } of [replayed, missing, status]) {
      assert.doesNotMatch(stdout + stderr, /^xdr-pulse: done/m)
    }
    assert.ok(status.stdout.includes(plainLine(name)), status.stdout + status.stderr)
    assert.ok(missing.stderr.includes(plainLine(name)), missing.stderr)
  })
})

/** Each escapes what it writes, or writes constants. */
const MAY_WRITE: ReadonlySet<string> = new Set([
  ...['src/plain-text.ts', 'src/terminal/table.ts', 'src/main.ts'],
  ...['top', 'program', 'commands', 'completion'].map((name) => `src/commands/${name}.ts`),
])

test('only these files write to stdout or stderr, so that nothing is written as it came', () => {
  const writing = readTree(['src/**/*.ts', 'consumers/**/*.ts', 'state/**/*.ts'])
    .filter(({ text }) => /\b(stdout|stderr)\.write|\bconsole\./.test(text))
    .map(({ path }) => path)
  assert.deepEqual(new Set(writing.sort()), new Set([...MAY_WRITE].sort()))
})
