// Bench of a restart: from `kill -9` under load until the first new record is durable.
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { withView } from '../state/read.ts'
import { fillCommand, withBroker } from './kafka-broker.ts'
import type { BenchOptions } from './options.ts'
import { PRODUCT, runProcess, statusBytes } from './process.ts'
import { sampleFile, withStates } from './sample.ts'
import { start, sum, until, urlOf, watchState, type Running } from './serving.ts'
import { loadText, mebibytes, median, printTable, seconds } from './table.ts'

/** Rows per subscriber of the generated state, as in the growth bench. */
const ROWS_EACH = 4
/** The load lasts for all runs; on an idle machine each takes half of this. */
const SECONDS_PER_RUN = 12
const NEVER = '24h'

interface Restart {
  /** From the start of the process until a position is beyond that of the killed process. */
  durableSeconds: number
  /** From the start of the process until it serves. */
  servesSeconds: number
  /** The process's own figure: loading the partitions. */
  restoreSeconds: number
  residentBytes: number
}

/** Kills and restarts a consumer with a large state repeatedly while records arrive. */
export async function benchRestart(options: BenchOptions): Promise<void> {
  const { subscribers, runs, rate, seconds: loadSeconds } = options
  const history = await sampleFile(subscribers * ROWS_EACH, subscribers)
  const load = await sampleFile(rate * SECONDS_PER_RUN * (runs + 1), subscribers)
  await withStates((directory) =>
    withBroker(directory, async (broker) => {
      const topic = await broker.newTopic()
      const state = join(directory, 'state')
      await broker.fill(topic, history)
      const run = ['run', '--kafka', broker.addresses, '--topic', topic, '--group', topic]
      const args = [...run, '--state', state, '--port', '0']
      const once = ['--until-caught-up', '--snapshot-interval', NEVER, '--log-level', 'warn']
      await runProcess([process.execPath, PRODUCT, ...args, ...once])
      const [, , ...fill] = fillCommand(broker.addresses, topic, load)
      const producer = start([...fill, '--rate', String(rate)])
      try {
        const found: Restart[] = []
        let running = await loaded(args, state, loadSeconds)
        for (let time = 0; time < runs; time++) {
          await running.end('SIGKILL')
          running = start(args)
          found.push(await restarted(running, state, producer))
          await sleep(1000 * loadSeconds)
        }
        await running.end('SIGKILL')
        const known = await withView(state, ({ counters }) => counters.subscribers)
        print(found, known, options)
      } finally {
        await producer.end('SIGKILL')
      }
    }),
  )
}

/** Starts a consumer and lets it read under load for `loadSeconds`. */
async function loaded(
  args: readonly string[],
  state: string,
  loadSeconds: number,
): Promise<Running> {
  const running = start(args)
  const durable = watchState(state)
  if (durable === null) throw new Error('the state has no commit, expected the history')
  const before = sum(durable.ends())
  await until('a commit', running, () => (sum(durable.ends()) > before ? true : null))
  await durable.close()
  await sleep(1000 * loadSeconds)
  return running
}

/** Reads the state itself: what another process reads there is committed and flushed. */
async function restarted(running: Running, state: string, producer: Running): Promise<Restart> {
  const startedAt = performance.now()
  const since = (): number => (performance.now() - startedAt) / 1000
  const durable = watchState(state)
  if (durable === null) throw new Error('the killed process left no state')
  const before = sum(durable.ends())
  const serves = urlOf(running).then((url) => ({ url, at: since() }))
  const moved = (): true | null => (sum(durable.ends()) > before ? true : null)
  await until('a commit', running, moved)
  const durableSeconds = since()
  await durable.close()
  if (producer.child.exitCode !== null) throw new Error('the load ended before the restart')
  const { url, at } = await serves
  const restoreSeconds = await until('its status', running, async () => {
    const status = await (await fetch(new URL('/api/v1/status', url))).json()
    return (status as { restoreSeconds: number | null }).restoreSeconds
  })
  const residentBytes = statusBytes(running.child.pid ?? 0, 'VmRSS')
  return { durableSeconds, servesSeconds: at, restoreSeconds, residentBytes }
}

function print(
  found: readonly Restart[],
  known: number,
  { subscribers, runs, rate }: BenchOptions,
): void {
  const all = (name: keyof Restart): number[] => found.map((one) => one[name])
  const durable = all('durableSeconds')
  printTable(
    `npm run bench -- restart --subscribers ${subscribers} --rate ${rate} --runs ${runs}`,
    [
      ['subscribers', 'durable s', 'slowest s', 'serves s', 'restore s', 'resident MiB'],
      [
        ...[known, seconds(median(durable)), seconds(Math.max(...durable))],
        ...[seconds(median(all('servesSeconds'))), seconds(median(all('restoreSeconds')))],
        mebibytes(median(all('residentBytes'))),
      ],
    ],
    [
      `Medians of ${runs} restarts after kill -9 at ${rate} records/s. Seconds from the start of the process`,
      'until another process reads more from the state than the killed process left (durable), until it',
      `serves, and for loading the state as it reports (restore). ${loadText()}`,
    ],
  )
}
