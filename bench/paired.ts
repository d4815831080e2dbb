// A replay of this checkout against one of the former commit, in pairs: what the last change cost.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { noteFigures, recordFigures } from './history.ts'
import type { BenchOptions } from './options.ts'
import { runProcess, type Cost } from './process.ts'
import { OUT, sampleFile, withStates } from './sample.ts'
import { loadText, median, printTable, seconds } from './table.ts'

const ROOT = join(import.meta.dirname, '..')
const FORMER = join(OUT, 'former')
/** No pair begins after this. */
const LAST_START_MS = 60_000

/** Prints the costs of both, and the median of the ratios within the pairs. Nothing is asserted. */
export async function benchPaired(options: BenchOptions): Promise<void> {
  const { rows, subscribers, runs } = options
  if (options.record) recordFigures()
  const why = takeFormer()
  if (why !== null) return void process.stdout.write(`paired: skipped, ${why}\n`)
  const file = await sampleFile(rows, subscribers)
  const begun = performance.now()
  const pairs: { former: Cost; present: Cost }[] = []
  await withStates(async (directory) => {
    const state = join(directory, 'state')
    const replay = async (root: string): Promise<Cost> => {
      const cli = join(root, 'src/cli.ts')
      const cost = await runProcess([process.execPath, cli, 'replay', file, '--state', state])
      rmSync(state, { recursive: true })
      return cost
    }
    // Their first runs strip and compile the code.
    for (const root of [FORMER, ROOT]) await replay(root)
    while (pairs.length < runs && performance.now() - begun < LAST_START_MS) {
      // Either begins as often as the other.
      const present = pairs.length % 2 === 0 ? await replay(ROOT) : null
      const former = await replay(FORMER)
      pairs.push({ former, present: present ?? (await replay(ROOT)) })
    }
  })
  rmSync(FORMER, { recursive: true })
  print(options, pairs)
}

/** Unpacks the former commit with the packages of this checkout; returns why that is not possible. */
function takeFormer(): string | null {
  const archive = spawnSync('git', ['archive', '--format=tar', 'HEAD~1'], {
    cwd: ROOT,
    maxBuffer: 2 ** 30,
  })
  if (archive.status !== 0) return 'this checkout has no former commit'
  rmSync(FORMER, { recursive: true, force: true })
  mkdirSync(FORMER, { recursive: true })
  const tar = spawnSync('tar', ['-x', '-C', FORMER], { input: archive.stdout })
  if (tar.status !== 0) return `it cannot be unpacked: ${tar.stderr.toString().trim()}`
  symlinkSync(join(ROOT, 'node_modules'), join(FORMER, 'node_modules'))
  const [was, is] = [FORMER, ROOT].map((root) => readFileSync(join(root, 'package-lock.json')))
  return was.equals(is) ? null : 'the former commit has other packages'
}

function print(
  { rows, subscribers, runs }: BenchOptions,
  pairs: readonly { former: Cost; present: Cost }[],
): void {
  const ratio = (of: (cost: Cost) => number): number =>
    median(pairs.map(({ former, present }) => of(present) / of(former)))
  const cells = (which: 'former' | 'present'): string[] =>
    [(cost: Cost) => cost.wallSeconds, (cost: Cost) => cost.cpuSeconds].map((of) =>
      seconds(median(pairs.map((pair) => of(pair[which])))),
    )
  const [wall, cpu] = [ratio((cost) => cost.wallSeconds), ratio((cost) => cost.cpuSeconds)]
  printTable(
    `npm run bench -- paired --rows ${rows} --subscribers ${subscribers} --runs ${runs}`,
    [
      ['replay', 'seconds', 'CPU s'],
      ['the former commit', ...cells('former')],
      ['this checkout', ...cells('present')],
      ['ratio within pairs', wall.toFixed(3), cpu.toFixed(3)],
    ],
    [`Medians of ${pairs.length} pairs, start included. ${loadText()}`],
  )
  noteFigures('paired', { rows, pairs: pairs.length, wallRatio: wall, cpuRatio: cpu })
}
