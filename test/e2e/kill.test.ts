// A replay that is killed repeatedly at random moments ends with the state of an undisturbed one.
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
/** A child takes about 1.2 s from being ready to its end: most kills are in between. */
const LATEST_KILL_MS = 700
/** The others are while it opens and restores. */
const LATEST_EARLY_KILL_MS = 120
const EARLY_SHARE = 0.2

interface Child {
  process: ChildProcess
  words: string[]
  /** Resolves with the exit code, null after a signal. */
  ended: Promise<number | null>
  /** Resolves when the child has printed a word, or has ended. */
  prints(word: string): Promise<void>
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
  const prints = (word: string): Promise<void> => {
    const printed = new Promise<void>((resolve) => {
      const look = (): void => {
        if (words.includes(word)) resolve()
      }
      listeners.add(look)
      look()
    })
    return Promise.race([printed, ended.then(() => undefined)])
  }
  return { process: child, words, ended, prints }
}

/** The durable content of a state: positions by partition, and hashes to compare. */
interface Durable {
  positions: number[]
  hash: string
  rejectedRows: string
}

async function durableState(state: string, partitions: number): Promise<Durable | null> {
  if (!hasState(state)) return null
  const found = await readBack(state).catch((error: unknown) => {
    // The child was killed between creating the directory and the first commit.
    if ((error as { code?: string }).code === 'state-missing') return null
    throw error
  })
  if (found === null) return null
  const positions = new Array<number>(partitions).fill(0)
  let processed = 0
  let applied = 0
  for (const { partition, position } of found.positions) {
    positions[partition] = position.next
    processed += position.applied + position.rejected
    applied += position.applied
  }
  const records = found.subscribers.reduce((sum, [, row]) => sum + row[0], 0)
  assert.equal(records, found.applied, 'the records of all subscribers are the rows applied')
  assert.equal(applied, found.applied, 'the applied rows of all sources are the rows applied')
  // Each partition has processed its own rows below its position.
  assert.ok(processed >= Math.min(...positions) && processed <= Math.max(...positions))
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
  await child.prints(early ? 'started' : 'ready')
  const timer = setTimeout(() => child.process.kill('SIGKILL'), afterMs)
  const code = await child.ended
  clearTimeout(timer)
  return code
}

/** The number of kills of a series, by their moment. */
interface Hits {
  restoring: number
  /** After a commit of the killed replay itself, and before the last one. */
  between: number
  /** Replays that reached their end before the kill. */
  ended: number
}

/** Kills replays `rounds` times; when one ends, its state is compared and a new one begins. */
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
    now.forEach((position, p) => assert.ok(position >= before[p], 'a position never decreases'))
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
    assert.deepEqual(now, new Array(partitions).fill(SAMPLE.rows), 'all rows are processed')
    assert.equal(durable?.hash, whole.hash, 'the state is that of an undisturbed run')
    assert.equal(durable.rejectedRows, whole.rejectedRows, 'each rejected row is kept once')
    await rm(state, { recursive: true })
    hits.ended++
    if (last) return hits
    state = join(directory, `killed-${partitions}-${hits.ended}`)
    before = new Array<number>(partitions).fill(0)
  }
}

/** The durable content after an undisturbed replay, with which both tests compare. */
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
      assert.ok(hits.between > 0, 'some kills were between the first and the last commit')
    }
  })
})

test('a replay ends on SIGTERM with a part of the rows, and the next one applies the rest', () =>
  withDirectory(async (directory) => {
    const file = join(directory, 'sample.parquet')
    await writeSample(SAMPLE, file)
    const whole = await undisturbed(file, directory)
    const state = join(directory, 'stopped')
    const child = startReplay(file, state, 3)
    await child.prints('ready')
    child.process.kill('SIGTERM')
    assert.equal(await child.ended, 0)
    assert.deepEqual(child.words, ['started', 'ready', 'stopped'])
    assert.ok(!existsSync(join(state, 'writer.lock')), 'the directory is unlocked')
    const stopped = await durableState(state, 3)
    assert.ok(stopped !== null && stopped.positions.every((at) => at > 0 && at < SAMPLE.rows))
    assert.equal(await startReplay(file, state, 3).ended, 0)
    assert.equal((await durableState(state, 3))?.hash, whole.hash)
  }))
