// Figures as data: one line of JSON per figure and commit, in bench/history.jsonl.
import { spawnSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'

const FILE = join(import.meta.dirname, 'history.jsonl')

/** The commit that is measured; null while figures are not kept. */
let commit: string | null = null

/** Figures that are noted from now on are kept. */
export function recordFigures(): void {
  // Once: what is noted makes the working tree dirty.
  const found = spawnSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' })
  commit = found.stdout.trim()
}

/** Keeps figures of a bench with commit, machine and time, where the run was asked to. */
export function noteFigures(bench: string, figures: Readonly<Record<string, unknown>>): void {
  if (commit === null) return
  const line = {
    commit,
    time: new Date().toISOString(),
    machine: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`,
    load: Number(loadavg()[0].toFixed(1)),
    bench,
    ...figures,
  }
  appendFileSync(FILE, `${JSON.stringify(line)}\n`)
}
