// Many seeds one after another: which of them failed, and which situations they reached.
import { runSeed } from './run.ts'
import type { Bug } from './planted.ts'
import { SITUATION_NAMES, type Situation } from './situations.ts'

/** A seed of which an invariant does not hold. */
export interface FailedSeed {
  seed: number
  error: Error
}

/** What some seeds showed. */
export interface Simulation {
  failed: FailedSeed[]
  /** Seeds that reached each situation. */
  reached: Record<Situation, number>
}

/** Runs `count` seeds from one on. */
export async function simulate(
  from: number,
  count: number,
  onFailure: (failure: FailedSeed) => void = () => undefined,
): Promise<Simulation> {
  const zeros = Object.fromEntries(SITUATION_NAMES.map((name) => [name, 0]))
  const found: Simulation = { failed: [], reached: zeros as Record<Situation, number> }
  for (let seed = from; seed < from + count; seed++) {
    try {
      for (const situation of await runSeed(seed)) found.reached[situation]++
    } catch (error) {
      const failure = { seed, error: error as Error }
      found.failed.push(failure)
      onFailure(failure)
    }
  }
  return found
}

/** How many seeds it takes to find a planted bug; null when `most` do not find it. */
export async function seedsToFind(bug: Bug, from: number, most: number): Promise<number | null> {
  for (let seeds = 1; seeds <= most; seeds++) {
    try {
      await runSeed(from + seeds - 1, bug)
    } catch {
      return seeds
    }
  }
  return null
}

/** The situations that no seed reached. */
export const unreached = ({ reached }: Simulation): Situation[] =>
  SITUATION_NAMES.filter((name) => reached[name] === 0)

/** A failed seed as text, with the command that runs it again. */
export const describeFailure = ({ seed, error }: FailedSeed): string =>
  `seed ${seed}: ${error.stack ?? error.message}\n` +
  `run it again: npm run simulate -- --seed ${seed} --seeds 1`
