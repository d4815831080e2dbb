// What was wrong with the data, and how it was understood.
import { byId, make } from './dom.js'
import { count } from './format.js'
import { refusedRows } from './totals.js'

/** @typedef {import('../../snapshot/schema.ts').Snapshot} Snapshot */
/** @typedef {import('../status.ts').Status} Status */

const UNITS = { ms: 'milliseconds', s: 'seconds' }

/**
 * Shows the quality of what a snapshot was made of; `status` adds how the unit was found.
 * @param {Snapshot} snapshot
 * @param {Status | null} status
 */
export function showQuality(snapshot, status) {
  const sum = (/** @type {Record<string, number>} */ counts) =>
    Object.values(counts).reduce((total, each) => total + each, 0)
  const units = [...new Set(snapshot.positions.map((position) => position.durationUnit))]
  const evidence = [...new Set((status?.sources ?? []).map((source) => source.evidence))]
  byId('quality').replaceChildren(
    entry('Rows refused', count(refusedRows(snapshot)), details(snapshot.refused)),
    entry('Values coerced to numbers', count(sum(snapshot.coerced)), details(snapshot.coerced)),
    entry('Values missing', count(sum(snapshot.missing)), details(snapshot.missing)),
    entry(
      'Unit found in “Dur. (ms)”',
      units.map((unit) => UNITS[unit]).join(' and ') || 'not known yet',
      evidence.join('; '),
    ),
  )
}

/**
 * @param {string} name
 * @param {string} value
 * @param {string} more
 */
function entry(name, value, more) {
  return make('div', make('dt', name), make('dd', value, make('small', more)))
}

/**
 * Most frequent first.
 * @param {Record<string, number>} counts
 */
function details(counts) {
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a)
  const shown = sorted.filter(([, value]) => value > 0)
  return shown.length === 0
    ? 'none'
    : shown.map(([name, value]) => `${name} ${count(value)}`).join(' · ')
}
