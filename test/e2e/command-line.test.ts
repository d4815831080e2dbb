// The command line as users see it: reads files, prints reconciliations and reports, or one error.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { METRICS } from '../../src/snapshot/metrics.ts'
import { snapshotSchema, type Snapshot } from '../../src/snapshot/schema.ts'
import { subscriberSchema, type Subscriber } from '../../src/snapshot/subscriber-schema.ts'
import { spellingsOf } from '../record/spellings.ts'
import { pulse, type Outcome } from './command.ts'

const ROWS = 3000
const SAMPLE = ['--rows', String(ROWS), '--subscribers', '300', '--days', '2', '--dirt', '0.05']

let home = ''
let file = ''
let other = ''
let state = ''
/** The outcome of the replay of `file` into `state`. */
let replayed: Outcome

interface Reconciliation {
  rows: number
  applied: number
  duplicate: number
  rejected: Record<string, number>
  subscribers: number
  complete: boolean
}

const sum = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0)

/** Runs a command that must succeed and returns its JSON. */
async function json<T>(...argv: string[]): Promise<T> {
  const { code, stdout, stderr } = await pulse([...argv, '--json'])
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as T
}

/** Asserts that a command is refused: nothing on stdout, one line on stderr, the exit code. */
async function refusal(code: number, message: RegExp, ...argv: string[]): Promise<void> {
  const found = await pulse(argv)
  assert.equal(found.stdout, '')
  assert.match(found.stderr, message)
  assert.equal(found.code, code)
  const lines = found.stderr.trimEnd().split('\n')
  const oneOrSuggested = lines.length === 1 || (lines.length === 2 && /^\(Did/.test(lines[1]))
  assert.ok(oneOrSuggested, `one sentence, found:\n${found.stderr}`)
}

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'xdr-pulse-command-line-'))
  file = join(home, 'month.parquet')
  other = join(home, 'other.parquet')
  state = join(home, 'state')
  await pulse(['generate', ...SAMPLE, '--seed', '5', '--out', file])
  await pulse(['generate', ...SAMPLE, '--seed', '6', '--out', other])
  replayed = await pulse(['replay', file, '--state', state, '--json'])
})
after(() => rm(home, { recursive: true }))

describe('generate', () => {
  test('prints the file and its rows, and the same seed writes the same rows', async () => {
    const again = join(home, 'again.parquet')
    const { code, stdout } = await pulse(['generate', ...SAMPLE, '--seed', '5', '--out', again])
    assert.equal(stdout, `${again}: 3,000 rows written\n`)
    assert.equal(code, 0)
    const into = join(home, 'again')
    await pulse(['replay', again, '--state', into])
    const [a, b] = await Promise.all(
      [state, into].map((directory) =>
        json<{ hash: string }>('status', '--hash', '--state', directory),
      ),
    )
    assert.match(a.hash, /^[0-9a-f]{64}$/)
    assert.equal(a.hash, b.hash)
  })

  test('prints file and rows as JSON with --json', async () => {
    const out = join(home, 'json.parquet')
    assert.deepEqual(await json('generate', ...SAMPLE, '--out', out), { file: out, rows: ROWS })
  })

  test('a missing directory is refused by its name', () =>
    refusal(
      1,
      /no-such-folder does not exist/,
      'generate',
      '--out',
      join(home, 'no-such-folder/a'),
    ))
})

describe('replay', () => {
  test('counts every row as applied or rejected', () => {
    assert.equal(replayed.code, 0, replayed.stderr)
    const reconciliation = JSON.parse(replayed.stdout) as Reconciliation
    assert.equal(reconciliation.rows, ROWS)
    assert.equal(reconciliation.duplicate, 0)
    assert.ok(sum(reconciliation.rejected) > 0, 'the sample has dirty rows')
    assert.equal(reconciliation.applied + sum(reconciliation.rejected), ROWS)
    assert.ok(reconciliation.complete)
  })

  test('a file replayed again applies nothing, and the output states it', async () => {
    const reconciliation = await json<Reconciliation>('replay', file, '--state', state)
    assert.deepEqual(
      [
        reconciliation.rows,
        reconciliation.applied,
        reconciliation.duplicate,
        sum(reconciliation.rejected),
      ],
      [ROWS, 0, ROWS, 0],
    )
    const { stdout } = await pulse(['replay', file, '--state', state])
    assert.match(stdout, /Nothing was applied/)
  })

  test('a missing file is refused by its name, and no state is created', async () => {
    const nowhere = join(home, 'nowhere')
    await refusal(
      1,
      /absent\.parquet: no such file/,
      'replay',
      'absent.parquet',
      '--state',
      nowhere,
    )
    assert.ok(!existsSync(nowhere))
  })

  test('options that differ from those of the state are refused by name', () =>
    refusal(
      1,
      /was made with --partitions 1 \(asked for: 3\)/,
      ...['replay', file, '--state', state, '--partitions', '3'],
    ))
})

describe('report', () => {
  test('as JSON is valid and agrees with the reconciliation', async () => {
    const report = await json<Snapshot>('report', '--state', state)
    snapshotSchema.parse(report)
    const reconciliation = JSON.parse(replayed.stdout) as Reconciliation
    assert.equal(report.subscribers, reconciliation.subscribers)
    assert.equal(report.records, reconciliation.applied)
    assert.ok(report.sessions > 0 && report.sessions <= report.records)
    assert.ok(report.durationMs > 0)
    assert.equal(report.trafficBytes, report.downlinkBytes + report.uplinkBytes)
    assert.deepEqual(report.rejected, reconciliation.rejected)
    assert.equal(report.positions[0].next, ROWS)
    assert.equal(report.positions[0].name, 'month.parquet')
    const hourly = report.hours.reduce((total, { records }) => total + records, 0)
    assert.equal(hourly, report.records)
  })

  test('as JSON has every key that other programs read', async () => {
    const report = await json<Record<string, unknown>>('report', '--state', state)
    const keys = (value: unknown): string[] => Object.keys(value as object)
    const has = (value: unknown, expected: string): void => {
      for (const key of expected.split(' ')) assert.ok(keys(value).includes(key), key)
    }
    has(
      report,
      'subscribers records sessions durationMs downlinkBytes uplinkBytes trafficBytes ' +
        'distribution top applications topApplications segments elbow hours positions rejected coerced',
    )
    const { top, applications, segments, elbow } = report as {
      top: object
      applications: object[]
      segments: { segments: object[] }
      elbow: object
    }
    has(top, 'sessions durationMs trafficBytes downlinkBytes uplinkBytes')
    has(applications[0], 'name downlinkBytes uplinkBytes trafficBytes share subscribers top')
    has(segments, 'features scaling k inertia text segments')
    has(segments.segments[0], 'name subscribers share centroid metrics')
    has(elbow, 'k inertia knee text')
  })

  test('has the same bytes each time', async () => {
    const [a, b] = await Promise.all(
      [1, 2].map(() => pulse(['report', '--state', state, '--json'])),
    )
    assert.equal(a.stdout, b.stdout)
  })

  test('as text has totals, top lists, applications, segments, elbow, data quality', async () => {
    const { stdout, stderr, code } = await pulse(['report', '--state', state])
    assert.equal(code, 0)
    assert.equal(stderr, '')
    for (const heading of ['totals', 'per subscriber', 'rank', 'application', 'segment', 'k ']) {
      assert.match(stdout, new RegExp(`^ *${heading}`, 'm'))
    }
    assert.match(stdout, /rejected: missing-msisdn/)
  })

  test('a directory without a state is refused by its name', () =>
    refusal(1, /nothing-here holds no state/, 'report', '--state', join(home, 'nothing-here')))
})

/** Asserts the commit, positions and absent columns of a report, and a time within the last minute. */
function isOf(asOf: object, { number: commit, positions, notInData }: Snapshot, and = {}): void {
  const { timeMs, ...state } = asOf as { timeMs: number }
  assert.deepEqual(state, { commit, positions, notInData, ...and })
  assert.ok(timeMs <= Date.now() && timeMs > Date.now() - 60_000)
}

describe('top, segments, subscriber', () => {
  test('have the numbers of the report', async () => {
    const report = await json<Snapshot>('report', '--state', state)
    const { asOf, ...top } = await json<{ asOf: object }>('top', '--state', state)
    assert.deepEqual(top, report.top)
    isOf(asOf, report)
    const { segments, elbow } = report
    const { asOf: too, ...found } = await json<{ asOf: object }>('segments', '--state', state)
    assert.deepEqual(found, { segments, elbow })
    isOf(too, report, { segmentsNumber: report.number })
  })

  test('a list has the requested length', async () => {
    const top = await json<Snapshot['top']>('top', '--state', state, '--top', '2')
    for (const metric of METRICS) assert.equal(top[metric].length, 2)
  })

  test('the busiest subscriber has rank 1 and the value of the list', async () => {
    const report = await json<Snapshot>('report', '--state', state)
    const [{ msisdn, value }] = report.top.trafficBytes
    const view = await json<Subscriber>('subscriber', String(msisdn), '--state', state)
    // The API returns the same schema.
    assert.deepEqual(subscriberSchema.parse(view), view)
    isOf(view.asOf, report, { segmentsNumber: report.number, snapshotNumber: report.number })
    assert.equal(view.aggregate.trafficBytes, value)
    assert.equal(view.ranks['trafficBytes'], 1)
    const { stdout } = await pulse(['subscriber', String(msisdn), '--state', state])
    assert.match(stdout, new RegExp(`^MSISDN ${msisdn}`))
  })

  test('an MSISDN is found in every spelling that files may have', async () => {
    const report = await json<Snapshot>('report', '--state', state)
    const [{ msisdn }] = report.top.sessions
    // An argument of a program holds no NUL.
    for (const spelt of spellingsOf(msisdn).filter((text) => !text.includes('\0'))) {
      const { aggregate } = await json<Subscriber>('subscriber', spelt, '--state', state)
      assert.equal(aggregate.msisdn, msisdn, JSON.stringify(spelt))
    }
  })

  test('an unknown subscriber is not found', () =>
    refusal(1, /has no subscriber with this MSISDN/, 'subscriber', '33000000000', '--state', state))

  // The argument could be a mistyped MSISDN: errors must not contain it.
  test('an invalid MSISDN is refused, and the error does not repeat it', () =>
    refusal(
      2,
      /^(?!.*abc).*MSISDN is not a number; expected/,
      'subscriber',
      'abc',
      '--state',
      state,
    ))
})

describe('status and rejected', () => {
  test('status has the applied rows and the position of each source', async () => {
    const status = await json<{ applied: number; sources: { name: string; next: number }[] }>(
      ...['status', '--state', state],
    )
    assert.equal(status.applied, (JSON.parse(replayed.stdout) as Reconciliation).applied)
    assert.deepEqual(
      status.sources.map(({ name, next }) => [name, next]),
      [['month.parquet', ROWS]],
    )
  })

  test('rejected has the rejected rows with reason and raw values', async () => {
    const found = await json<{
      counts: Record<string, number>
      rows: { reason: string; raw: Record<string, string | null> }[]
    }>('rejected', '--state', state, '--limit', '1000')
    assert.equal(found.rows.length, sum(found.counts))
    const missing = found.rows.filter(({ reason }) => reason === 'missing-msisdn')
    assert.equal(missing.length, found.counts['missing-msisdn'])
    for (const { raw } of missing) assert.equal(raw['MSISDN/Number'], null)
    const only = await json<{ rows: { reason: string }[] }>(
      ...['rejected', '--state', state, '--limit', '1000', '--reason', 'missing-msisdn'],
    )
    assert.deepEqual(only.rows, missing)
  })
})

describe('verify', () => {
  test('finds all numbers equal for the replayed file', async () => {
    const { code, stdout } = await pulse(['verify', file, '--state', state])
    assert.match(stdout, /all numbers are equal/)
    assert.equal(code, 0)
  })

  test('fails for a file that was not applied', () =>
    refusal(1, /other\.parquet: the state has applied none/, 'verify', other, '--state', state))
})

describe('wrong usage', () => {
  test('an unknown option is refused with the nearest name', () =>
    refusal(2, /unknown option '--sate'\n\(Did you mean --state\?\)/, 'report', '--sate', 'x'))

  test('an unknown command is refused with the nearest name', () =>
    refusal(2, /unknown command 'reprot'\n\(Did you mean report\?\)/, 'reprot'))

  test('an invalid value is refused with the valid ones', () =>
    refusal(2, /--k is "99", expected auto or a whole number from 1 to 50/, 'report', '--k', '99'))

  test('a misspelled value is refused with the nearest valid one', async () => {
    const wrong = {
      '--scaling': 'robst',
      '--features': 'sesions,durationMs',
      '--log-level': 'wran',
    }
    const meant = { '--scaling': 'robust', '--features': 'sessions', '--log-level': 'warn' }
    for (const flag of ['--scaling', '--features', '--log-level'] as const) {
      await refusal(2, new RegExp(`did you mean ${meant[flag]}\\?`), 'run', flag, wrong[flag])
    }
    await refusal(2, /robust$/m, 'report', '--scaling', 'quantiles')
  })

  test('a missing argument is refused by its name', () =>
    refusal(2, /missing required argument 'files'/, 'replay'))

  test('help and version exit with 0 and write nothing to stderr', async () => {
    for (const argv of [['--help'], ['--version'], ['replay', '--help']]) {
      const { code, stderr } = await pulse(argv)
      assert.deepEqual([code, stderr], [0, ''])
    }
  })
})

describe('environment variables', () => {
  test('set options, and an option on the command line wins', async () => {
    const env = { XDR_PULSE_STATE: state, XDR_PULSE_TOP: '2', XDR_PULSE_JSON: 'true' }
    const short = JSON.parse((await pulse(['top'], { env })).stdout) as Snapshot['top']
    assert.equal(short.sessions.length, 2)
    const long = JSON.parse((await pulse(['top', '--top', '4'], { env })).stdout) as Snapshot['top']
    assert.equal(long.sessions.length, 4)
  })

  test('are validated like options', async () => {
    const { code, stderr } = await pulse(['report'], { env: { XDR_PULSE_K: 'many' } })
    assert.match(stderr, /^xdr-pulse: XDR_PULSE_K is "many", expected auto or a whole number/)
    assert.equal(code, 2)
  })

  test('a switch that is set to false is off', async () => {
    const env = { XDR_PULSE_STATE: state, XDR_PULSE_JSON: 'false' }
    const { stdout } = await pulse(['top'], { env })
    assert.match(stdout, /^rank/)
  })
})
