// Bench of checkpoints: what they cost a consumer at full speed, and what a restore from them takes.
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ChangelogProgress } from '../consumers/ingest/changelog-progress.ts'
import { withBroker } from './kafka-broker.ts'
import type { BenchOptions } from './options.ts'
import { runProcess, type Cost } from './process.ts'
import { sampleFile, withStates } from './sample.ts'
import { loadText, median, printTable, seconds } from './table.ts'

const CONSUME = join(import.meta.dirname, 'kafka-consume.ts')

/** A consumer that has read a topic to its end; what it published is absent without a changelog. */
interface Pass extends Cost {
  changelog: (ChangelogProgress & { restoreSeconds: number }) | null
}

/** Compares consumers with and without checkpoints in pairs, then restores an empty directory. */
export async function benchChangelog(options: BenchOptions): Promise<void> {
  const { rows, subscribers, runs } = options
  const file = await sampleFile(rows, subscribers)
  await withStates((directory) =>
    withBroker(directory, async (broker) => {
      const topic = await broker.newTopic()
      await broker.fill(topic, file)
      const state = join(directory, 'state')
      const consume = async (...prefix: string[]): Promise<Pass> => {
        rmSync(state, { recursive: true, force: true })
        const command = [process.execPath, CONSUME, broker.addresses, topic, state, '1', ...prefix]
        const cost = await runProcess(command)
        return { ...cost, ...(JSON.parse(cost.stdout) as Pick<Pass, 'changelog'>) }
      }
      // The first run strips and compiles the code.
      await consume()
      const found: { without: Pass; published: Pass; restored: Pass }[] = []
      for (let run = 0; run < runs; run++) {
        const prefix = `changelog-${randomUUID()}`
        const first = run % 2 === 0 ? await consume() : null
        const published = await consume(prefix)
        const without = first ?? (await consume())
        found.push({ without, published, restored: await consume(prefix) })
        await broker.drop(prefix)
      }
      print(options, broker.recordsOf(topic), found)
    }),
  )
}

function print(
  { runs }: BenchOptions,
  records: number,
  found: readonly { without: Pass; published: Pass; restored: Pass }[],
): void {
  const of = (name: 'without' | 'published' | 'restored', value: (pass: Pass) => number): number =>
    median(found.map((pair) => value(pair[name])))
  const lines = (['without', 'published', 'restored'] as const).map((name) => [
    NAMES[name],
    seconds(of(name, ({ wallSeconds }) => wallSeconds)),
    seconds(of(name, ({ cpuSeconds }) => cpuSeconds)),
  ])
  const ratio = (value: (pass: Pass) => number): string =>
    median(found.map(({ without, published }) => value(published) / value(without))).toFixed(3)
  const { published, restored } = found[found.length - 1]
  const bytes = (published.changelog?.bytes ?? 0) / (published.changelog?.subscribers ?? 1)
  printTable(
    `npm run bench -- changelog: ${records} records, medians of ${runs} pairs`,
    [['consumer of a topic, to its end', 'seconds', 'CPU s'], ...lines],
    [
      `with checkpoints against without, median of the ratios within pairs: ${ratio((pass) => pass.wallSeconds)} ` +
        `seconds, ${ratio((pass) => pass.cpuSeconds)} CPU`,
      `${published.changelog?.checkpoints} checkpoints, ${published.changelog?.subscribers} subscribers, ` +
        `${bytes.toFixed(1)} bytes per changed subscriber`,
      `restored: ${restored.changelog?.restoredSubscribers} subscribers, ` +
        `${seconds(restored.changelog?.restoreSeconds ?? 0)} s for all partitions, one after another`,
      loadText(),
    ],
  )
}

const NAMES = {
  without: 'without a changelog',
  published: 'with a checkpoint every 10 s, and one at the end',
  restored: 'empty directory, restored from the changelog',
} as const
