// A real Prometheus on loopback that scrapes some addresses and evaluates the shipped rules.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { start } from '../e2e/command.ts'
import { ROOT } from '../source-tree.ts'
import { until } from '../until.ts'

const JOB = 'xdr-pulse'
const SCRAPE_SECONDS = 1
const STARTS_WITHIN_MS = 30_000

/** A series of a result: labels, and values from the oldest to the newest. */
export interface Series {
  metric: Record<string, string>
  values: string[]
}

/** Queries to a running Prometheus. */
export interface Prometheus {
  url: string
  /** Evaluates an expression now. */
  instant(expression: string): Promise<Series[]>
  /** Evaluates an expression over the last seconds. */
  range(expression: string, seconds: number): Promise<Series[]>
  /** The data of a path of the API. */
  ask(path: string): Promise<unknown>
}

interface Answer {
  status: string
  error?: string
  data: {
    result: {
      metric: Record<string, string>
      value?: [number, string]
      values?: [number, string][]
    }[]
  }
}

/** Runs `work` with a Prometheus, and ends it afterwards. */
export async function withPrometheus(
  directory: string,
  targets: readonly string[],
  work: (prometheus: Prometheus) => Promise<void>,
): Promise<void> {
  const port = await freePort()
  const file = join(directory, 'prometheus.json')
  await writeFile(file, JSON.stringify(configuration(targets)))
  const running = start('prometheus', [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(directory, 'prometheus')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ])
  try {
    const url = `http://127.0.0.1:${port}`
    await answering(`${url}/-/ready`, STARTS_WITHIN_MS)
    await work(asking(url))
  } finally {
    running.process.kill('SIGKILL')
    await running.ended
  }
}

/** The configuration as JSON, which is valid YAML. */
const configuration = (targets: readonly string[]): object => ({
  global: {
    scrape_interval: `${SCRAPE_SECONDS}s`,
    scrape_timeout: `${SCRAPE_SECONDS}s`,
    evaluation_interval: `${SCRAPE_SECONDS}s`,
  },
  rule_files: [join(ROOT, 'grafana', 'rules', '*.yml')],
  scrape_configs: [{ job_name: JOB, static_configs: [{ targets }] }],
})

function asking(url: string): Prometheus {
  const ask = async (path: string): Promise<unknown> => {
    const response = await fetch(`${url}/api/v1/${path}`)
    const answer = (await response.json()) as Answer
    assert.equal(answer.status, 'success', `${path}: ${answer.error}`)
    return answer.data
  }
  const series = async (path: string, parameters: Record<string, string>): Promise<Series[]> => {
    const query = new URLSearchParams(parameters).toString()
    const { result } = (await ask(`${path}?${query}`)) as Answer['data']
    return result.map(({ metric, value, values }) => ({
      metric,
      values: (values ?? [value!]).map(([, text]) => text),
    }))
  }
  return {
    url,
    ask,
    instant: (query) => series('query', { query }),
    range(query, seconds) {
      const end = Date.now() / 1000
      const [from, to] = [String(end - seconds), String(end)]
      return series('query_range', { query, start: from, end: to, step: String(SCRAPE_SECONDS) })
    },
  }
}

/** A free port. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Waits until an address answers with success. */
export async function answering(url: string, boundMs: number): Promise<void> {
  const isUp = () =>
    fetch(url).then(
      ({ ok }) => ok,
      () => false,
    )
  await until(`an answer of ${url}`, isUp, Boolean, boundMs)
}
