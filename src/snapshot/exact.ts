// Sums of integers that are exact beyond 2^53 and do not depend on the order of addition.

/** Several sums: the low part of each is a float64 below 2^53, the overflow a BigInt. */
export interface ExactSums {
  low: Float64Array
  carried: bigint[]
}

/** `length` sums, all zero. */
export function createSums(length: number): ExactSums {
  return { low: new Float64Array(length), carried: new Array<bigint>(length).fill(0n) }
}

/** Adds `value`, a whole number from 0 to 2^53 - 1, to sum `index`. */
export function addExact(sums: ExactSums, index: number, value: number): void {
  const sum = sums.low[index] + value
  if (sum <= Number.MAX_SAFE_INTEGER) sums.low[index] = sum
  else carry(sums, index, value)
}

function carry(sums: ExactSums, index: number, value: number): void {
  sums.carried[index] += BigInt(sums.low[index])
  sums.low[index] = value
}

/** The sum of the sums `indexes`, rounded once. */
export function totalOf(sums: ExactSums, ...indexes: number[]): number {
  let total = 0n
  for (const index of indexes) total += sums.carried[index] + BigInt(sums.low[index])
  return Number(total)
}
