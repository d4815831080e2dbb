// A process that opens one damaged copy of a state after another, and reports what it finds: one bit
// is flipped, or the file is cut off.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PulseError } from '../../src/errors.ts'
import { seededRandom } from '../../src/random.ts'
import { readPartitionCounts } from '../../state/conservation.ts'
import { dataFileOf } from '../../state/data-file.ts'
import { readRejected, withView } from '../../state/read.ts'
import { partitionDirectory } from '../../state/store.ts'
import { openState } from '../../state/writer.ts'
import { readBack } from '../state-directory.ts'
import type { Flip } from './flipped-bits.ts'
import { OPTIONS, rowOf } from './stores.ts'

const PAGE = 4096
/** Flags of pages that hold more than one value: meta, branch and leaf. */
const TREE_FLAGS = [8, 1, 2]
/** The share of files that are cut off instead. */
const CUT_SHARE = 0.1

const read = async (directory: string): Promise<string> =>
  JSON.stringify([
    await readBack(directory),
    await withView(directory, (_, state) => [
      ...[readRejected(state, 1000), readPartitionCounts(state), state.stamp],
    ]),
  ])

async function write(directory: string): Promise<string> {
  const state = await openState(directory, OPTIONS, 'test')
  const loaded = state.partitions.map(({ table, counters, hours, positions }) => [
    ...[Array.from({ length: table.count }, (_, slot) => rowOf(table, slot)), counters],
    ...[[...hours.rows].map(([hour, row]) => [hour, ...row]), [...positions]],
  ])
  await state.close()
  return JSON.stringify(loaded)
}

async function compare(open: () => Promise<string>, expected: string): Promise<string> {
  try {
    return (await open()) === expected ? 'same' : 'other numbers'
  } catch (error) {
    if (error instanceof PulseError) return error.message
    return `not a sentence: ${String(error)}`
  }
}

/** Half of the flips are in pages that hold LMDB's structure or small values. */
function placesIn(bytes: Buffer, random: () => number): () => number {
  const pages = Array.from({ length: bytes.length / PAGE }, (_, page) => page)
  const trees = pages.filter((page) => TREE_FLAGS.includes(bytes.readUInt16LE(page * PAGE + 18)))
  return () => {
    if (random() < 0.5) return Math.floor(random() * bytes.length)
    const page = trees[Math.floor(random() * trees.length)]
    return page * PAGE + Math.floor(random() * (random() < 0.5 ? 200 : PAGE))
  }
}

const [directory, seed, count] = process.argv.slice(2)
const partition = partitionDirectory(directory, 0)
const intact = readFileSync(dataFileOf(partition))
const expected = [await read(directory), await write(directory)]
const random = seededRandom(Number(seed))
const nextPlace = placesIn(intact, random)
for (let i = 0; i < Number(count); i++) {
  const [at, bit] = [nextPlace(), Math.floor(random() * 8)]
  const cut = random() < CUT_SHARE
  const damaged = cut ? intact.subarray(0, at) : Buffer.from(intact)
  if (!cut) damaged[at] ^= 1 << bit
  rmSync(join(partition, 'lock.mdb'), { force: true })
  writeFileSync(dataFileOf(partition), damaged)
  const place = { page: Math.floor(at / PAGE), byte: at % PAGE, bit, cut }
  process.stderr.write(`flips ${JSON.stringify(place)}\n`)
  const reader = await compare(() => read(directory), expected[0])
  const writer = await compare(() => write(directory), expected[1])
  process.stdout.write(`${JSON.stringify({ ...place, reader, writer } satisfies Flip)}\n`)
}
