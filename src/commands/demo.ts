// `demo`: replays a month of synthetic traffic in about a minute, and serves it.
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { lockState } from '../../state/lock.ts'
import { withView, type StateView } from '../../state/read.ts'
import { makeDirectory, requireFile } from '../../state/write-error.ts'
import { withDatabase } from '../duckdb.ts'
import { PulseError } from '../errors.ts'
import type { Log } from '../log.ts'
import { writeSample } from '../generate/write.ts'
import type { DEMO_OPTIONS, ValuesOf } from '../options.ts'
import { printText } from '../plain-text.ts'
import { openFile } from '../parquet/files.ts'
import { untilSignal } from '../process/signals.ts'
import { replayAndServe } from './replay.ts'
import { summaryText } from '../terminal/report-text.ts'

/** Marks a state directory in which the demo created the state, and may delete it. */
const MARK = 'made-by-demo'
/** The content of the mark while the state is being deleted. */
const DELETING = 'deleting'
const PARTITION_NAMES = /^partition-\d{4}$/
/** Names of the samples of demos, whatever their options. */
const SAMPLE_NAMES = /^sample-\d+-\d+-[\d.]+-[\d.e-]+-\d+\.parquet$/

/**
 * Generates the sample unless it exists, replays it, serves, and prints a summary at the end.
 *
 * @returns the exit code: that of the signal if it came before the last row
 * @throws PulseError `state-options` for a state directory that holds anything else
 */
export async function demo(values: ValuesOf<typeof DEMO_OPTIONS>, log: Log): Promise<number> {
  const { rows, subscribers, days, dirt, seed } = values
  const name = `sample-${rows}-${subscribers}-${days}-${dirt}-${seed}.parquet`
  const sample = join(dirname(values.state), name)
  await inspect(values.state, name)
  makeDirectory(dirname(values.state))
  if (!existsSync(sample)) {
    log.info(`generating ${rows.toLocaleString('en-US')} rows into ${sample}`)
    const options = { rows, subscribers, days, dirt, seed }
    await untilSignal((stop) => writeSample(options, sample, undefined, { stop }))
  }
  if (partitionsIn(values.state).length > 0) await startOver(values.state, sample, log)
  makeDirectory(values.state)
  if (partitionsIn(values.state).length === 0) writeFileSync(join(values.state, MARK), '')
  return replayAndServe([sample], values, log, ({ view }) => {
    const snapshot = view.published()?.snapshot
    if (snapshot !== undefined && !values.json) printText(`\n${summaryText(snapshot)}`)
  })
}

type Positions = StateView['positions']

const isMarked = (directory: string): boolean => existsSync(join(directory, MARK))

function isBeingDeleted(directory: string): boolean {
  requireFile(join(directory, MARK))
  return isMarked(directory) && readFileSync(join(directory, MARK), 'utf8') === DELETING
}

const partitionsIn = (directory: string): string[] =>
  existsSync(directory) ? readdirSync(directory).filter((name) => PARTITION_NAMES.test(name)) : []

/**
 * The positions of the state in a directory; none without a state.
 *
 * @throws PulseError `state-options` for a state that is not one of the demo
 */
async function inspect(directory: string, sample: string): Promise<Positions> {
  const isOwn = isMarked(directory)
  if (partitionsIn(directory).length === 0) return []
  const positions = await readPositions(directory)
  const other = positions.find(({ position: { kind, name } }) => {
    return kind !== 'file' || !(name === sample || (isOwn && SAMPLE_NAMES.test(name)))
  })
  if (other !== undefined) {
    throw notOfDemo(directory, `holds the ${other.position.kind} "${other.position.name}"`)
  }
  if (positions.length === 0 && !isOwn) throw notOfDemo(directory, 'is that of another command')
  return positions
}

const notOfDemo = (directory: string, found: string): PulseError =>
  new PulseError(
    'state-options',
    `the state directory ${directory} ${found}; expected a new directory, or a state of the sample ` +
      'of the demo only; give the demo its own directory with --state',
  )

async function readPositions(directory: string): Promise<Positions> {
  try {
    return await withView(directory, ({ positions }) => positions)
  } catch (error) {
    if (!(error instanceof PulseError)) throw error
    // A process that ended while it created or deleted the state left nothing that can be read.
    if (error.code === 'state-missing' || isBeingDeleted(directory)) return []
    throw error
  }
}

/** Deletes the state of a complete demo, or of another sample; an interrupted one continues. */
async function startOver(directory: string, sample: string, log: Log): Promise<void> {
  const id = await idOf(sample)
  // Without the lock it could delete a state that another demo is about to fill.
  const lock = lockState(directory, 'demo')
  try {
    const positions = await inspect(directory, basename(sample))
    if (isBeingDeleted(directory)) deleteState(directory)
    if (positions.length === 0) return
    const isSame = positions.every(({ source }) => source === id)
    const isComplete = positions.every(({ position }) => position.next >= position.rows)
    if (isMarked(directory) && (isComplete || !isSame)) deleteState(directory)
    else if (!isSame) throw notOfDemo(directory, `holds other content of ${basename(sample)}`)
    else if (!isComplete) log.info(`continuing the interrupted demo in ${directory}`)
  } finally {
    lock.release()
  }
}

const idOf = (file: string): Promise<string> =>
  withDatabase({ threads: 1, memoryMiB: 256 }, async (connection) => {
    const { id } = await openFile(connection, file)
    return id
  })

/** Deletes the partitions of a state, and nothing else; a deletion that is cut off is finished. */
function deleteState(directory: string): void {
  writeFileSync(join(directory, MARK), DELETING)
  for (const name of partitionsIn(directory)) rmSync(join(directory, name), { recursive: true })
  writeFileSync(join(directory, MARK), '')
}
