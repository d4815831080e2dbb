// Bench of interference: what snapshots cost a replay, and what both cost the main thread.
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchOptions } from './options.ts'
import { PRODUCT } from './process.ts'
import { sampleFile, withStates } from './sample.ts'
import { median, printTable, seconds } from './table.ts'

const SCRAPE_MS = 500

/** One replay with a server. */
interface Served {
  seconds: number
  snapshots: number
  /** The maximum, over all scrapes, of the event loop's p99 delay. */
  lagSeconds: number
}

/** Alternates a replay with a snapshot per second and one with the first snapshot only. */
export async function benchInterference(options: BenchOptions): Promise<void> {
  const { rows, subscribers, runs } = options
  const file = await sampleFile(rows, subscribers)
  const found = new Map<string, Served[]>([
    ['600m', []],
    ['1s', []],
  ])
  await withStates(async (directory) => {
    for (let run = 0; run < runs; run++) {
      for (const [interval, list] of found) {
        const state = join(directory, 'state')
        list.push(await replayServed(file, state, interval))
        rmSync(state, { recursive: true })
      }
    }
  })
  const table = [...found].map(([interval, list]) => {
    const time = median(list.map((served) => served.seconds))
    return [
      interval === '600m' ? 'none after the first' : 'every second',
      Math.round(rows / time),
      seconds(time),
      median(list.map(({ snapshots }) => snapshots)),
      (1000 * median(list.map(({ lagSeconds }) => lagSeconds))).toFixed(1),
    ]
  })
  const command = `npm run bench -- interference --rows ${rows} --subscribers ${subscribers} --runs ${runs}`
  const heading = ['snapshots', 'rows/s', 'seconds', 'snapshots taken', 'event loop p99 ms']
  printTable(
    command,
    [heading, ...table],
    [`Medians of ${runs} runs, process start included; the delay is measured every 10 ms.`],
  )
}

async function replayServed(file: string, state: string, interval: string): Promise<Served> {
  const args = [PRODUCT, 'replay', file, '--state', state, '--serve', '--port', '0', '--json']
  const start = performance.now()
  const child = spawn(process.execPath, [...args, '--snapshot-interval', interval], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = new Promise((resolve) => child.on('close', resolve))
  let [stdout, stderr] = ['', '']
  let printedAt = 0
  // The reconciliation is printed when the last row is durable.
  const printed = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      printedAt = performance.now()
      resolve()
    })
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const served: Served = { seconds: 0, snapshots: 0, lagSeconds: 0 }
  try {
    while (served.seconds === 0) {
      if (child.exitCode !== null) throw new Error(`the replay ended too early: ${stderr}`)
      await Promise.race([sleep(SCRAPE_MS), closed, printed])
      if (stdout.includes('\n')) served.seconds = (printedAt - start) / 1000
      const url = /http:\/\/[^\s"]+/.exec(stderr)?.[0]
      if (url !== undefined) await scrape(new URL('/metrics', url), served)
    }
  } finally {
    child.kill('SIGINT')
    await closed
  }
  return served
}

async function scrape(url: URL, served: Served): Promise<void> {
  const text = await (await fetch(url)).text()
  const value = (name: string): number =>
    Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1] ?? 0)
  served.lagSeconds = Math.max(served.lagSeconds, value('nodejs_eventloop_lag_p99_seconds'))
  served.snapshots = value('\\w*snapshot_runs_total\\{outcome="success"\\}')
}
