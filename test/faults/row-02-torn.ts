// Row 2: a power cut. The writes of a replay are recorded, and replayed into files as a disk could
// have left them: of the writes that were not flushed, each sector of 512 bytes is there or not.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Random } from '../../src/random.ts'
import { replay } from '../consumers/files/replaying.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import type { FaultContext, FaultRow } from './fault-row.ts'
import { readDurable, requireOracle, requireSame, type Durable } from './invariants.ts'
import { dataFiles, startReplay, storedRows } from './replaying.ts'
import { isMetaWrite, readCalls, type Call } from './strace.ts'

const ROWS = 12_000
const SECTOR = 512
/** All bytes of a write are recorded. */
const ALL_BYTES = 2 ** 22
/** Of this number of images one is continued to its end. */
const CONTINUED = 20
const PACE = ['--speed', '300000', '--commit-interval', '100ms']

/** A write to the data file, or a flush of all writes before it. */
type Operation = { at: number; bytes: Buffer; flushed: boolean } | 'flush'

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll('\\x', ''), 'hex')

/** The writes and flushes of a log, in order. */
function operationsIn(calls: readonly Call[]): Operation[] {
  const operations: Operation[] = []
  let at = 0
  for (const call of calls) {
    const { name, text } = call
    if (name === 'fdatasync') operations.push('flush')
    if (name === 'lseek') at = Number(/, (\d+), SEEK_SET/.exec(text)?.[1])
    if (name !== 'pwrite64' && name !== 'writev') continue
    const bytes = Buffer.concat(
      [...text.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map((m) => bytesOf(m[1])),
    )
    assert.equal(bytes.length, Number(/= (\d+)$/.exec(text)?.[1]), 'the log holds the whole write')
    const from = name === 'writev' ? at : Number(/, (\d+)\) /.exec(text)?.[1])
    // The meta page is written through a descriptor that flushes each write.
    operations.push({ at: from, bytes, flushed: isMetaWrite(call) })
  }
  return operations
}

/** The file after a power cut during the operation `cut`: a subset of what was not flushed. */
function tornImage(operations: readonly Operation[], cut: number, random: Random): Buffer {
  const done = operations.slice(0, cut)
  const flushed = done.lastIndexOf('flush')
  const size = Math.max(0, ...done.map((op) => (op === 'flush' ? 0 : op.at + op.bytes.length)))
  const image = Buffer.alloc(size)
  // Between none and all sectors of what was not flushed are there.
  const share = random()
  done.forEach((op, i) => {
    if (op === 'flush') return
    if (i < flushed || op.flushed) {
      op.bytes.copy(image, op.at)
      return
    }
    for (let from = 0; from < op.bytes.length; from += SECTOR) {
      if (random() < share) op.bytes.copy(image, op.at + from, from, from + SECTOR)
    }
  })
  return image
}

/** Rows that were durable before the operation `cut`, as a check of what an image must hold. */
interface Recorded {
  file: string
  whole: Durable
  operations: Operation[]
}

async function record(context: FaultContext): Promise<Recorded> {
  const { directory } = context
  const size = { rows: ROWS, subscribers: 3000, days: 9, seed: 3, dirt: 0.05 }
  const file = await sampleIn(directory, size)
  const state = join(directory, 'recorded')
  const log = join(directory, 'recorded.log')
  const injection = { paths: dataFiles(state), log, bytes: ALL_BYTES }
  const { code, stderr } = await startReplay({ file, state, injection, more: PACE }).ended
  assert.equal(code, 0, stderr)
  const whole = await readDurable(context, state)
  assert.ok(whole !== null)
  await requireOracle(context, whole, [file])
  const operations = operationsIn(readCalls(log))
  const [path] = dataFiles(state)
  assert.ok(
    tornImage(operations, operations.length, () => 1 - 2 ** -32).equals(
      readFileSync(path).subarray(0, imageBytes(operations)),
    ),
    'the recorded writes give the file',
  )
  return { file, whole, operations }
}

const imageBytes = (operations: readonly Operation[]): number =>
  Math.max(...operations.map((op) => (op === 'flush' ? 0 : op.at + op.bytes.length)))

/** Row 2. */
export const powerCut: FaultRow = {
  number: 2,
  title: 'power cut',
  how: 'recorded writes are replayed into torn images, in which sectors of 512 bytes that were not flushed are missing',
  holds: ['I1', 'I2', 'I3', 'I4'],
  also: 'every image opens',
  needs: ['strace'],
  reaches: ['torn between two flushes', 'continued to the end'],
  shortRounds: 60,
  async run(context) {
    const { file, whole, operations } = await record(context)
    const metas = operations.map((op) => op !== 'flush' && op.flushed)
    // A file without its first meta page does not hold a state.
    const first = metas.indexOf(true) + 1
    /** Rows of the states, by the number of meta pages that were written; filled as images show it. */
    const rowsAfter = new Map<number, number>()
    for (const { number, random } of context.rounds()) {
      const cut = first + Math.floor(random() * (operations.length - first + 1))
      const state = join(context.directory, `torn-${number}`)
      const [path] = dataFiles(state)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, tornImage(operations, cut, random))
      const found = await readDurable(context, state)
      const commit = metas.slice(0, cut).filter(Boolean).length
      const rows = storedRows(found)
      assert.equal(rowsAfter.get(commit) ?? rows, rows, 'I4: a flushed commit is there whole')
      for (const [other, theirs] of rowsAfter) {
        assert.ok(other > commit ? theirs >= rows : theirs <= rows, 'I4: later commits hold more')
      }
      rowsAfter.set(commit, rows)
      context.held('I4')
      if (rows > 0 && rows < ROWS) context.reached('torn between two flushes')
      if (number % CONTINUED === 0) {
        await replay([file], state, { speed: 1e9 })
        requireSame(context, await readDurable(context, state), whole)
        context.reached('continued to the end')
      }
      rmSync(state, { recursive: true })
    }
  },
}
