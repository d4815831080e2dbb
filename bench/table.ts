// The output of a bench: machine and date, a table of medians, and the cost of whole processes.
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { tableText } from '../src/terminal/table.ts'
import type { Cost } from './process.ts'

/** The median; of an even number of values, the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Prints a table after its command, the machine and the date, and notes after it. */
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

/** Bytes as whole MiB. */
export const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20)
/** Seconds with two decimals. */
export const seconds = (value: number): string => value.toFixed(2)

/** The headings of `costCells`. */
export const COST_HEADING = ['seconds', 'records/s', 'CPU s', 'records per CPU s', 'peak MiB']

/** The median CPU time in seconds, user and system. */
export const cpuOf = (costs: readonly Pick<Cost, 'cpuSeconds'>[]): number =>
  median(costs.map(({ cpuSeconds }) => cpuSeconds))

/** Table cells for processes that each read `records` records: medians of their costs. */
export function costCells(
  records: number,
  costs: readonly Omit<Cost, 'stdout'>[],
): (string | number)[] {
  const wall = median(costs.map(({ wallSeconds }) => wallSeconds))
  const cpu = cpuOf(costs)
  const rates = [records / wall, records / cpu].map(Math.round)
  const peak = mebibytes(median(costs.map(({ peakBytes }) => peakBytes)))
  return [seconds(wall), rates[0], seconds(cpu), rates[1], peak]
}

/** A note on what else ran on the machine. */
export const loadText = (): string =>
  `Load average at the end: ${loadavg()
    .map((load) => load.toFixed(1))
    .join(', ')}.`
