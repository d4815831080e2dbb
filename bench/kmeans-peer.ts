// k-means with the elbow for k = 1 to 10 on the same points: this project and scikit-learn.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom } from '../src/random.ts'
import { noteFigures } from './history.ts'
import type { BenchOptions } from './options.ts'
import { pythonWith } from './parquet-peers.ts'
import { runProcess } from './process.ts'
import { withStates } from './sample.ts'
import { loadText, median, mebibytes, printTable, seconds } from './table.ts'

const OWN = join(import.meta.dirname, 'kmeans-own.ts')
const PEER = join(import.meta.dirname, 'peers/kmeans_peer.py')
const MOST = 10
/** Starts per k; a test of few points takes the first only. */
const [STARTS, FEW_STARTS, FEW_POINTS] = ['1,10', '1', 10_000]

interface Answer {
  version: string
  wallSeconds: number
  cpuSeconds: number
  inertia: number[]
}

interface Run extends Answer {
  peakBytes: number
}

/** Points like those of subscribers: three correlated features with long tails, scaled to 0…1. */
function pointsOf(count: number): Float64Array {
  const random = seededRandom(1)
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const points = new Float64Array(count * 3)
  const most = [0, 0, 0]
  for (let i = 0; i < count; i++) {
    const engagement = 0.7 * normal()
    for (let d = 0; d < 3; d++) {
      const value = Math.exp(engagement + (0.5 + 0.2 * d) * normal())
      points[3 * i + d] = value
      most[d] = Math.max(most[d], value)
    }
  }
  return points.map((value, at) => value / most[at % 3])
}

/** Runs both in turn and prints their cost, and by how much their inertia exceeds the least found. */
export async function compareKmeans({ subscribers, runs }: BenchOptions): Promise<void> {
  const python = pythonWith('sklearn')
  const starts = subscribers < FEW_POINTS ? FEW_STARTS : STARTS
  const found = new Map<string, Run[]>()
  const note = (name: string, run: Run): void => {
    found.set(name, [...(found.get(name) ?? []), run])
  }
  await withStates(async (directory) => {
    const path = join(directory, 'points')
    writeFileSync(path, pointsOf(subscribers))
    for (let run = 0; run < runs; run++) {
      const own = await runProcess([process.execPath, OWN, path, String(MOST)])
      note('xdr-pulse', { ...(JSON.parse(own.stdout) as Answer), peakBytes: own.peakBytes })
      if (python === null) continue
      const peer = await runProcess([python, PEER, path, String(MOST), starts])
      for (const answer of JSON.parse(peer.stdout) as Answer[]) {
        note(`scikit-learn ${answer.version}`, { ...answer, peakBytes: peer.peakBytes })
      }
    }
  })
  print(found, subscribers, runs)
  if (python === null) process.stdout.write('scikit-learn: skipped, no Python has "sklearn"\n')
}

function print(
  found: ReadonlyMap<string, readonly Run[]>,
  subscribers: number,
  runs: number,
): void {
  const all = [...found.values()].map(([run]) => run.inertia)
  const least = all[0].map((_, k) => Math.min(...all.map((inertia) => inertia[k])))
  const lines = [...found].map(([name, costs]) => {
    const wallSeconds = median(costs.map((one) => one.wallSeconds))
    const cpuSeconds = median(costs.map((one) => one.cpuSeconds))
    const excess = costs[0].inertia.map((value, k) => value / least[k] - 1)
    const worst = 100 * Math.max(...excess)
    noteFigures('peers-kmeans', { peer: name, subscribers, runs, wallSeconds, cpuSeconds, worst })
    const peak = mebibytes(median(costs.map((one) => one.peakBytes)))
    return [name, seconds(wallSeconds), seconds(cpuSeconds), peak, worst.toFixed(3)]
  })
  printTable(
    `npm run bench -- peers --subscribers ${subscribers} --runs ${runs} (k-means)`,
    [
      ['k = 1 to 10, in memory', 'seconds', 'CPU s', 'peak MiB', 'worst inertia, % above'],
      ...lines,
    ],
    [
      `Medians of ${runs} runs in turn, without start and reading; scikit-learn with two threads, this`,
      'project with one. The last column compares with the least inertia that any found for the same k.',
      loadText(),
    ],
  )
}
