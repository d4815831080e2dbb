// Rows 5 and 6: a volume that is full for a while, and one that is slow.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { IngestProgress } from '../../consumers/ingest/progress.ts'
import type { FaultContext, FaultRow } from './fault-row.ts'
import { createSeries, dataFiles, finish, makeSample, runOf } from './replaying.ts'

function command(program: string, ...argv: string[]): void {
  const { status, stderr } = spawnSync(program, argv, { encoding: 'utf8' })
  assert.equal(status, 0, `${program} ${argv.join(' ')}: ${stderr}`)
}

/** Runs `work` with the path of a tmpfs of `kib` KiB. */
async function withVolume(
  { directory }: FaultContext,
  kib: number,
  work: (volume: string) => Promise<void>,
): Promise<void> {
  const volume = join(directory, 'volume')
  mkdirSync(volume, { recursive: true })
  command('mount', '-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', volume)
  try {
    await work(volume)
  } finally {
    command('umount', '-l', volume)
  }
}

/** From too little for an empty state to nearly enough for all rows. */
const LEAST_KIB = 8
const MOST_KIB = 1500
const ENOUGH_KIB = 65_536

/** Row 5. */
export const diskFull: FaultRow = {
  number: 5,
  title: 'disk full, then space again',
  how: 'a tmpfs of 8 KiB to 1.5 MiB, which is enlarged afterwards',
  holds: ['I1', 'I2', 'I3', 'I4', 'I6', 'I9', 'I10', 'I12'],
  also: 'it ends with a sentence that names the full volume',
  needs: ['mount'],
  reaches: ['full before the first row', 'full between commits'],
  shortRounds: 2,
  async run(context) {
    const sample = await makeSample(context)
    for (const { number, random } of context.rounds()) {
      // Every other round leaves space for an empty state.
      const share = number % 2 === 0 ? random() * 0.01 : 0.2 + 0.8 * random()
      const kib = Math.round(LEAST_KIB + share * (MOST_KIB - LEAST_KIB))
      await withVolume(context, kib, async (volume) => {
        const series = { ...createSeries(context, sample, 'full'), state: join(volume, 'state') }
        const reports = join(context.directory, `reports-${number}`)
        const { code, signal, stderr, moved } = await runOf(context, series, { reports })
        assert.deepEqual([code, signal], [1, null], `it ends by itself with an error: ${stderr}`)
        assert.match(stderr, /is on a full volume|no space left/, 'the error names the full volume')
        context.reached(moved ? 'full between commits' : 'full before the first row')
        command('mount', '-o', `remount,size=${ENOUGH_KIB}k`, volume)
        await finish(context, series)
        context.held('I9')
      })
    }
  },
}

const SLOW_MS = 100

/** Row 6. */
export const diskSlow: FaultRow = {
  number: 6,
  title: 'slow disk',
  how: 'strace: each fdatasync of a data file takes 100 to 300 ms longer',
  holds: ['I1', 'I2', 'I3', 'I4', 'I6', 'I9', 'I10', 'I12'],
  needs: ['strace'],
  reaches: ['flushes of 100 ms or longer'],
  shortRounds: 1,
  async run(context) {
    const sample = await makeSample(context)
    for (const { number, random } of context.rounds()) {
      const series = createSeries(context, sample, String(number))
      const delayUs = Math.round((SLOW_MS + 200 * random()) * 1000)
      // The first flushes are of the empty databases.
      const inject = `fdatasync:delay_enter=${delayUs}:when=14+`
      const log = join(context.directory, 'strace.log')
      const reports = join(context.directory, `reports-${number}`)
      const injection = { paths: dataFiles(series.state), log, inject }
      const { code, complete, stderr } = await runOf(context, series, { injection, reports })
      assert.equal(code, 0, stderr)
      assert.ok(complete, 'all rows are applied')
      context.reached('flushes of 100 ms or longer', slowFlushes(reports))
      context.held('I9')
      await finish(context, series)
    }
  },
}

const slowFlushes = (reports: string): number =>
  readFileSync(reports, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => (JSON.parse(line) as IngestProgress).observations.flushSeconds)
    .filter((seconds) => seconds * 1000 >= SLOW_MS).length
