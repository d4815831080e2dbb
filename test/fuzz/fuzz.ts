// What a fuzzer is: seeded rounds of random input, and what they reached.
import fc from 'fast-check'

/** What the rounds of a fuzzer reached. */
export interface FuzzReport {
  seed: number
  rounds: number
  /** What happened, by name and number of times. */
  reached: Readonly<Record<string, number>>
  /** The invariant that the input of a round broke, with that input; null for none. */
  broken: string | null
}

/** Runs rounds of random input. The same seed and number give the same input. */
export type Fuzzer = (seed: number, rounds: number) => FuzzReport | Promise<FuzzReport>

/** Counts what happens. */
export type Reach = (what: string) => void

/** The zones that times without one are read in: none, whole hours, quarters, a skipped day. */
export const ZONES = [
  ...['UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'America/St_Johns', 'Pacific/Apia'],
] as const

/** Makes a fuzzer of one round, which throws where an invariant is broken. */
export function fuzzer(round: (g: fc.GeneratorValue, reach: Reach) => void): Fuzzer {
  return (seed, rounds) => {
    const reached: Record<string, number> = {}
    const reach: Reach = (what) => void (reached[what] = (reached[what] ?? 0) + 1)
    const property = fc.property(fc.gen(), (g) => round(g, reach))
    const details = fc.check(property, { seed, numRuns: rounds, endOnFailure: true })
    const broken = details.failed ? fc.stringify(details.errorInstance) : null
    return { seed, rounds: details.numRuns, reached, broken }
  }
}

/** One of some values. */
export const pick = <T>(g: fc.GeneratorValue, from: readonly T[]): T =>
  from[g(fc.nat, { max: from.length - 1 })]

/** Bytes with some of them changed, removed, repeated or added. */
export function mutated(g: fc.GeneratorValue, bytes: Uint8Array): Buffer {
  let now = Buffer.from(bytes)
  const changes = g(fc.integer, { min: 1, max: 4 })
  for (let n = 0; n < changes; n++) {
    const at = g(fc.nat, { max: Math.max(0, now.length - 1) })
    const [before, after] = [now.subarray(0, at), now.subarray(at)]
    const noise = Buffer.from(g(fc.uint8Array, { maxLength: 10 }))
    switch (g(fc.nat, { max: 4 })) {
      case 0:
        now = Buffer.concat([before, noise, after.subarray(noise.length)])
        break
      case 1:
        now = Buffer.concat([before, noise, after])
        break
      case 2:
        now = Buffer.concat([before, after.subarray(noise.length)])
        break
      case 3:
        now = Buffer.concat([before, after.subarray(0, 20), after])
        break
      default:
        // A long that claims any number.
        now = Buffer.concat([
          before,
          Buffer.alloc(g(fc.nat, { max: 9 }), 255),
          Buffer.from([1]),
          after,
        ])
    }
  }
  return now
}
