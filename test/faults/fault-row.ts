// What a row of faults is: a fault, how it is made, what must hold, and the run that shows it.
import { seededRandom, type Random } from '../../src/random.ts'
import type { Tool } from './tools.ts'

/** The invariants that rows check, by number; `I11` (what was reached) is checked of every row. */
export const INVARIANTS = {
  I1: 'rows read = applied + duplicate + rejected + excluded, in every total',
  I2: 'an independent computation of the same rows gives equal numbers',
  I3: 'the state has the hash of an undisturbed run',
  I4: 'what was reported as durable is stored, and nothing beyond the end of the source',
  I5: 'offsets committed to Kafka <= durable <= applied <= end',
  I6: 'a stored position never decreases',
  I7: 'a snapshot is that of one read transaction',
  I8: 'each rejected row is found once, with its reason and raw values',
  I9: 'work continues within a bound after the fault, or the process ends within a bound',
  I10: 'no MSISDN in logs, errors, metrics or headers',
  I12: 'rows that are missing are counted with a reason; exit code 0 means all is done',
  I13: 'one writer: never two that commit to one state',
} as const

/** One of `INVARIANTS`. */
export type Invariant = keyof typeof INVARIANTS

/** One round of a row. Its random numbers depend on seed, row and round only. */
export interface Round {
  /** From 0 on. */
  number: number
  random: Random
}

/** What a row gets to run. */
export interface FaultContext {
  /** A temporary directory of its own. */
  directory: string
  /** The rounds to run, until their number or the time is used up. */
  rounds: () => Iterable<Round>
  /** Counts a situation that the row is about. */
  reached: (situation: string, count?: number) => void
  /** Counts a check of an invariant that held. */
  held: (...invariants: Invariant[]) => void
  /** The most rounds of this run; Infinity when the time decides. */
  mostRounds: number
  /** Reports what was measured, such as the most memory of a process. */
  figure: (name: string, value: string) => void
}

/** A fault and its run. */
export interface FaultRow {
  number: number
  /** The fault. */
  title: string
  /** How it is made. */
  how: string
  /** What must hold. */
  holds: readonly Invariant[]
  /** What must hold beyond the invariants, as a phrase. */
  also?: string
  /** The tools without which it does not run. */
  needs: readonly Tool[]
  /** The situations of which each must be reached in every run. */
  reaches: readonly string[]
  /** Rounds of the short run, which is a test. */
  shortRounds: number
  /** Throws when an invariant is violated. */
  run(context: FaultContext): Promise<void>
}

/** How long a row runs: until the first of both is used up. */
export interface Budget {
  seed: number
  /** The number of its first round: above 0 to repeat one. */
  from: number
  rounds: number
  minutes: number
}

/** The result of a row. */
export interface FaultReport {
  row: FaultRow
  outcome: 'held' | 'violated' | 'not run'
  /** What was violated, or which tool is missing; empty when all held. */
  reason: string
  rounds: number
  seconds: number
  reached: Record<string, number>
  /** What was measured, by name. */
  figures: Record<string, string>
  /** Checks that held, by invariant. */
  checks: Partial<Record<Invariant, number>>
}

/** The counts of a run, and the context that fills them. */
export interface Counting {
  context: FaultContext
  rounds: number
  reached: Record<string, number>
  figures: Record<string, string>
  checks: Partial<Record<Invariant, number>>
  /** The round that runs; the last one after an error. */
  round: number
}

/** Seeds of rounds differ by a large prime, so that no two of them share their random numbers. */
const ROUND_STEP = 7_919

/** Creates the context of a row. `directory` exists, and is deleted by the caller. */
export function createCounting(row: FaultRow, directory: string, budget: Budget): Counting {
  const reached = Object.fromEntries(row.reaches.map((situation) => [situation, 0]))
  const counting: Counting = {
    rounds: 0,
    round: budget.from,
    reached,
    figures: {},
    checks: Object.fromEntries(row.holds.map((name) => [name, 0])),
    context: {
      directory,
      mostRounds: budget.rounds,
      *rounds() {
        const bound = performance.now() + budget.minutes * 60_000
        while (counting.rounds < budget.rounds) {
          counting.round = budget.from + counting.rounds
          const seed =
            (budget.seed + row.number * 1_000_003 + counting.round * ROUND_STEP) % 2 ** 31
          yield { number: counting.round, random: seededRandom(seed) }
          counting.rounds++
          // Each kind of a row has its turn, however slow the machine is.
          if (performance.now() >= bound && counting.rounds >= row.shortRounds) return
        }
      },
      reached(situation, count = 1) {
        reached[situation] = (reached[situation] ?? 0) + count
      },
      figure(name, value) {
        counting.figures[name] = value
      },
      held(...invariants) {
        for (const name of invariants) counting.checks[name] = (counting.checks[name] ?? 0) + 1
      },
    },
  }
  return counting
}
