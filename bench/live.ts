// Bench of live pages: what many of them cost a replay when some never read.
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchOptions } from './options.ts'
import { PRODUCT, statusBytes } from './process.ts'
import { sampleFile, withStates } from './sample.ts'
import { median, printTable, seconds } from './table.ts'

const CLIENTS = join(import.meta.dirname, 'live-clients.ts')
const READING = 400
const STALLED = 100
const LOOK_MS = 50
/** The unit of times in /proc on Linux. */
const TICKS_PER_SECOND = 100

/** One replay with live clients. */
interface Watched {
  seconds: number
  /** Of the replaying process, all threads. */
  cpuSeconds: number
  peakBytes: number
  sentBytes: number
}

/** Alternates a replay without clients and one with 500, of which 100 are stalled. */
export async function benchLive({ rows, subscribers, runs }: BenchOptions): Promise<void> {
  const file = await sampleFile(rows, subscribers)
  const found = new Map<number, Watched[]>([
    [0, []],
    [READING + STALLED, []],
  ])
  await withStates(async (directory) => {
    for (let run = 0; run < runs; run++) {
      for (const [clients, list] of found) {
        const state = join(directory, 'state')
        list.push(await replayWatched(file, state, clients))
        rmSync(state, { recursive: true })
      }
    }
  })
  const table = [...found].map(([clients, list]) => {
    const time = median(list.map((watched) => watched.seconds))
    const mebibytes = (key: 'peakBytes' | 'sentBytes'): number =>
      Math.round(median(list.map((watched) => watched[key])) / 2 ** 20)
    return [
      clients === 0 ? 'none' : `${clients}, ${STALLED} of them stalled`,
      Math.round(rows / time),
      seconds(time),
      seconds(median(list.map(({ cpuSeconds }) => cpuSeconds))),
      mebibytes('peakBytes'),
      mebibytes('sentBytes'),
    ]
  })
  const command = `npm run bench -- live --rows ${rows} --subscribers ${subscribers} --runs ${runs}`
  const heading = ['live clients', 'rows/s', 'seconds', 'CPU s', 'peak MiB', 'MiB sent']
  printTable(
    command,
    [heading, ...table],
    [`Medians of ${runs} runs, process start included; the clients run on the same machine.`],
  )
}

/** Measures a replay until it prints its reconciliation; `clients` connect once it serves. */
async function replayWatched(file: string, state: string, clients: number): Promise<Watched> {
  const args = [PRODUCT, 'replay', file, '--state', state, '--serve', '--port', '0', '--json']
  const start = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const output = collect(child)
  let visitors: ChildProcess | null = null
  let heard = { out: '' }
  try {
    while (!output.out.includes('\n')) {
      if (child.exitCode !== null) throw new Error(`the replay ended too early: ${output.err}`)
      const url = /http:\/\/[^\s"]+/.exec(output.err)?.[0]
      if (visitors === null && clients > 0 && url !== undefined) {
        const command = [CLIENTS, url, String(clients), String(STALLED)]
        visitors = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] })
        heard = collect(visitors)
      }
      await sleep(LOOK_MS)
    }
    const elapsed = (output.at - start) / 1000
    const cpuSeconds = cpuSecondsOf(child.pid!)
    const peakBytes = statusBytes(child.pid!, 'VmHWM')
    if (visitors !== null) await end(visitors, 'SIGTERM')
    const last = heard.out.trim().split('\n').at(-1) ?? ''
    const { bytes } = last.startsWith('{') ? (JSON.parse(last) as { bytes: number }) : { bytes: 0 }
    return { seconds: elapsed, cpuSeconds, peakBytes, sentBytes: bytes }
  } finally {
    visitors?.kill('SIGKILL')
    await end(child, 'SIGINT')
  }
}

/** User and system time: fields 14 and 15 of stat; field 2 may contain spaces (proc(5)). */
function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** The output of a process; `at` is the time of its last output on stdout. */
function collect(child: ChildProcess): { out: string; err: string; at: number } {
  const output = { out: '', err: '', at: 0 }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.out += text
    output.at = performance.now()
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output.err += text))
  return output
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null) return
  const closed = new Promise((resolve) => child.on('close', resolve))
  child.kill(signal)
  await closed
}
