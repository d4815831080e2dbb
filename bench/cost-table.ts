// What whole processes cost, as lines of a table: medians of wall time, CPU time and peak memory.
import { loadavg } from 'node:os'
import type { Cost } from './process.ts'
import { mebibytes, median, seconds } from './table.ts'

/** Heads the cells of `costCells`. */
export const COST_HEADING = ['seconds', 'records/s', 'CPU s', 'records per CPU s', 'peak MiB']

/** The median CPU time, user and system. */
export const cpuOf = (costs: readonly Pick<Cost, 'cpuSeconds'>[]): number =>
  median(costs.map(({ cpuSeconds }) => cpuSeconds))

/** Cells of processes that dealt with so many records each. */
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

/** What else the machine had to do, in words. */
export const loadText = (): string =>
  `Load average at the end: ${loadavg()
    .map((load) => load.toFixed(1))
    .join(', ')}.`
