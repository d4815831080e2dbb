// Opening a state directory for writing: locks, options, formats, damage, and their errors.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { PulseError, type ErrorCode } from '../../src/errors.ts'
import { seededRandom } from '../../src/random.ts'
import { commitPartition } from '../../state/commit.ts'
import { FORMAT } from '../../state/partition-metadata.ts'
import { openStateToRead } from '../../state/read.ts'
import { writeStamp } from '../../state/stamp.ts'
import { openPartition, partitionDirectory } from '../../state/store.ts'
import { hasState, openState, type StateOptions } from '../../state/writer.ts'
import { withDirectory } from '../state-directory.ts'
import { apply, batchOf, OPTIONS } from './stores.ts'

const isTrouble = (code: ErrorCode, ...sentences: (RegExp | string)[]) =>
  function (error: unknown): true {
    assert.ok(error instanceof PulseError, String(error))
    assert.equal(error.code, code)
    for (const sentence of sentences) {
      if (typeof sentence === 'string') assert.ok(error.message.includes(sentence), error.message)
      else assert.match(error.message, sentence)
    }
    return true
  }

async function makeState(directory: string, options: Partial<StateOptions> = {}): Promise<void> {
  const state = await openState(directory, { ...OPTIONS, ...options }, 'test')
  for (const partition of state.partitions) {
    apply(
      partition,
      batchOf(Float64Array.of(33600000001 + partition.store.partition), () => 0.5),
    )
    commitPartition(partition, 10)
  }
  await state.close()
}

test('a second writer is refused with the pid and command of the first', () =>
  withDirectory(async (directory) => {
    const state = await openState(directory, OPTIONS, 'replay of the day')
    const refusal = isTrouble('state-locked', `process ${process.pid}`, 'replay of the day')
    await assert.rejects(openState(directory, OPTIONS, 'another'), refusal)
    await state.close()
    assert.equal(existsSync(join(directory, 'writer.lock')), false)
    await (await openState(directory, OPTIONS, 'another')).close()
  }))

test('the lock of a process that was killed is taken over', () =>
  withDirectory(async (directory) => {
    const script = `import { openState } from ${JSON.stringify(join(import.meta.dirname, '../../state/writer.ts'))}
      await openState(${JSON.stringify(directory)}, ${JSON.stringify(OPTIONS)}, 'doomed')
      console.log('open')
      setInterval(() => undefined, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    const refusal = isTrouble('state-locked', `process ${child.pid ?? 0}`, 'doomed')
    await assert.rejects(openState(directory, OPTIONS, 'test'), refusal)
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
    assert.ok(existsSync(join(directory, 'writer.lock')))
    await (await openState(directory, OPTIONS, 'test')).close()
  }))

test('the lock of a process whose pid another process has now is taken over', () =>
  withDirectory(async (directory) => {
    const owner = { pid: process.pid, host: hostname(), processStart: '1', command: 'of old' }
    writeFileSync(join(directory, 'writer.lock'), JSON.stringify(owner))
    await (await openState(directory, OPTIONS, 'test')).close()
  }))

test('a draft that a killed process with the same pid left does not prevent the lock', () =>
  withDirectory(async (directory) => {
    const path = join(directory, 'writer.lock')
    const owner = { pid: process.pid, host: hostname(), processStart: '1', command: 'of old' }
    writeFileSync(path, JSON.stringify(owner))
    linkSync(path, `${path}.${process.pid}`)
    await (await openState(directory, OPTIONS, 'test')).close()
    assert.deepEqual(readdirSync(directory), ['partition-0000'])
  }))

test('a writer releases its own lock only, never that of a later writer', () =>
  withDirectory(async (directory) => {
    const path = join(directory, 'writer.lock')
    const state = await openState(directory, OPTIONS, 'earlier')
    // The directory was deleted meanwhile, and created again by another process.
    const later = { pid: 1, host: 'elsewhere', processStart: '1', command: 'later' }
    writeFileSync(path, JSON.stringify(later))
    await state.close()
    assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), later)
  }))

test('a state with the lock of another machine is refused with the remedy', () =>
  withDirectory(async (directory) => {
    const dead = spawnSync(process.execPath, ['-e', '0']).pid
    const owner = { pid: dead, host: 'elsewhere', processStart: '1', command: 'run' }
    const path = join(directory, 'writer.lock')
    writeFileSync(path, JSON.stringify(owner))
    const refusal = isTrouble('state-locked', `${dead} on elsewhere`, `delete ${path}`)
    await assert.rejects(openState(directory, OPTIONS, 'test'), refusal)
    assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), owner)
  }))

const OTHERS: [Partial<StateOptions>, string][] = [
  [{ partitions: 4 }, '--partitions 2 (asked for: 4)'],
  [{ partitions: 1 }, '--partitions 2 (asked for: 1)'],
  [{ timeZone: 'Europe/Paris' }, '--time-zone UTC (asked for: Europe/Paris)'],
  [{ missingMsisdn: 'zero' }, '--missing-msisdn reject (asked for: zero)'],
]
for (const [change, sentence] of OTHERS) {
  test(`a state is refused with other options: ${sentence}`, () =>
    withDirectory(async (directory) => {
      await makeState(directory, { partitions: 2 })
      const options = { ...OPTIONS, partitions: 2, ...change }
      const refusal = isTrouble('state-options', sentence, /another --state directory/)
      await assert.rejects(openState(directory, options, 'test'), refusal)
      assert.equal(existsSync(partitionDirectory(directory, 2)), false, 'no partition is created')
      await (await openState(directory, { ...OPTIONS, partitions: 2 }, 'test')).close()
    }))
}

test('a number of partitions of a new state holds for that only', () =>
  withDirectory(async (directory) => {
    const open = async (partitions: number | { ofNew: number }): Promise<number> => {
      const state = await openState(directory, { ...OPTIONS, partitions }, 'test')
      await state.close()
      return state.partitions.length
    }
    assert.equal(await open({ ofNew: 3 }), 3)
    assert.equal(await open({ ofNew: 5 }), 3)
    assert.equal(await open(3), 3)
  }))

test('writers and readers refuse a state of a newer format', () =>
  withDirectory(async (directory) => {
    await makeState(directory)
    const store = openPartition(directory, 0, 'write')
    store.environment.transactionSync(() =>
      writeStamp(store.meta.database, { format: FORMAT + 1, ...OPTIONS }),
    )
    await store.environment.close()
    const refusal = isTrouble('state-version', `format ${FORMAT + 1}`, `up to ${FORMAT}`)
    await assert.rejects(openState(directory, OPTIONS, 'test'), refusal)
    assert.throws(() => openStateToRead(directory), refusal)
  }))

test('writers and readers report a missing partition', () =>
  withDirectory(async (directory) => {
    await makeState(directory, { partitions: 3 })
    rmSync(partitionDirectory(directory, 1), { recursive: true })
    const refusal = isTrouble('state-corrupt', partitionDirectory(directory, 1))
    assert.throws(() => openStateToRead(directory), refusal)
    await assert.rejects(openState(directory, { ...OPTIONS, partitions: 3 }, 'test'), refusal)
  }))

test('a directory without a state, or with one that is being created, has none', () =>
  withDirectory(async (directory) => {
    const absent = isTrouble('state-missing', directory)
    assert.throws(() => openStateToRead(directory), absent)
    mkdirSync(partitionDirectory(directory, 0))
    assert.throws(() => openStateToRead(directory), absent)
    const file = join(partitionDirectory(directory, 0), 'data.mdb')
    // A new file gets its name when it is whole, and LMDB would crash on a shorter one: it was cut off.
    for (const bytes of [4096, 0]) {
      writeFileSync(file, Buffer.alloc(bytes))
      assert.throws(() => openStateToRead(directory), isTrouble('store-failed', directory))
    }
    rmSync(file)
    writeFileSync(`${file}.new`, 'a part')
    assert.throws(() => openStateToRead(directory), absent)
    assert.equal(hasState(directory), false)
    const store = openPartition(directory, 0, 'write')
    await store.environment.close()
    assert.throws(() => openStateToRead(directory), absent)
    await makeState(directory, { partitions: 2 })
    await openStateToRead(directory).close()
  }))

test('after a crash between the stamps of a new state, it can be created again', () =>
  withDirectory(async (directory) => {
    const options = { ...OPTIONS, partitions: 3 }
    let reads = 0
    const failing = {
      ...options,
      // Each stamp reads it once: the second stamp is never written.
      get timeZone(): string {
        if (++reads === 2) throw new Error('a crash')
        return OPTIONS.timeZone
      },
    }
    await assert.rejects(openState(directory, failing, 'test'), /a crash/)
    assert.throws(() => openStateToRead(directory), isTrouble('state-missing', directory))
    await (await openState(directory, options, 'test')).close()
    await openStateToRead(directory).close()
  }))

test('opening a state reports counters that do not agree with the subscribers', () =>
  withDirectory(async (directory) => {
    await makeState(directory)
    const store = openPartition(directory, 0, 'write')
    const counters = store.meta.get('counters') as { applied: number }
    await store.meta.put('counters', { ...counters, applied: counters.applied + 1 })
    await store.environment.close()
    const refusal = isTrouble('state-corrupt', /have 1 records, expected 2/)
    await assert.rejects(openState(directory, OPTIONS, 'test'), refusal)
    assert.equal(existsSync(join(directory, 'writer.lock')), false, 'the directory is unlocked')
  }))

test('opening a state reports a lost page', () =>
  withDirectory(async (directory) => {
    const state = await openState(directory, OPTIONS, 'test')
    const [partition] = state.partitions
    const subscribers = Float64Array.from({ length: 5000 }, (_, i) => 33600000001 + i)
    apply(partition, batchOf(subscribers, seededRandom(1)))
    commitPartition(partition, 10)
    const [key] = partition.store.subscribers.getKeys({ limit: 1, offset: 7 })
    await partition.store.subscribers.remove(key)
    await state.close()
    const refusal = isTrouble('state-corrupt', /aggregate in slot \d+ is missing/)
    await assert.rejects(openState(directory, OPTIONS, 'test'), refusal)
  }))
