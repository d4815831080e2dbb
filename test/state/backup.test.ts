// A backup has one commit of each partition, whatever its writer does; a restore gives it back.
import assert from 'node:assert/strict'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { seededRandom } from '../../src/random.ts'
import { backupState, restoreState } from '../../state/backup.ts'
import { commitPartition } from '../../state/commit.ts'
import { completeCopy } from '../../state/copied-file.ts'
import { hashState } from '../../state/hash.ts'
import { withView } from '../../state/read.ts'
import { openState, type WritableState } from '../../state/writer.ts'
import { breakStore, readBack, withDirectory } from '../state-directory.ts'
import { apply, batchOf, OPTIONS, someSubscribers } from './stores.ts'

const FIRST = 33_600_000_000
const TWO = { ...OPTIONS, partitions: 2 }
const random = seededRandom(7)

/** Applies rows of some subscribers to each partition, and commits. */
function commitAll({ partitions }: WritableState, rows = 2000): void {
  partitions.forEach((partition, at) => {
    apply(partition, batchOf(someSubscribers(FIRST + at * 1e6, 20_000, rows, random), random))
    commitPartition(partition, 1000)
  })
}

/** Runs `work` with a state that is open for writing. */
const withState = (
  work: (state: WritableState, directory: string) => Promise<void>,
  options = TWO,
) =>
  withDirectory(async (directory) => {
    const opened = await openState(join(directory, 'state'), options, 'test')
    let closed: Promise<void> | null = null
    const state = { ...opened, close: () => (closed ??= opened.close()) }
    try {
      commitAll(state)
      await work(state, directory)
    } finally {
      await state.close()
    }
  })

const hashOf = (directory: string): Promise<string> => withView(directory, hashState)
const commitOf = (directory: string): Promise<number> =>
  withView(directory, ({ counters }) => counters.commit)

test('a restored backup has the hash, the positions and the options of the state', () =>
  withState(async (state, directory) => {
    const backup = await backupState(state.directory, join(directory, 'backups'), 7)
    const restored = join(directory, 'restored')
    const copy = await restoreState(backup.directory, restored)
    assert.deepEqual(await readBack(restored), await readBack(state.directory))
    assert.deepEqual(copy.stamp, { format: 4, ...TWO })
    assert.equal(copy.bytes, backup.bytes)
    assert.deepEqual(readdirSync(restored).sort(), ['partition-0000', 'partition-0001'])
    const again = await openState(restored, TWO, 'test')
    commitAll(again)
    await again.close()
    assert.notEqual(await hashOf(restored), await hashOf(state.directory), 'it can be written')
  }))

test('a backup beside commits has the numbers of one of them', () =>
  withState(
    async (state, directory) => {
      const hashes = new Map<number, string>()
      const writing = new AbortController()
      const writer = (async () => {
        while (!writing.signal.aborted) {
          commitAll(state, 300)
          hashes.set(await commitOf(state.directory), await hashOf(state.directory))
          await new Promise(setImmediate)
        }
      })()
      try {
        for (let backup = 0; backup < 5; backup++) {
          const { directory: copy } = await backupState(state.directory, directory, 7)
          const commit = await commitOf(copy)
          while (!hashes.has(commit)) await new Promise(setImmediate)
          assert.equal(await hashOf(copy), hashes.get(commit))
        }
      } finally {
        writing.abort()
        await writer
      }
      assert.ok(hashes.size > 5, 'commits were made meanwhile')
    },
    { ...OPTIONS, partitions: 1 },
  ))

test('nothing of a copy depends on the state before its commit', () =>
  withState(async (state, directory) => {
    await state.close()
    const partition = join(state.directory, 'partition-0000')
    const before = await readBack(state.directory)
    overwriteFormerRoot(join(partition, 'data.mdb'))
    await assert.rejects(readBack(state.directory), /is damaged/)
    completeCopy(partition)
    assert.deepEqual(await readBack(state.directory), before)
    const again = await openState(state.directory, TWO, 'test')
    for (let commit = 0; commit < 3; commit++) commitAll(again)
    await again.close()
    const backup = await backupState(state.directory, join(directory, 'backups'), 1)
    assert.deepEqual(await readBack(backup.directory), await readBack(state.directory))
  }))

/** Overwrites the page that only the older meta page of LMDB refers to, as a writer would. */
function overwriteFormerRoot(file: string): void {
  const bytes = Buffer.alloc(2 * 4096)
  const descriptor = openSync(file, 'r+')
  try {
    readSync(descriptor, bytes, 0, bytes.length, 0)
    const older = bytes.readBigUInt64LE(152) < bytes.readBigUInt64LE(4096 + 152) ? 0 : 4096
    const root = Number(bytes.readBigUInt64LE(older + 96 + 40))
    writeSync(descriptor, Buffer.alloc(4096 - 24, 0xff), 0, 4096 - 24, root * 4096 + 24)
    // The transaction that wrote the page.
    writeSync(descriptor, Buffer.from([0xff, 0xff]), 0, 2, root * 4096 + 8)
  } finally {
    closeSync(descriptor)
  }
}

test('the newest backups are kept, and what an ended process left is deleted', () =>
  withState(async (state, directory) => {
    const target = join(directory, 'backups')
    mkdirSync(join(target, 'xdr-pulse-2026-01-01T00-00-00-000Z.part'), { recursive: true })
    mkdirSync(join(target, 'notes'))
    const names: string[] = []
    for (let backup = 0; backup < 4; backup++) {
      const { directory: path, deleted } = await backupState(state.directory, target, 2)
      names.push(path.slice(target.length + 1))
      assert.deepEqual(deleted, backup < 2 ? [] : [names[backup - 2]])
    }
    assert.deepEqual(readdirSync(target).sort(), ['notes', ...names.slice(-2)])
  }))

test('a damaged state is not copied', () =>
  withState(async (state, directory) => {
    await state.close()
    breakStore(join(state.directory, 'partition-0001', 'data.mdb'))
    const target = join(directory, 'backups')
    await assert.rejects(backupState(state.directory, target, 7), /is damaged/)
    assert.ok(!existsSync(target), 'nothing is written')
  }))

test('a restore replaces no state, and makes none of a damaged backup', () =>
  withState(async (state, directory) => {
    const backup = await backupState(state.directory, join(directory, 'backups'), 7)
    const { directory: other } = await backupState(state.directory, join(directory, 'other'), 7)
    await assert.rejects(restoreState(other, backup.directory), /holds a state \(partition-0000\)/)
    const file = join(backup.directory, 'partition-0000', 'data.mdb')
    const descriptor = openSync(file, 'r+')
    // Beyond the meta pages, in the first third of the file.
    for (let at = 2 * 4096 + 1000; at < statSync(file).size / 3; at += 4096) {
      writeSync(descriptor, Buffer.from([0xaa]), 0, 1, at)
    }
    closeSync(descriptor)
    const restored = join(directory, 'restored')
    await assert.rejects(restoreState(backup.directory, restored), /is damaged|differs/)
    assert.deepEqual(readdirSync(restored), [])
    const empty = join(directory, 'empty')
    mkdirSync(empty)
    await assert.rejects(restoreState(empty, restored), /is not a backup/)
  }))
