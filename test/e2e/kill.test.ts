// A replay killed at random moments, again and again, ends like one that nobody disturbed.
//   XDR_PULSE_KILL_ROUNDS=500 XDR_PULSE_SEED=7 node --test test/e2e/kill.test.ts
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { writeSample } from '../../src/generate/write.ts'
import { seededRandom, type Random } from '../../src/random.ts'
import { openStateToRead, readRejected } from '../../state/read.ts'
import { hasState } from '../../state/writer.ts'
import { readBack, withDirectory } from '../state-directory.ts'

const ROUNDS = Number(process.env.XDR_PULSE_KILL_ROUNDS ?? 50)
const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)
const SAMPLE = { rows: 150_000, subscribers: 20_000, days: 9, seed: 3, dirt: 0.05 }
const COMMIT_MS = 20
/** A child takes about 1.2 s from being ready to its end: most kills hit it in between. */
const LATEST_KILL_MS = 700
/** The others hit it while it opens and restores. */
const LATEST_EARLY_KILL_MS = 120
const EARLY_SHARE = 0.2

interface Child {
  process: ChildProcess
  words: string[]
  /** Resolves with the exit code, null after a signal. */
  ended: Promise<number | null>
  says(word: string): Promise<void>
}

function startReplay(file: string, state: string, partitions: number): Child {
  const script = join(import.meta.dirname, 'replay-child.ts')
  const argv = [script, file, state, String(partitions), String(COMMIT_MS)]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  const words: string[] = []
  const listeners = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    words.push(...text.split('\n').filter((word) => word !== ''))
    for (const listener of listeners) listener()
  })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const says = (word: string): Promise<void> => {
    const said = new Promise<void>((resolve) => {
      const look = (): void => {
        if (words.includes(word)) resolve()
      }
      listeners.add(look)
      look()
    })
    return Promise.race([said, ended.then(() => undefined)])
  }
  return { process: child, words, ended, says }
}

/** What is durable: positions by partition, and what must be equal in the end. */
interface Durable {
  positions: number[]
  hash: string
  rejectedRows: string
}

async function durableState(state: string, partitions: number): Promise<Durable | null> {
  if (!hasState(state)) return null
  const found = await readBack(state).catch((error: unknown) => {
    // Killed between making the directory and the first commit.
    if ((error as { code?: string }).code === 'state-missing') return null
    throw error
  })
  if (found === null) return null
  const positions = new Array<number>(partitions).fill(0)
  let dealtWith = 0
  let applied = 0
  for (const { partition, position } of found.positions) {
    positions[partition] = position.next
    dealtWith += position.applied + position.rejected
    applied += position.applied
  }
  const records = found.subscribers.reduce((sum, [, row]) => sum + row[0], 0)
  assert.equal(records, found.applied, 'the records of all subscribers are the rows applied')
  assert.equal(applied, found.applied, 'and so are those of all sources')
  // Each partition has dealt with its own rows below its position.
  assert.ok(dealtWith >= Math.min(...positions) && dealtWith <= Math.max(...positions))
  const reading = openStateToRead(state)
  const rows = readRejected(reading, 1e6).sort((a, b) => a.row - b.row)
  await reading.close()
  const rejectedRows = createHash('sha256').update(JSON.stringify(rows)).digest('hex')
  return { positions, hash: found.hash, rejectedRows }
}

/** Kills a child at a random moment, unless it ends before; returns its exit code. */
async function killAtRandom(child: Child, random: Random): Promise<number | null> {
  const early = random() < EARLY_SHARE
  const afterMs = Math.floor(random() * (early ? LATEST_EARLY_KILL_MS : LATEST_KILL_MS))
  await child.says(early ? 'started' : 'ready')
  const timer = setTimeout(() => child.process.kill('SIGKILL'), afterMs)
  const code = await child.ended
  clearTimeout(timer)
  return code
}

/** Where the kills of a series hit. */
interface Hits {
  restoring: number
  /** Behind the first commit and before the last, and the round itself had committed. */
  between: number
  /** Replays that reached their end before the kill. */
  ended: number
}

/** Kills a replay `rounds` times; whenever one ends, its state is compared and the next begins. */
async function killSeries(
  file: string,
  directory: string,
  partitions: number,
  rounds: number,
  random: Random,
  whole: Durable,
): Promise<Hits> {
  const hits: Hits = { restoring: 0, between: 0, ended: 0 }
  let state = join(directory, `killed-${partitions}-0`)
  let before = new Array<number>(partitions).fill(0)
  for (let kills = 0; ;) {
    const last = kills >= rounds
    const child = startReplay(file, state, partitions)
    const code = await (last ? child.ended : killAtRandom(child, random))
    const durable = await durableState(state, partitions)
    const now = durable?.positions ?? before
    now.forEach((position, p) => assert.ok(position >= before[p], 'a position never goes back'))
    if (code === null) {
      kills++
      const moved = now.some((position, p) => position > before[p])
      if (!child.words.includes('ready')) hits.restoring++
      else if (moved && now.some((position) => position < SAMPLE.rows)) hits.between++
      before = now
      continue
    }
    assert.equal(code, 0)
    assert.ok(child.words.includes('done'))
    assert.deepEqual(now, new Array(partitions).fill(SAMPLE.rows), 'all rows are dealt with')
    assert.equal(durable?.hash, whole.hash, 'the state is that of an undisturbed run')
    assert.equal(durable.rejectedRows, whole.rejectedRows, 'each rejected row is kept once')
    await rm(state, { recursive: true })
    hits.ended++
    if (last) return hits
    state = join(directory, `killed-${partitions}-${hits.ended}`)
    before = new Array<number>(partitions).fill(0)
  }
}

/** Replays the sample undisturbed; both tests compare with what is durable then. */
async function undisturbed(file: string, directory: string): Promise<Durable> {
  const state = join(directory, 'whole')
  const child = startReplay(file, state, 1)
  assert.equal(await child.ended, 0)
  const durable = await durableState(state, 1)
  assert.ok(durable !== null)
  return durable
}

test(`${ROUNDS} kills leave the state of an undisturbed run, seed ${SEED}`, async (t) => {
  await withDirectory(async (directory) => {
    const file = join(directory, 'sample.parquet')
    await writeSample(SAMPLE, file)
    const whole = await undisturbed(file, directory)
    const half = Math.ceil(ROUNDS / 2)
    const series = [1, 3].map((partitions, i) => {
      const rounds = i === 0 ? half : ROUNDS - half
      const random = seededRandom(SEED + partitions)
      return killSeries(file, directory, partitions, rounds, random, whole)
    })
    for (const hits of await Promise.all(series)) {
      t.diagnostic(JSON.stringify(hits))
      assert.ok(hits.between > 0, 'kills hit a replay between its first and last commit')
    }
  })
})

test('a replay that is told to stop ends in time, and the next one goes on', () =>
  withDirectory(async (directory) => {
    const file = join(directory, 'sample.parquet')
    await writeSample(SAMPLE, file)
    const whole = await undisturbed(file, directory)
    const state = join(directory, 'stopped')
    const child = startReplay(file, state, 3)
    await child.says('ready')
    child.process.kill('SIGTERM')
    assert.equal(await child.ended, 0)
    assert.deepEqual(child.words, ['started', 'ready', 'stopped'])
    assert.ok(!existsSync(join(state, 'writer.lock')), 'the directory is given back')
    const stopped = await durableState(state, 3)
    assert.ok(stopped !== null && stopped.positions.every((at) => at > 0 && at < SAMPLE.rows))
    assert.equal(await startReplay(file, state, 3).ended, 0)
    assert.equal((await durableState(state, 3))?.hash, whole.hash)
  }))
