// The report of a row of faults as lines for a terminal, and of all rows as a table.
import type { FaultReport } from '../test/faults/fault-row.ts'

const countsOf = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count.toLocaleString('en')}`)
    .join(', ')

const figuresOf = (figures: Readonly<Record<string, string>>): string =>
  Object.entries(figures)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')

/** What was reached and measured. */
const measuredOf = ({ reached, figures }: Pick<FaultReport, 'reached' | 'figures'>): string =>
  [countsOf(reached), figuresOf(figures)].filter((text) => text !== '').join('; ')

/** The lines of one row. */
export function reportLine({ row, outcome, reason, ...run }: FaultReport): string {
  const head = `row ${row.number}: ${row.title}: ${outcome}`
  if (outcome === 'not run') return `${head}: ${reason}\n`
  const figures = figuresOf(run.figures)
  return [
    `${head} (${run.rounds} rounds, ${run.seconds.toFixed(0)} s)`,
    `  reached: ${countsOf(run.reached)}`,
    `  checks that held: ${countsOf(run.checks)}`,
    ...(figures === '' ? [] : [`  measured: ${figures}`]),
    ...(reason === '' ? [] : [reason.replace(/^/gm, '  ')]),
    '',
  ].join('\n')
}

/** Where and how a run was made. */
export interface RunFacts {
  commit: string
  seed: number
  machine: string
  node: string
  date: Date
  /** The arguments of the command. */
  given: readonly string[]
}

/** The table of docs/reliability.md, with the facts of its run. */
export function faultsTable(reports: readonly FaultReport[], facts: RunFacts): string {
  const { commit, seed, machine, node, date, given } = facts
  const lines = reports.map(({ row, outcome, reason, ...run }) => {
    const holds = [row.holds.join(' '), row.also ?? ''].filter((text) => text !== '').join('; ')
    const measured = outcome === 'not run' ? [reason, ''] : [measuredOf(run), checked(run)]
    return [String(row.number), row.title, row.how, holds, outcome, ...measured]
  })
  const head = ['row', 'fault', 'how', 'must hold', 'outcome', 'reached', 'rounds and checks']
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  return [
    `Commit ${commit}, ${date.toISOString().slice(0, 10)}, seed ${seed}, ${machine}, Node.js ${node}.`,
    `Command: \`${['npm run faults --', ...given].join(' ')}\`.`,
    '',
    line(head),
    `|${' --- |'.repeat(head.length)}`,
    ...lines.map(line),
    '',
  ].join('\n')
}

function checked({ rounds, seconds, checks }: Omit<FaultReport, 'row' | 'outcome' | 'reason'>) {
  const total = Object.values(checks).reduce((sum, count) => sum + count, 0)
  return `${rounds} rounds, ${total.toLocaleString('en')} checks, ${seconds.toFixed(0)} s`
}
