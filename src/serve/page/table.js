// A table: shown with formatted values, saved as CSV with plain numbers.
import { addressWith, lookUp } from './address.js'
import { make, save, swatch } from './dom.js'

/** @typedef {{ text: string, colour?: string | undefined, msisdn?: number,
 *   unit?: string | undefined }} Named unit: of the plain numbers of the row */
/** @typedef {Named | string | number | null} Cell */
/** @typedef {{ name: string, unit?: string | undefined, format?: (value: number) => string }} Column */
/** @typedef {{ caption: string, columns: Column[], rows: Cell[][],
 *   formats?: ((value: number) => string)[] }} Table formats: per row, for columns without one */

/** The first character of what a spreadsheet takes for a formula. */
const FORMULA = /^[=+\-@\t\r]/

/** The table as an element; the first cell of each row is its heading. @param {Table} table */
export function tableElement({ caption, columns, rows, formats }) {
  const numeric = columns.map((_, at) => rows.some((row) => typeof row[at] === 'number'))
  const head = columns.map(({ name }, at) => heading(name, 'col', at > 0 && numeric[at]))
  const body = rows.map((row, line) =>
    make(
      'tr',
      ...row.map((cell, at) => {
        const content = shown(cell, columns[at]?.format ?? formats?.[line])
        if (at === 0) return heading(content, 'row', false)
        const element = make('td', content)
        if (numeric[at]) element.className = 'number'
        return element
      }),
    ),
  )
  const element = make('table', make('thead', make('tr', ...head)), make('tbody', ...body))
  element.setAttribute('aria-label', caption)
  return element
}

/** The table as CSV (RFC 4180), with units in the headings and plain numbers. @param {Table} table */
export function tableCsv({ columns, rows }) {
  const heads = columns.map(({ name, unit }) => withUnit(name, unit))
  return [heads, ...rows].map((row) => row.map(field).join(',') + '\r\n').join('')
}

/** Saves the table under a name. @param {string} name @param {Table} table */
export function saveCsv(name, table) {
  save(`${name}.csv`, new Blob([tableCsv(table)], { type: 'text/csv;charset=utf-8' }))
}

/** @param {string} name @param {string | undefined} unit */
function withUnit(name, unit) {
  return unit === undefined ? name : `${name} (${unit})`
}

/** @param {Cell} cell */
function field(cell) {
  if (cell === null) return ''
  if (typeof cell === 'number') return String(cell)
  const text = typeof cell === 'string' ? cell : withUnit(cell.text, cell.unit)
  const safe = FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/**
 * @param {Cell} cell
 * @param {((value: number) => string) | undefined} format
 */
function shown(cell, format) {
  if (cell === null) return ''
  if (typeof cell === 'string') return cell
  if (typeof cell === 'number') return format === undefined ? String(cell) : format(cell)
  if (cell.msisdn !== undefined) return subscriberLink(cell.msisdn)
  return cell.colour === undefined ? cell.text : make('span', swatch(cell.colour), cell.text)
}

/** A link to the view of a subscriber. @param {number} msisdn */
export function subscriberLink(msisdn) {
  const link = make('a', String(msisdn))
  link.setAttribute('href', addressWith({ view: 'subscriber' }))
  link.addEventListener('click', (event) => {
    event.preventDefault()
    lookUp(String(msisdn))
  })
  return link
}

/**
 * @param {Node | string} content
 * @param {'row' | 'col'} scope
 * @param {boolean | undefined} isNumeric
 */
function heading(content, scope, isNumeric) {
  const element = make('th', content)
  element.setAttribute('scope', scope)
  if (isNumeric) element.className = 'number'
  return element
}
