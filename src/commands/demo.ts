// `demo`: replays a month of synthetic traffic in about a minute, and serves it.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { lockState } from '../../state/lock.ts'
import { openStateToRead, viewState } from '../../state/read.ts'
import { hasState } from '../../state/writer.ts'
import type { Log } from '../log.ts'
import { writeSample } from '../generate/write.ts'
import type { DEMO_OPTIONS, ValuesOf } from '../options.ts'
import { replayAndServe } from './replay.ts'
import { summaryText } from '../terminal/report-text.ts'

/** Marks a state directory that the demo created, and may delete. */
const MARK = 'made-by-demo'

/** Generates the sample unless it exists, replays it, serves, and prints a summary at the end. */
export async function demo(values: ValuesOf<typeof DEMO_OPTIONS>, log: Log): Promise<void> {
  const { rows, subscribers, days, dirt, seed } = values
  const name = `sample-${rows}-${subscribers}-${days}-${dirt}-${seed}.parquet`
  const sample = join(dirname(values.state), name)
  mkdirSync(dirname(values.state), { recursive: true })
  if (!existsSync(sample)) {
    log.info(`generating ${rows.toLocaleString('en-US')} rows into ${sample}`)
    await writeSample({ rows, subscribers, days, dirt, seed }, sample)
  }
  await startOver(values.state, log)
  mkdirSync(values.state, { recursive: true })
  if (!hasState(values.state)) writeFileSync(join(values.state, MARK), '')
  await replayAndServe([sample], values, log, ({ view }) => {
    const snapshot = view.published()?.snapshot
    if (snapshot !== undefined && !values.json) process.stdout.write(`\n${summaryText(snapshot)}\n`)
  })
}

/** Deletes the state of a complete demo; an interrupted one continues. */
async function startOver(directory: string, log: Log): Promise<void> {
  if (!existsSync(join(directory, MARK)) || !hasState(directory)) return
  // Without the lock it could delete a state that another demo is about to fill.
  const lock = lockState(directory, 'demo')
  try {
    if (await isComplete(directory)) rmSync(directory, { recursive: true })
    else log.info(`continuing the interrupted demo in ${directory}`)
  } finally {
    lock.release()
  }
}

async function isComplete(directory: string): Promise<boolean> {
  const state = openStateToRead(directory)
  const view = viewState(state)
  const complete = view.positions.every(({ position }) => position.next >= position.rows)
  view.finish()
  await state.close()
  return complete
}
