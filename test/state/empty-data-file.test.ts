// The data file of a new partition is the one that LMDB itself writes.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { open } from 'lmdb'
import { dataFileOf, MAP_BYTES } from '../../state/data-file.ts'
import { createDataFile } from '../../state/empty-data-file.ts'
import { withDirectory } from '../state-directory.ts'

test('an empty data file has the bytes that LMDB writes', () =>
  withDirectory(async (directory) => {
    const [own, other] = ['own', 'other'].map((name) => join(directory, name))
    mkdirSync(own)
    createDataFile(own)
    await open({ path: other, mapSize: MAP_BYTES, overlappingSync: false }).close()
    assert.deepEqual(readFileSync(dataFileOf(own)), readFileSync(dataFileOf(other)))
  }))
