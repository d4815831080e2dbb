// Runs the rows of faults and reports what each reached and checked: npm run faults
//   npm run faults -- --only 1,3 --minutes 10 --seed 7
import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { faultsTable, reportLine } from './fault-report.ts'
import { runRow } from '../test/faults/run-row.ts'
import { ROWS } from '../test/faults/rows.ts'
import type { FaultReport } from '../test/faults/fault-row.ts'

const USAGE = `Usage: npm run faults -- [options]

  --only N,N       rows to run (default: all)
  --rounds N       rounds of each row (default: those of its short run, or until the minutes are over)
  --minutes N      minutes of each row
  --seed N         seed of the random numbers (default: from the clock)
  --from N         number of the first round, to repeat one
  --skip-missing   a row whose tool is missing does not fail the run
  --markdown       print the table of docs/reliability.md at the end
  --list           print the rows and end
`

function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      minutes: { type: 'string' },
      seed: { type: 'string' },
      from: { type: 'string' },
      'skip-missing': { type: 'boolean' },
      markdown: { type: 'boolean' },
      list: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  const number = (name: 'rounds' | 'minutes' | 'seed' | 'from', usual: number): number => {
    const text = values[name]
    const value = text === undefined ? usual : Number(text)
    if (!(value >= 0)) fail(`--${name} is "${text}"; expected a number from 0`)
    return value
  }
  const only = values.only?.split(',').map(Number)
  const unknown = only?.find((one) => !ROWS.some((row) => row.number === one))
  if (unknown !== undefined) fail(`row ${unknown} does not exist; --list prints the rows`)
  return { ...values, only, number }
}

function fail(message: string): never {
  process.stderr.write(`${message}\n\n${USAGE}`)
  process.exit(2)
}

const { only, number, ...flags } = readOptions()
if (flags.help === true) {
  process.stdout.write(USAGE)
  process.exit(0)
}
const rows = ROWS.filter((row) => only === undefined || only.includes(row.number))
if (flags.list === true) {
  for (const { number: of, title, how } of rows) process.stdout.write(`${of}\t${title}\t${how}\n`)
  process.exit(0)
}

const seed = number('seed', Date.now() % 100_000)
const minutes = number('minutes', Infinity)
process.stdout.write(`seed ${seed}\n`)
const reports: FaultReport[] = []
for (const row of rows) {
  // With a time and no number of rounds the time decides.
  const usual = minutes < Infinity ? Infinity : row.shortRounds
  const budget = { seed, minutes, from: number('from', 0), rounds: number('rounds', usual) }
  const report = await runRow(row, budget)
  reports.push(report)
  process.stdout.write(reportLine(report))
}

if (flags.markdown === true) {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  const [{ model }] = cpus()
  const given = process.argv.slice(2).filter((flag) => flag !== '--markdown')
  const where = { commit, seed, machine: `${cpus().length} × ${model}`, node: process.version }
  process.stdout.write(faultsTable(reports, { ...where, date: new Date(), given }))
}
const isFailure = ({ outcome }: FaultReport): boolean =>
  outcome === 'violated' || (outcome === 'not run' && flags['skip-missing'] !== true)
process.exitCode = reports.some(isFailure) ? 1 : 0
