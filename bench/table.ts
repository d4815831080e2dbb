// How a bench prints: what ran where and when, then a table of medians.
import { availableParallelism, cpus, totalmem } from 'node:os'
import { tableText } from '../src/terminal/table.ts'

/** The middle one, or the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Prints a table under its command, the machine and the date. */
export function printTable(
  command: string,
  rows: readonly (readonly (string | number)[])[],
  notes: readonly string[] = [],
): void {
  const model = cpus()[0]?.model ?? 'unknown processor'
  const memory = Math.round(totalmem() / 2 ** 30)
  const machine = `${model}, ${availableParallelism()} cores, ${memory} GiB, Node ${process.version}`
  const lines = [command, machine, new Date().toISOString().slice(0, 16), '', tableText(rows)]
  process.stdout.write(`${[...lines, ...notes].join('\n')}\n\n`)
}

export const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20)
export const seconds = (value: number): string => value.toFixed(2)
