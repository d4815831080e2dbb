// Figures as data: one line of JSON per figure and commit, in bench/history.jsonl.
import { spawnSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'

const FILE = join(import.meta.dirname, 'history.jsonl')

let isRecording = false

/** Figures that are noted from now on are kept. */
export function recordFigures(): void {
  isRecording = true
}

/** Keeps figures of a bench with commit, machine and time, where the run was asked to. */
export function noteFigures(bench: string, figures: Readonly<Record<string, unknown>>): void {
  if (!isRecording) return
  const commit = spawnSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' })
  const line = {
    commit: commit.stdout.trim(),
    time: new Date().toISOString(),
    machine: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`,
    load: Number(loadavg()[0].toFixed(1)),
    bench,
    ...figures,
  }
  appendFileSync(FILE, `${JSON.stringify(line)}\n`)
}
