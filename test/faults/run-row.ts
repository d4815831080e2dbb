// Runs a row of faults, and reports what it reached and checked.
import { performance } from 'node:perf_hooks'
import { withDirectory } from '../state-directory.ts'
import { createCounting, type Budget, type FaultReport, type FaultRow } from './fault-row.ts'
import { missingTools } from './tools.ts'

/** Runs a row within a budget. Never throws: a violation is part of the report. */
export function runRow(row: FaultRow, budget: Budget): Promise<FaultReport> {
  const needs = missingTools(row.needs)
  if (needs !== null) {
    const nothing = { rounds: 0, seconds: 0, reached: {}, figures: {}, checks: {} }
    return Promise.resolve({ row, outcome: 'not run', reason: `needs ${needs}`, ...nothing })
  }
  return withDirectory(async (directory) => {
    const counting = createCounting(row, directory, budget)
    const start = performance.now()
    const { reached, figures, checks } = counting
    const report = (outcome: FaultReport['outcome'], reason: string): FaultReport => ({
      ...{ row, outcome, reason, rounds: counting.rounds, reached, figures, checks },
      seconds: (performance.now() - start) / 1000,
    })
    try {
      await row.run(counting.context)
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      const again = `npm run faults -- --only ${row.number} --seed ${budget.seed} --from ${counting.round} --rounds 1`
      return report('violated', `${text}\nround ${counting.round}; to repeat it: ${again}`)
    }
    const missed = Object.keys(reached).filter((situation) => reached[situation] === 0)
    const unchecked = row.holds.filter((name) => checks[name] === 0)
    if (missed.length > 0) {
      return report('violated', `I11: it did not reach what it is about: ${missed.join(', ')}`)
    }
    if (unchecked.length > 0) return report('violated', `it did not check ${unchecked.join(', ')}`)
    return report('held', '')
  })
}
