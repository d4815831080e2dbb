// A running consumer beside everything that may happen to it, and what it uses.
import assert from 'node:assert/strict'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { statusBytes } from '../../../bench/process.ts'
import { start, startPulse, type Running } from '../../e2e/command.ts'
import { parse } from '../../serve/metrics/parse-exposition.ts'
import { until } from '../../until.ts'
import type { FaultContext } from '../fault-row.ts'

const CLIENTS = join(import.meta.dirname, '../../../bench/live-clients.ts')
const READERS = 20
const STALLED = 4
const MSISDN = /\b336\d{8}\b/

/** What a process uses at one moment. */
export interface Use {
  memoryBytes: number
  descriptors: number
  series: number
  fileBytes: number
}

/** A consumer with its live clients. */
export interface Soaked {
  running: Running
  url: string
  state: string
  visitors: Running
  /** Of the last scrape. */
  series: number
}

/** Starts a consumer and its live clients. */
export async function startSoaked(state: string, argv: readonly string[]): Promise<Soaked> {
  const running = startPulse(['run', '--state', state, ...argv])
  const [, url] = await running.prints(/API and metrics at (http:\/\/[\d.:]+)/)
  const visitors = start(process.execPath, [CLIENTS, url, String(READERS), String(STALLED)])
  await visitors.prints(/joined/)
  return { running, url, state, visitors, series: 0 }
}

/** Ends the live clients of a consumer. */
export async function leave({ visitors }: Soaked): Promise<void> {
  visitors.kill()
  await visitors.ended
}

/** What a consumer uses now. */
export function useOf({ running, state, series }: Soaked): Use {
  const pid = running.process.pid ?? 0
  const files = readdirSync(state, { recursive: true, withFileTypes: true })
  return {
    memoryBytes: statusBytes(pid, 'VmRSS'),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    series,
    fileBytes: files
      .filter((file) => file.isFile() && file.name === 'data.mdb')
      .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0),
  }
}

/** A response, or null while the process is not there. */
const get = (url: string): Promise<{ status: number; body: string } | null> =>
  fetch(url).then(
    async (reply) => ({ status: reply.status, body: await reply.text() }),
    () => null,
  )

/** Scrapes once; asserts I5 and I10. */
async function scrape(context: FaultContext, soaked: Soaked): Promise<void> {
  const reply = await get(`${soaked.url}/metrics`)
  if (reply?.status !== 200) return
  const found = parse(reply.body)
  // Values are not looked at: a sum of bytes may have the digits of a number.
  assert.doesNotMatch([...found.keys()].join('\n'), MSISDN, 'I10')
  soaked.series = found.size
  for (const [name, applied] of found) {
    if (!name.startsWith('consumer_applied_offset')) continue
    const of = (kind: string): number | undefined => found.get(name.replace('applied', kind))
    const [committed, durable, end] = [of('committed'), of('durable'), of('end')]
    assert.ok((committed ?? 0) <= (durable ?? 0), `I5: committed <= durable: ${name}`)
    assert.ok((durable ?? 0) <= applied, `I5: durable <= applied: ${name}`)
    assert.ok(applied <= (end ?? Infinity), `I5: applied <= end: ${name}`)
    context.held('I5')
  }
  context.held('I10')
  context.reached('a scrape')
}

interface Page {
  subscribers: { msisdn: number }[]
}

/** Looks up a page of subscribers, and one of them. */
async function lookUp(context: FaultContext, { url }: Soaked): Promise<void> {
  const page = await get(`${url}/api/v1/subscribers?limit=20`)
  if (page?.status !== 200) return
  const { subscribers } = JSON.parse(page.body) as Page
  const one = subscribers.at(0)
  if (one === undefined) return
  const reply = await get(`${url}/api/v1/subscribers/${one.msisdn}`)
  if (reply?.status === 200) context.reached('a look-up')
}

/** Scrapes and looks up until `work` ends; then waits until everything is read. */
export async function beside(
  context: FaultContext,
  soaked: Soaked,
  work: Promise<unknown>,
): Promise<void> {
  let over = false
  const ended = work.finally(() => (over = true))
  await until('the end of production', async () => {
    await scrape(context, soaked)
    await lookUp(context, soaked)
    return over
  })
  await ended
}

/** Waits until a consumer has read everything that is in its topic, and checks a last scrape. */
export async function caughtUp(context: FaultContext, soaked: Soaked): Promise<void> {
  await until('the end of the log', async () => {
    const reply = await get(`${soaked.url}/metrics`)
    if (reply?.status !== 200) return false
    const lags = [...parse(reply.body)].filter(([name]) => name.startsWith('consumer_lag_records'))
    return lags.length > 0 && lags.every(([, lag]) => lag === 0)
  })
  await scrape(context, soaked)
  context.held('I9')
}
