// SQL of durations in milliseconds: of a column that is a duration by type, and of plain numbers.
import { TO_MS, type Unit } from '../../record/duration-unit.ts'

/** The unit in which `epoch_us` gives a column whose type is a duration; null for any other type. */
export const ownDurationUnit = (type: string): Unit | null =>
  /^(INTERVAL|TIME)$/.test(type) ? 'us' : null

/** SQL after a number of a unit that makes it milliseconds. */
export function inMs(unit: Unit): string {
  const { times, per } = TO_MS[unit]
  return times > 1 ? ` * ${times}` : per > 1 ? ` / ${per}` : ''
}
