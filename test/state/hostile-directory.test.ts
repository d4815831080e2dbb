// A pipe, device or directory in place of a state or of one of its files is named without waiting.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { openState } from '../../state/writer.ts'
import { withDirectory } from '../state-directory.ts'
import { apply, batchOf, OPTIONS } from './stores.ts'
import { commitPartition } from '../../state/commit.ts'

const SCRIPT = join(import.meta.dirname, 'hostile-open.ts')
/** A process that waits for a pipe, or that looks for a directory forever, is ended then. */
const LIMIT_MS = 60_000

/** What can stand in place of a file, and how a sentence names it. */
const PLACED: Readonly<Record<string, [make: (path: string) => void, named: RegExp]>> = {
  directory: [(path) => mkdirSync(path), /is a directory, expected a file of a state/],
  pipe: [(path) => execFileSync('mkfifo', [path]), /is a named pipe, expected a file/],
  device: [
    (path) => symlinkSync('/dev/zero', path),
    /is a (device|symbolic link), expected a file/,
  ],
  loop: [(path) => symlinkSync(path, path), /is a symbolic link to itself|is a symbolic link, exp/],
}

async function makeState(directory: string): Promise<void> {
  const state = await openState(directory, OPTIONS, 'test')
  apply(
    state.partitions[0],
    batchOf(Float64Array.of(336), () => 0.5),
  )
  commitPartition(state.partitions[0], 10)
  await state.close()
}

/** Opens in a process of its own, since a synchronous call that waits cannot be ended. */
function messagesOf(good: string, pairs: string[]): Map<string, string> {
  const argv = [SCRIPT, good, ...pairs]
  const { stdout, signal } = spawnSync(process.execPath, argv, { timeout: LIMIT_MS })
  const lines = stdout.toString().trim().split('\n')
  assert.equal(signal, null, `waited after ${lines.at(-1)}`)
  return new Map(
    lines.map((line) => {
      const { pair, message } = JSON.parse(line) as { pair: string; message: string }
      return [pair, message]
    }),
  )
}

describe('a state', () => {
  test('is opened only where its files are', () =>
    withDirectory(async (directory) => {
      const [good, pipe] = [join(directory, 'good'), join(directory, 'pipe')]
      await makeState(good)
      execFileSync('mkfifo', [pipe])
      const expected: [string, RegExp][] = [
        [`read|${good}`, /^opened$/],
        ['read|/proc', /holds no state/],
        ['read|/dev/null', /holds no state/],
        [`read|${pipe}`, /holds no state/],
        [`restore from|${pipe}`, /is not a backup/],
      ]
      for (const way of ['write', 'back up to', 'restore to']) {
        expected.push(
          [`${way}|/proc`, /\/proc cannot hold new files, expected a directory of a volume/],
          [`${way}|/proc/self/a/b`, /PulseError: \/proc\/self\/a does not exist \(ENOENT\)/],
          [`${way}|/dev/null`, /is a device, expected a directory; move it away/],
          [`${way}|/dev/null/a`, /is not a directory, or lies below a file/],
          [`${way}|${pipe}`, /is a named pipe, expected a directory; move it away/],
        )
      }
      const found = messagesOf(
        good,
        expected.map(([pair]) => pair),
      )
      for (const [pair, sentence] of expected) assert.match(found.get(pair) ?? '', sentence, pair)
    }))

  test('is refused when one of its files is something else', () =>
    withDirectory(async (directory) => {
      const good = join(directory, 'good')
      await makeState(good)
      const expected: [string, RegExp][] = []
      for (const file of ['partition-0000/data.mdb', 'partition-0000/lock.mdb', 'writer.lock']) {
        for (const [name, [make, named]] of Object.entries(PLACED)) {
          const state = join(directory, `${name}-${file.replace('/', '-')}`)
          cpSync(good, state, { recursive: true })
          rmSync(join(state, file), { force: true })
          make(join(state, file))
          expected.push([`write|${state}`, named])
          if (file !== 'writer.lock') expected.push([`read|${state}`, named])
        }
      }
      const dangling = join(directory, 'dangling')
      cpSync(good, dangling, { recursive: true })
      symlinkSync('/nonexistent/a', join(dangling, 'writer.lock'))
      expected.push([`write|${dangling}`, /writer.lock is a symbolic link, expected a file/])
      const found = messagesOf(
        good,
        expected.map(([pair]) => pair),
      )
      for (const [pair, sentence] of expected) assert.match(found.get(pair) ?? '', sentence, pair)
    }))

  for (const bytes of [0, 5000]) {
    test(`is refused when its data file has ${bytes} bytes`, () =>
      withDirectory(async (directory) => {
        await makeState(directory)
        truncateSync(join(directory, 'partition-0000', 'data.mdb'), bytes)
        const pairs = [`read|${directory}`, `write|${directory}`]
        const expected = `is damaged: it has ${bytes} bytes, expected at least 8192; restore`
        for (const message of messagesOf(directory, pairs).values()) {
          assert.ok(message.includes(expected), message)
        }
      }))
  }

  test('is refused when its first partition is empty or missing and another one has rows', () =>
    withDirectory(async (directory) => {
      const two = { ...OPTIONS, partitions: 2 }
      const state = await openState(directory, two, 'test')
      apply(
        state.partitions[1],
        batchOf(Float64Array.of(336), () => 0.5),
      )
      commitPartition(state.partitions[1], 10)
      await state.close()
      const file = join(directory, 'partition-0000', 'data.mdb')
      truncateSync(file, 0)
      await assert.rejects(openState(directory, two, 'test'), /has 0 bytes, expected at least 8192/)
      rmSync(file)
      await assert.rejects(openState(directory, two, 'test'), /partition-0000 is missing or empty/)
    }))
})

test('a lock of any text is that of no process', async () => {
  const texts = [
    'null',
    '5',
    '[]',
    '{"pid":"../x"}',
    '{"pid":-1,"host":"h","processStart":""}',
    '\0',
  ]
  for (const text of texts) {
    await withDirectory(async (directory) => {
      writeFileSync(join(directory, 'writer.lock'), text)
      const state = await openState(directory, OPTIONS, 'test')
      await state.close()
    })
  }
})
