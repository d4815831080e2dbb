// What starting costs: a command loads the packages of its own work, and leaves nothing behind.
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { sampleIn } from '../consumers/files/samples.ts'
import { pulse, start } from '../e2e/command.ts'
import { withDirectory } from '../state-directory.ts'

const SPY = join(import.meta.dirname, 'loaded-packages.ts')

/** Packages that take a large part of a start. */
const HEAVY = ['@platformatic/kafka', '@duckdb/node-api', 'fastify', 'lmdb', 'pino', 'cli-progress']

/** The entry point of a checkout. */
const START = join(import.meta.dirname, '../../src/start.js')

/** All that the ingest thread of a consumer runs. */
const CONSUME = join(import.meta.dirname, '../../consumers/kafka/consumer.ts')

/** All that the snapshot thread computes with. */
const SNAPSHOT = join(import.meta.dirname, '../../src/snapshot/snapshot.ts')

/** The packages that a command and its threads load, or one script. */
async function loadedBy(run: string[] | string, directory: string): Promise<Set<string>> {
  const file = join(directory, 'loaded')
  writeFileSync(file, '')
  const env = { NODE_OPTIONS: `--import=${SPY}`, LOADED_PACKAGES: file }
  const { code, stderr } = await (typeof run === 'string'
    ? start(process.execPath, [run], { env }).ended
    : pulse(run, { env }))
  assert.equal(code, 0, stderr)
  return new Set(readFileSync(file, 'utf8').split('\n'))
}

async function heavyOf(run: string[] | string, directory: string): Promise<string[]> {
  const loaded = await loadedBy(run, directory)
  assert.ok(loaded.size > 1, 'the packages are seen')
  return HEAVY.filter((name) => loaded.has(name))
}

describe('a start loads', () => {
  test('nothing heavy for help', () =>
    withDirectory(async (directory) => {
      for (const argv of [['--help'], ['run', '--help']]) {
        assert.deepEqual(await heavyOf(argv, directory), [], argv.join(' '))
      }
    }))

  test('the store alone for reading a state, and no Kafka for files', () =>
    withDirectory(async (directory) => {
      const state = ['--state', join(directory, 'state')]
      const replay = ['replay', await sampleIn(directory), ...state]
      assert.deepEqual(await heavyOf(replay, directory), ['@duckdb/node-api', 'lmdb'])
      for (const command of ['status', 'top', 'segments', 'report', 'rejected']) {
        assert.deepEqual(await heavyOf([command, ...state], directory), ['lmdb'], command)
      }
    }))

  test('no DuckDB for a topic', () =>
    withDirectory(async (directory) => {
      assert.deepEqual(await heavyOf(CONSUME, directory), ['@platformatic/kafka', 'lmdb'])
    }))

  test('no package for computing a snapshot', () =>
    withDirectory(async (directory) => {
      assert.deepEqual([...(await loadedBy(SNAPSHOT, directory))], [''])
    }))
})

test('a checkout strips types at the first start only', async () => {
  const list = 'process.moduleLoadList.some((name) => name.includes("amaro"))'
  const print = `process.on("exit", () => console.error("strips:", ${list}))`
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(print)}` }
  const help = () => start(process.execPath, [START, '--help'], { env }).ended
  await help()
  const { stderr, stdout, code } = await help()
  assert.match(stderr, /^strips: false$/m)
  assert.match(stdout, /^Usage: xdr-pulse /)
  assert.equal(code, 0)
})

test('where compiled code cannot be kept, nothing is left in the working directory', () =>
  withDirectory(async (directory) => {
    const cwd = join(directory, 'cwd')
    const sample = await sampleIn(directory)
    mkdirSync(cwd)
    const { code, stderr } = await pulse(['replay', sample, '--state', join(directory, 'state')], {
      env: { TMPDIR: sample },
      cwd,
    })
    // TMPDIR is a file, so nothing can be spilled either.
    assert.equal(code, 1)
    assert.match(stderr, /ENOTDIR/)
    assert.deepEqual(readdirSync(cwd), [])
  }))
