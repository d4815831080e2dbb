// Seeded random numbers: the same seed gives the same numbers on every machine.

/** Returns uniform numbers in [0, 1). */
export type Random = () => number

/**
 * Mulberry32 (T. Ettinger, public domain): 32 bits of state, period 2^32. This suffices for k-means
 * starts and samples; it is not for cryptography.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
