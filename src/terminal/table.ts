// The output of commands: tables for people, JSON for programs.
import { styleText } from 'node:util'
import { plainLine, plainText, printText } from '../plain-text.ts'

/**
 * A table with columns as wide as their widest cell; columns of numbers are right-aligned. The
 * first row is the heading.
 */
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

/** `1,234`, `1.5 GB`, `12.3%`; empty cells do not decide whether a column is one of numbers. */
const NUMBER = /^(under |over )?-?[\d,]+(\.\d+)?( ?[A-Za-z%]+)?$/

function isOfNumbers(cells: readonly string[]): boolean {
  const filled = cells.filter((cell) => cell !== '')
  return filled.length > 0 && filled.every((cell) => NUMBER.test(cell))
}

/** Tables with bold headings and dim rules if stdout is a terminal that supports styles. */
export const coloured = (text: string): string =>
  text.replaceAll(/^(.+)\n(─[─ ]*)$/gm, (_, heading: string, rule: string) =>
    [styleText('bold', heading), styleText('dim', rule)].join('\n'),
  )

/** Prints an object as JSON if `values.json`, else its text. */
export function print(values: { json: boolean }, object: unknown, text: () => string): void {
  if (values.json) printText(JSON.stringify(object))
  else process.stdout.write(`${coloured(plainText(text()))}\n`)
}

/** A column may contain long text; the rule below it is at most this wide. */
const WIDEST_RULE = 60

const shown = (cell: string | number): string =>
  typeof cell === 'number' ? cell.toLocaleString('en-US') : plainLine(cell)
