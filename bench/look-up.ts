// Bench of look-ups: single subscribers and pages, beside a replay at full speed and at rest.
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { BenchOptions } from './options.ts'
import { sampleFile, withStates } from './sample.ts'
import { start, until, urlOf, type Running } from './serving.ts'
import { loadText, median, printTable } from './table.ts'

/** Look-ups and pages of each kind at rest. */
const EACH = 200
const PAGES = 40
const PAGE = 1000

/** The milliseconds of each request. */
interface Measured {
  beside: number[]
  rest: number[]
  pages: number[]
}

/** Asks a replaying process for subscribers, one request at a time, then for pages. */
export async function benchLookUp(options: BenchOptions): Promise<void> {
  const { rows, subscribers } = options
  const file = await sampleFile(rows, subscribers)
  await withStates(async (directory) => {
    const serve = ['--serve', '--port', '0', '--snapshot-interval', '5s']
    const running = start(['replay', file, '--state', join(directory, 'state'), ...serve])
    try {
      print(await measure(running), await known(await urlOf(running)), options)
    } finally {
      await running.end('SIGINT')
    }
  })
}

async function measure(running: Running): Promise<Measured> {
  const url = await urlOf(running)
  const first = await until('a snapshot', running, () => pageOf(url, 0))
  const found: Measured = { beside: [], rest: [], pages: [] }
  const msisdns = first.map(({ msisdn }) => msisdn)
  // The first look-up scans the state.
  await timed(new URL(`/api/v1/subscribers/${msisdns[0]}`, url))
  for (let at = 0; !(await isDone(url)); at++) {
    found.beside.push(
      await timed(new URL(`/api/v1/subscribers/${msisdns[at % msisdns.length]}`, url)),
    )
  }
  for (let at = 0; at < EACH; at++) {
    found.rest.push(
      await timed(new URL(`/api/v1/subscribers/${msisdns[at % msisdns.length]}`, url)),
    )
  }
  for (let page = 0; page < PAGES; page++) {
    const from = msisdns[(page * 97) % msisdns.length]
    found.pages.push(await timed(new URL(`/api/v1/subscribers?limit=${PAGE}&after=${from}`, url)))
  }
  return found
}

interface Listed {
  subscribers: { msisdn: number }[]
}

/** The first page after an MSISDN; null before there is a snapshot. */
async function pageOf(url: string, after: number): Promise<Listed['subscribers'] | null> {
  const response = await fetch(new URL(`/api/v1/subscribers?limit=${PAGE}&after=${after}`, url))
  if (response.status === 503) return null
  return ((await response.json()) as Listed).subscribers
}

async function isDone(url: string): Promise<boolean> {
  const status = (await (await fetch(new URL('/api/v1/status', url))).json()) as { done: boolean }
  return status.done
}

const known = async (url: string): Promise<number> =>
  ((await (await fetch(new URL('/api/v1/snapshot', url))).json()) as { subscribers: number })
    .subscribers

async function timed(url: URL): Promise<number> {
  const start = performance.now()
  const response = await fetch(url)
  await response.arrayBuffer()
  if (response.status !== 200) throw new Error(`${url.pathname} answered ${response.status}`)
  return performance.now() - start
}

function print(
  { beside, rest, pages }: Measured,
  subscribers: number,
  { rows, subscribers: asked }: BenchOptions,
): void {
  const row = (what: string, times: number[]): (string | number)[] => {
    const sorted = times.toSorted((a, b) => a - b)
    const slowest = sorted[Math.floor(sorted.length * 0.95)] ?? 0
    return [
      what,
      times.length,
      median(times.length > 0 ? times : [0]).toFixed(2),
      slowest.toFixed(2),
    ]
  }
  printTable(
    `npm run bench -- look-up --rows ${rows} --subscribers ${asked}`,
    [
      ['request', 'requests', 'median ms', 'p95 ms'],
      row('one subscriber, beside a replay', beside),
      row('one subscriber, at rest', rest),
      row(`a page of ${PAGE}, at rest`, pages),
    ],
    [`${subscribers} subscribers at the end; over HTTP, one request at a time. ${loadText()}`],
  )
}
