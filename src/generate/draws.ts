// SQL of the generator's random numbers, which depend only on the row and the seed.
import { seededRandom } from '../random.ts'

/** A named SQL expression of a layer. */
export type Column = readonly [name: string, sql: string]

/** SQL of random numbers that depend on the integer expression `of`, independent per purpose. */
export interface Draws {
  /** UBIGINT, all 64 bits random. */
  bits: (purpose: string, of: string) => string
  /** DOUBLE, uniform in [0, 1). */
  uniform: (purpose: string, of: string) => string
}

/** `SELECT *` of `from` with more columns: a number that several columns use is computed once. */
export function layer(columns: readonly Column[], from: string): string {
  const list = columns.map(([name, sql]) => `${sql} AS ${name}`).join(',\n  ')
  return `SELECT *,\n  ${list}\nFROM (${from})`
}

/**
 * Draws for one seed. DuckDB's hash of several arguments ends with an exclusive or of the last one,
 * so numbers that differ only in a constant argument would depend on each other. Therefore the
 * purpose is added to the hashed integer.
 */
export function drawsOf(seed: number): Draws {
  const bits = (purpose: string, of: string) => `hash(${of} + ${offsetOf(seed, purpose)})`
  const uniform = (purpose: string, of: string) =>
    `((${bits(purpose, of)} >> 11)::DOUBLE * ${2 ** -53})`
  return { bits, uniform }
}

/** Two columns of independent standard normal numbers from `bits` (Box-Muller transform). */
export function normalPair(first: string, second: string, bits: string): Column[] {
  const unit = 2 ** -32
  const radius = `sqrt(-2 * ln(((${bits} >> 32)::DOUBLE + 1) * ${unit}))`
  const angle = `((${bits} & 4294967295)::DOUBLE * ${2 * Math.PI * unit})`
  return [
    [first, `${radius} * cos(${angle})`],
    [second, `${radius} * sin(${angle})`],
  ]
}

/** Eight bits of `bits`, the `place`th from the right, as a number in [0, 1). */
export function eighth(bits: string, place: number): string {
  return `(((${bits} >> ${8 * place}) & 255)::DOUBLE / 256)`
}

/** An offset below 2^60: with any row number added it fits a BIGINT. */
function offsetOf(seed: number, purpose: string): bigint {
  let hash = 0x811c9dc5
  for (const letter of `${seed}/${purpose}`) {
    hash = Math.imul(hash ^ letter.codePointAt(0)!, 0x01000193) // FNV-1a
  }
  const random = seededRandom(hash)
  const thirtyBits = () => BigInt(Math.floor(random() * 2 ** 30))
  return (thirtyBits() << 30n) | thirtyBits()
}
