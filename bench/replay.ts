// Bench of a replay at full speed, compared with pandas on the same columns.
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchOptions } from './options.ts'
import { PRODUCT, runProcess, works, type Cost } from './process.ts'
import { OUT, sampleFile, withStates } from './sample.ts'
import { median, mebibytes, printTable, seconds } from './table.ts'

const PEER = join(import.meta.dirname, 'peers/pandas_groupby.py')
const PEERS = ['sums', 'aggregate'] as const
type Peer = (typeof PEERS)[number]
const PEER_NAMES: Record<Peer, string> = {
  sums: 'pandas: read_parquet + groupby sums',
  aggregate: 'pandas: the same 21 numbers, times included',
}
const NO_PEER =
  'pandas: skipped, no Python has it. To compare: python3 -m venv bench/out/venv && ' +
  'bench/out/venv/bin/pip install -r bench/peers/requirements.txt'

/** Runs whole processes in turn, so that other load affects all alike. */
export async function benchReplay({ rows, subscribers, runs }: BenchOptions): Promise<void> {
  const file = await sampleFile(rows, subscribers)
  const python = findPython()
  const replays: Cost[] = []
  const peers: Record<Peer, Cost[]> = { sums: [], aggregate: [] }
  await withStates(async (directory) => {
    const state = join(directory, 'state')
    const replay = [process.execPath, PRODUCT, 'replay', file, '--state', state, '--json']
    for (let run = 0; run < runs; run++) {
      replays.push(await runProcess(replay))
      rmSync(state, { recursive: true })
      if (python === null) continue
      for (const peer of PEERS) peers[peer].push(await runProcess([python, PEER, file, peer]))
    }
  })
  const lines = [
    line('xdr-pulse replay, a durable commit every second', rows, replays),
    ...(python === null ? [] : PEERS.map((peer) => line(PEER_NAMES[peer], rows, peers[peer]))),
  ]
  const heading = ['whole process', 'seconds', 'rows/s', 'CPU s', 'rows per CPU s', 'peak MiB']
  const command = `npm run bench -- replay --rows ${rows} --subscribers ${subscribers} --runs ${runs}`
  printTable(
    command,
    [heading, ...lines],
    [
      `Medians of ${runs} runs in turn. pandas does not validate, sum by hour or write a state.`,
      ...(python === null ? [NO_PEER] : []),
    ],
  )
}

function line(name: string, rows: number, costs: readonly Cost[]): (string | number)[] {
  const wall = median(costs.map(({ wallSeconds }) => wallSeconds))
  const cpu = median(costs.map(({ cpuSeconds }) => cpuSeconds))
  const peak = median(costs.map(({ peakBytes }) => peakBytes))
  const rates = [rows / wall, rows / cpu].map(Math.round)
  return [name, seconds(wall), rates[0], seconds(cpu), rates[1], mebibytes(peak)]
}

/** A Python with pandas: that of bench/out, or the machine's; null for none. */
function findPython(): string | null {
  const own = join(OUT, 'venv/bin/python')
  const candidates = [...(existsSync(own) ? [own] : []), 'python3']
  return candidates.find((python) => works(python, ['-c', 'import pandas, pyarrow'])) ?? null
}
