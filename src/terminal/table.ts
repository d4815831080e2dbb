// What a command prints: tables for people, JSON for machines.
import { styleText } from 'node:util'

/** Columns padded to their widest cell; numbers to the right. The first row is the heading. */
export function tableText(rows: readonly (readonly (string | number)[])[]): string {
  const cells = rows.map((row) => row.map(shown))
  const widths = cells[0].map((_, c) => Math.max(...cells.map((row) => row[c].length)))
  const right = cells[0].map((_, c) => isOfNumbers(cells.slice(1).map((row) => row[c])))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, c) => (right[c] ? cell.padStart(widths[c]) : cell.padEnd(widths[c])))
      .join('  ')
      .trimEnd()
  const rule = widths.map((width) => '─'.repeat(Math.min(width, WIDEST_RULE))).join('  ')
  return [line(cells[0]), rule, ...cells.slice(1).map(line)].join('\n')
}

/** `1,234`, `1.5 GB`, `12.3%`; what is empty says nothing, and stands in a column of others. */
const NUMBER = /^(under |over )?-?[\d,]+(\.\d+)?( ?[A-Za-z%]+)?$/

function isOfNumbers(cells: readonly string[]): boolean {
  const said = cells.filter((cell) => cell !== '')
  return said.length > 0 && said.every((cell) => NUMBER.test(cell))
}

/** Tables with bold headings and faint rules where stdout is a terminal that shows them. */
export const coloured = (text: string): string =>
  text.replaceAll(/^(.+)\n(─[─ ]*)$/gm, (_, heading: string, rule: string) =>
    [styleText('bold', heading), styleText('dim', rule)].join('\n'),
  )

/** Prints an object as JSON, or its text. */
export function print(values: { json: boolean }, object: unknown, text: () => string): void {
  process.stdout.write(`${values.json ? JSON.stringify(object) : coloured(text())}\n`)
}

/** A column may hold long text; a rule under it need not be as long. */
const WIDEST_RULE = 60

const shown = (cell: string | number): string =>
  typeof cell === 'number' ? cell.toLocaleString('en-US') : cell
