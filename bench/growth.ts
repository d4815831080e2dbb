// Bench of the cost by number of subscribers: replay, memory, file, restart, snapshot.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Steps } from './growth-step.ts'
import type { BenchOptions } from './options.ts'
import { runProcess } from './process.ts'
import { sampleFile, withStates } from './sample.ts'
import { mebibytes, median, printTable, seconds } from './table.ts'

const STEP = join(import.meta.dirname, 'growth-step.ts')

/** Rows of a file: four per subscriber, two in large files, to bound the time. */
const rowsOf = (subscribers: number): number => subscribers * (subscribers > 2e6 ? 2 : 4)

/** Measures every step in its own process. */
export async function benchGrowth({ sizes, runs }: BenchOptions): Promise<void> {
  const replays: (string | number)[][] = []
  const snapshots: (string | number)[][] = []
  for (const size of sizes) {
    const file = await sampleFile(rowsOf(size), size)
    const { replay, restart, snapshot } = await measure(file, runs)
    const { subscribers } = restart
    replays.push([
      subscribers,
      replay.rows,
      Math.round(replay.rows / replay.seconds),
      ((replay.cpuSeconds / replay.rows) * 1e6).toFixed(2),
      Math.round(restart.grownBytes / subscribers),
      mebibytes(restart.totalBytes),
      Math.round(replay.fileBytes / subscribers),
      seconds(restart.seconds),
    ])
    snapshots.push([subscribers, ...PHASES.map((phase) => seconds(snapshot[phase] / 1000))])
  }
  const command = `npm run bench -- growth --sizes ${sizes.join(',')} --runs ${runs}`
  printTable(command, [HEADING, ...replays], [`Medians of ${runs} runs. ${NOTE}`])
  printTable(`${command} (seconds of a snapshot by phase)`, [
    ['subscribers', ...PHASES],
    ...snapshots,
  ])
}

const PHASES = ['scan', 'scale', 'kmeans', 'elbow', 'top'] as const
const HEADING = [
  'subscribers',
  'rows',
  'rows/s',
  'CPU µs/row',
  'B/subscriber',
  'process MiB',
  'file B/subscriber',
  'restart s',
]
const NOTE =
  'Memory is anonymous: the growth while the state loads, and the whole process after it.'

async function measure(file: string, runs: number): Promise<Steps> {
  const found: Steps[] = []
  await withStates(async (directory) => {
    for (let run = 0; run < runs; run++) {
      const state = join(directory, 'state')
      found.push({
        replay: await runStep('replay', file, state),
        restart: await runStep('restart', file, state),
        snapshot: await runStep('snapshot', file, state),
      })
      rmSync(state, { recursive: true })
    }
  })
  return {
    replay: medians(found.map(({ replay }) => replay)),
    restart: medians(found.map(({ restart }) => restart)),
    snapshot: medians(found.map(({ snapshot }) => snapshot)),
  }
}

async function runStep<K extends keyof Steps>(
  step: K,
  file: string,
  state: string,
): Promise<Steps[K]> {
  const node = [process.execPath, '--expose-gc', '--disable-warning=ExperimentalWarning']
  const { stdout } = await runProcess([...node, STEP, step, file, state])
  return JSON.parse(stdout) as Steps[K]
}

/** The medians of all fields. */
function medians<T extends object>(values: readonly T[]): T {
  const names = Object.keys(values[0]) as (keyof T)[]
  const pairs = names.map((name) => [name, median(values.map((value) => Number(value[name])))])
  return Object.fromEntries(pairs) as T
}
