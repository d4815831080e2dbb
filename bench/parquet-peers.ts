// A replay and its peers on Parquet: the same cleaning, the same 21 numbers of each subscriber.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AMOUNT } from '../src/record/columns.ts'
import { FIELD, WIDTH } from '../src/subscriber/aggregate.ts'
import { withView } from '../state/read.ts'
import type { BenchOptions } from './options.ts'
import { noteFigures } from './history.ts'
import { PRODUCT, runProcess, works, type Cost } from './process.ts'
import { OUT, sampleFile, withStates } from './sample.ts'
import { costCells, COST_HEADING, cpuOf, loadText, median, printTable, seconds } from './table.ts'

const SCRIPT = join(import.meta.dirname, 'peers/parquet_peers.py')

/** The engines, what Python imports for each, and how they are named. */
const ENGINES = [
  { id: 'duckdb', name: 'DuckDB' },
  { id: 'polars', name: 'Polars, streaming' },
  { id: 'chdb', name: 'ClickHouse (chDB)' },
  { id: 'pandas', name: 'pandas' },
] as const

const PULSE = 'xdr-pulse replay, durable'
/** When a replay is killed, as a share of its usual time. */
const MIDDLE = 0.6

/** What all must agree on. */
interface Totals {
  subscribers: number
  records: number
  sessions: number
  durationMs: number
  downlinkBytes: number
  uplinkBytes: number
  firstStartMs: number
  lastEndMs: number
}

/** A Python that can import a module: that of bench/out, or the machine's; null for none. */
export function pythonWith(modules: string): string | null {
  const own = join(OUT, 'venv/bin/python')
  const candidates = [...(existsSync(own) ? [own] : []), 'python3']
  return candidates.find((python) => works(python, ['-c', `import ${modules}`])) ?? null
}

/** Runs whole processes in turn, compares their results, and kills a replay in the middle. */
export async function comparePeersOfReplay(options: BenchOptions): Promise<void> {
  const { rows, subscribers, runs } = options
  const file = await sampleFile(rows, subscribers)
  const engines = ENGINES.map((engine) => ({ ...engine, python: pythonWith(engine.id) }))
  const present = engines.filter(({ python }) => python !== null)
  const versions = new Map<string, string>()
  const costs = new Map<string, Cost[]>(
    [PULSE, ...present.map(({ name }) => name)].map((name) => [name, []]),
  )
  await withStates(async (directory) => {
    const state = join(directory, 'state')
    const replay = [process.execPath, PRODUCT, 'replay', file, '--state', state, '--json']
    let expected: Totals | null = null
    for (let run = 0; run < runs; run++) {
      costs.get(PULSE)?.push(await runProcess(replay))
      expected ??= await totalsOf(state)
      rmSync(state, { recursive: true })
      for (const { id, name, python } of present) {
        const cost = await runProcess([python ?? '', SCRIPT, id, file, 's'])
        const { version, ...totals } = JSON.parse(cost.stdout) as Totals & { version: string }
        assert.deepEqual(totals, expected, `${name} ${version} has the numbers of the replay`)
        versions.set(name, version)
        costs.get(name)?.push(cost)
      }
    }
    const cut = await cutOff(replay, wallOf(costs.get(PULSE) ?? []))
    assert.deepEqual(await totalsOf(state), expected, 'a replay that was cut off has all numbers')
    print(options, costs, versions, cut)
  })
  for (const { id, name, python } of engines) {
    if (python === null) process.stdout.write(`${name}: skipped, no Python has "${id}"\n`)
  }
}

const wallOf = (costs: readonly Cost[]): number =>
  median(costs.map(({ wallSeconds }) => wallSeconds))

/** Sums over all subscribers of a state. */
async function totalsOf(state: string): Promise<Totals> {
  return withView(state, (view) => {
    const sums = new Float64Array(WIDTH)
    let [first, last] = [Infinity, 0]
    view.scan((block, count) => {
      for (let at = 0; at < count * WIDTH; at += WIDTH) {
        for (let field = 0; field < WIDTH; field++) sums[field] += block[at + field]
        first = Math.min(first, block[at + FIELD.firstStartMs] || Infinity)
        last = Math.max(last, block[at + FIELD.lastEndMs])
      }
    })
    const amount = (place: number): number => sums[FIELD.amounts + place]
    return {
      subscribers: view.counters.subscribers,
      records: sums[FIELD.records],
      sessions: sums[FIELD.sessions],
      durationMs: amount(AMOUNT.durationMs),
      downlinkBytes: amount(AMOUNT.downlinkBytes),
      uplinkBytes: amount(AMOUNT.uplinkBytes),
      firstStartMs: first,
      lastEndMs: last,
    }
  })
}

/** Kills a replay with SIGKILL in the middle, and runs it again to its end. */
async function cutOff(command: readonly string[], wallSeconds: number): Promise<Cost> {
  const [program, ...args] = command
  const child = spawn(program, args, { stdio: 'ignore' })
  const ended = once(child, 'exit')
  await Promise.race([sleep(1000 * wallSeconds * MIDDLE), ended])
  child.kill('SIGKILL')
  await ended
  return runProcess(command)
}

function print(
  { rows, subscribers, runs }: BenchOptions,
  costs: ReadonlyMap<string, Cost[]>,
  versions: ReadonlyMap<string, string>,
  cut: Cost,
): void {
  const wall = wallOf(costs.get(PULSE) ?? [])
  const again = JSON.parse(cut.stdout) as { duplicate: number }
  const lines = [...costs].map(([name, found]) => [
    `${name} ${versions.get(name) ?? ''}`.trim(),
    ...costCells(rows, found),
    (wall / wallOf(found)).toFixed(2),
    name === PULSE ? seconds(cut.wallSeconds) : 'all again',
  ])
  const command = `npm run bench -- peers --rows ${rows} --subscribers ${subscribers} --runs ${runs}`
  printTable(
    `${command} (Parquet)`,
    [['whole process', ...COST_HEADING, 'wall of a replay', 'after kill -9, s'], ...lines],
    [
      `Medians of ${runs} runs in turn, two threads each; the totals of all are the same. ${loadText()}`,
      'All clean rows and sum 21 numbers per subscriber. The replay also checks units and formats, keeps',
      'rejected rows, sums by hour, and writes a state; the others write nothing. After kill -9 at',
      `${100 * MIDDLE} % of the usual time the next replay found ${again.duplicate} of the rows in the state, and`,
      'ended with the same totals.',
    ],
  )
  for (const [name, found] of costs) {
    const [peer, cpuSeconds] = [`${name} ${versions.get(name) ?? ''}`.trim(), cpuOf(found)]
    noteFigures('peers-parquet', { peer, rows, runs, wallSeconds: wallOf(found), cpuSeconds })
  }
}
