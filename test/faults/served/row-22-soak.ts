// Row 22: production, live clients, look-ups, scrapes and restarts for a long time.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { literal, withDatabase } from '../../../src/duckdb.ts'
import type { Random } from '../../../src/random.ts'
import { uniqueName } from '../../broker-operations.ts'
import { sampleIn } from '../../consumers/files/samples.ts'
import { pulse } from '../../e2e/command.ts'
import { assertUnion, filled, startFilling } from '../../e2e/kafka-durable.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { readBack } from '../../state-directory.ts'
import type { FaultContext, FaultRow } from '../fault-row.ts'
import { requirePrivate } from '../invariants.ts'
import { beside, caughtUp, leave, startSoaked, useOf, type Soaked, type Use } from './soak.ts'

const PARTITIONS = 3
/** Rows of the first part, in which nearly all subscribers are: what follows must not grow. */
const FIRST_ROWS = 30_000
/** Rows of each further part, in a random multiple up to `MOST_PARTS`. */
const PART_ROWS = 1500
const MOST_PARTS = 4
const SAMPLE = { subscribers: 2000, days: 5, dirt: 0.02 }
/** Rows of the longest run: it lasts for hours. */
const MOST_ROWS = 1_500_000
const RATE = 2000
/** The rounds per restart, on average; the third round always has one. */
const RESTARTS_IN = 4

/** The greatest ratio of the median of the last third to that of the first, for each use. */
const TOLERANCES: Readonly<Record<keyof Use, number>> = {
  memoryBytes: 1.25,
  descriptors: 1.2,
  series: 1.05,
  fileBytes: 1.25,
}

/** Files of a few MiB change by free pages; growth by less than this is not counted. */
const FILE_SLACK_BYTES = 2 * 2 ** 20

/** Writes a range of rows of a file as a file. */
async function cut(path: string, from: number, rows: number, to: string): Promise<string> {
  await withDatabase({ threads: 1, memoryMiB: 512 }, (connection) =>
    connection.run(`COPY (SELECT * EXCLUDE file_row_number
      FROM read_parquet(${literal(path)}, file_row_number = true)
      WHERE file_row_number >= ${from} AND file_row_number < ${from + rows})
      TO ${literal(to)} (FORMAT parquet)`),
  )
  return to
}

/** Ends a consumer, or lets it stand still, and starts it again if it ended. */
async function disturb(
  context: FaultContext,
  soaked: Soaked,
  random: Random,
  again: () => Promise<Soaked>,
) {
  const kind = ['SIGTERM', 'SIGKILL', 'SIGSTOP'][Math.floor(random() * 3)]
  const { running, visitors } = soaked
  if (kind === 'SIGSTOP') {
    running.process.kill('SIGSTOP')
    // Its clients leave while it is suspended.
    await leave(soaked)
    running.process.kill('SIGCONT')
    running.process.kill('SIGTERM')
  } else {
    running.process.kill(kind as NodeJS.Signals)
  }
  const outcome = await running.ended
  if (kind !== 'SIGKILL') assert.equal(outcome.code, 0, outcome.stderr)
  requirePrivate(context, outcome)
  if (visitors.process.exitCode === null) await leave(soaked)
  context.reached('a restart')
  return again()
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

/** Asserts that what a process uses in the last third is about what it used in the first. */
function requireFlat(context: FaultContext, uses: readonly Use[]): void {
  const third = Math.floor(uses.length / 3)
  if (third === 0) return
  for (const [name, tolerance] of Object.entries(TOLERANCES) as [keyof Use, number][]) {
    const [first, last] = [uses.slice(0, third), uses.slice(-third)].map((part) =>
      median(part.map((use) => use[name])),
    )
    const unit = name.endsWith('Bytes') ? 2 ** 20 : 1
    const text = `${Math.round(first / unit)} → ${Math.round(last / unit)}`
    context.figure(name.endsWith('Bytes') ? name.replace('Bytes', ', MiB') : name, text)
    const slack = name === 'fileBytes' ? FILE_SLACK_BYTES : 0
    assert.ok(last <= first * tolerance + slack, `${name}: ${text} is more than ${tolerance} times`)
  }
  context.reached('uses are compared')
}

/** Row 22. */
export const soak: FaultRow = {
  number: 22,
  title: 'soak',
  how: 'production, live clients, look-ups and scrapes at once, with SIGTERM, SIGKILL and SIGSTOP between',
  holds: ['I1', 'I3', 'I5', 'I9', 'I10'],
  also: 'memory, descriptors, series and files of the last third are those of the first (ratio at most 1.25, 1.2, 1.05, 1.25; 2 MiB more of files)',
  needs: ['kafka'],
  reaches: ['a scrape', 'a look-up', 'a restart', 'uses are compared'],
  shortRounds: 3,
  async run(context) {
    const { bootstrap, createTopic } = await sharedBroker()
    const [topic, group] = ['soak', 'group'].map(uniqueName)
    await createTopic(topic, { partitions: PARTITIONS })
    const state = join(context.directory, 'state')
    const where = [
      '--kafka',
      bootstrap.join(','),
      '--topic',
      topic,
      '--group',
      group,
      '--port',
      '0',
    ]
    const often = ['--commit-interval', '200ms', '--snapshot-interval', '500ms']
    const again = (): Promise<Soaked> => startSoaked(state, [...where, ...often])
    const most = FIRST_ROWS + context.mostRounds * MOST_PARTS * PART_ROWS
    const sampleRows = Math.min(MOST_ROWS, most)
    const whole = await sampleIn(context.directory, { ...SAMPLE, rows: sampleRows })
    const parts = [await cut(whole, 0, FIRST_ROWS, join(context.directory, 'part-0.parquet'))]
    const produced = (path: string, rate: number | 'max'): Promise<void> =>
      filled(startFilling(bootstrap, topic, { path }, PARTITIONS, rate))
    const uses: Use[] = []
    let [at, soaked] = [FIRST_ROWS, await again()]
    try {
      await beside(context, soaked, produced(parts[0], 'max'))
      await caughtUp(context, soaked)
      for (const { number, random } of context.rounds()) {
        const rows = PART_ROWS * (1 + Math.floor(random() * MOST_PARTS))
        const path = join(context.directory, `part-${parts.length}.parquet`)
        parts.push(await cut(whole, at, rows, path))
        at += rows
        await beside(context, soaked, produced(path, RATE))
        await caughtUp(context, soaked)
        uses.push(useOf(soaked))
        const restart = number % 3 === 2 || random() * RESTARTS_IN < 1
        if (restart) soaked = await disturb(context, soaked, random, again)
        if (at > sampleRows - MOST_PARTS * PART_ROWS) break
      }
      await caughtUp(context, soaked)
      soaked.running.process.kill('SIGTERM')
      const outcome = await soaked.running.ended
      assert.equal(outcome.code, 0, outcome.stderr)
      requirePrivate(context, outcome)
    } finally {
      soaked.running.kill()
      soaked.visitors.kill()
    }
    await requireExact(context, state, parts)
    requireFlat(context, uses)
  },
}

/** I1 and I3: the state is that of a replay of all parts. */
async function requireExact(context: FaultContext, state: string, parts: readonly string[]) {
  const reference = join(context.directory, 'reference')
  const argv = ['replay', ...parts, '--state', reference, '--partitions', String(PARTITIONS)]
  const { code, stderr } = await pulse(argv)
  assert.equal(code, 0, stderr)
  await assertUnion([state], { path: '', rows: 0, reference: await readBack(reference) })
  context.held('I1', 'I3')
}
