// Stored states of former formats, and the hashes that their versions computed.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { partitionDirectory } from '../../state/store.ts'

const FIXTURES = join(import.meta.dirname, '../fixtures/state')

/** Partitions of each of them. */
export const FORMER_PARTITIONS = 2

/** By format. */
export const FORMER_HASHES: Readonly<Record<number, string>> = {
  2: '84126936688fbf9068a6ff30d9fd2b6538eb9cadfe75b0ca5d82e6e0c557d230',
  3: '9817629289735e7900d6e93855c2f01713bf9d77dc499601ad4b2cc7b6bda626',
}

/** Unpacks the state of a former format into a directory. */
export function copyFormerState(format: number, directory: string): void {
  for (let partition = 0; partition < FORMER_PARTITIONS; partition++) {
    const folder = partitionDirectory(directory, partition)
    mkdirSync(folder, { recursive: true })
    const packed = readFileSync(join(FIXTURES, `format-${format}/partition-000${partition}.mdb.gz`))
    writeFileSync(join(folder, 'data.mdb'), gunzipSync(packed))
  }
}
