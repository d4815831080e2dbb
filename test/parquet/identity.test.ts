// A known file is hashed again unless nobody has touched it.
import assert from 'node:assert/strict'
import { createCipheriv, createHash } from 'node:crypto'
import { chmodSync, copyFileSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { withDatabase } from '../../src/duckdb.ts'
import { createHasher } from '../../src/parquet/identity/content-hash.ts'
import { openFile } from '../../src/parquet/files.ts'
import { identifyFiles, type KnownSource } from '../../src/parquet/identity/identity.ts'
import { withDirectory } from '../state-directory.ts'

const SAMPLE = join(import.meta.dirname, '../fixtures/parquet/integers.parquet')
const LIMITS = { threads: 1, memoryMiB: 256 }
const [CONTENT, OTHER] = ['a'.repeat(64), 'b'.repeat(64)]

/** Opens a copy of the sample, changes it, and identifies it; counts the files that were hashed. */
const identified = (change: (path: string) => void, found: string, trustStamps = true) =>
  withDirectory((directory) =>
    withDatabase(LIMITS, async (connection) => {
      const path = join(directory, 'a.parquet')
      copyFileSync(SAMPLE, path)
      const { id, name, stamp, rows } = await openFile(connection, path)
      const known: KnownSource = { id, name, content: CONTENT, stamp, next: rows, rows }
      change(path)
      const file = await openFile(connection, path)
      assert.equal(file.id, id, 'the fingerprint is the same')
      let hashed = 0
      const hash = (): Promise<string> => {
        hashed++
        return Promise.resolve(found)
      }
      const hasher = { hash, close: () => undefined }
      const { files } = await identifyFiles([file], [known], hasher, trustStamps)
      return { hashed, isSame: files[0].file.id === id, content: files[0].content }
    }),
  )

/** Writes the same bytes in place, and restores the time of modification. */
function rewrite(path: string): void {
  const { atime, mtime } = statSync(path)
  writeFileSync(path, readFileSync(path))
  utimesSync(path, atime, mtime)
}

test('a file that nobody has touched is known without a hash', async () => {
  const found = await identified(() => undefined, OTHER)
  assert.deepEqual(found, { hashed: 0, isSame: true, content: CONTENT })
})

test('verify hashes it all the same', async () => {
  const found = await identified(() => undefined, OTHER, false)
  assert.deepEqual(found, { hashed: 1, isSame: false, content: OTHER })
})

for (const [what, change] of [
  ['written to, with its time of modification restored', rewrite],
  ['whose rights have changed', (path: string) => chmodSync(path, 0o600)],
] as const) {
  test(`the hash decides on a file ${what}`, async () => {
    const same = await identified(change, CONTENT)
    assert.deepEqual(same, { hashed: 1, isSame: true, content: CONTENT })
    const other = await identified(change, OTHER)
    assert.deepEqual(other, { hashed: 1, isSame: false, content: OTHER })
  })
}

/** Hashes of a content that do not use this code: one portion, all bytes at once. */
const HASHES = {
  'a SHA-256 of a former version': (bytes: Buffer): string =>
    createHash('sha256').update(bytes).digest('hex'),
  'an AES-128-GMAC': (bytes: Buffer): string => {
    const mac = createCipheriv('aes-128-gcm', Buffer.alloc(16), Buffer.alloc(12))
    mac.setAAD(bytes).final()
    return mac.getAuthTag().toString('hex')
  },
}

for (const [what, hashOf] of Object.entries(HASHES)) {
  test(`a content is compared by ${what}`, () =>
    withDatabase(LIMITS, async (connection) => {
      const file = await openFile(connection, SAMPLE)
      const bytes = readFileSync(SAMPLE)
      const { id, name, rows } = file
      const content = hashOf(bytes)
      const known: KnownSource = { id, name, content, stamp: null, next: rows, rows }
      const hasher = createHasher()
      const same = await identifyFiles([file], [known], hasher, true)
      assert.deepEqual(same.files, [{ file, content }])
      bytes[bytes.length >> 1] ^= 1
      const other = { ...known, content: hashOf(bytes) }
      const changed = await identifyFiles([file], [other], hasher, true)
      assert.deepEqual(changed.files[0].content, content)
      assert.equal(changed.files[0].file.id, content.slice(0, 32))
      hasher.close()
    }))
}
