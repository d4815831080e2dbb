// What people see on a terminal: tables, and progress on long work.
import { styleText } from 'node:util'
import cliProgress from 'cli-progress'
import type { IngestProgress } from '../../consumers/progress.ts'
import { createPaceMeter } from '../serve/pace.ts'
import { durationText } from '../snapshot/units.ts'

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

/** A column may hold long text; a rule under it need not be as long. */
const WIDEST_RULE = 60

const shown = (cell: string | number): string =>
  typeof cell === 'number' ? cell.toLocaleString('en-US') : cell

/** A line or bar that follows work to its end. */
export interface ProgressDisplay {
  update(done: number, total: number, more: string): void
  end(): void
}

const PLAIN_EVERY_MS = 5000

/** A bar on a terminal; elsewhere a line every few seconds. */
export function createProgress(subject: string, terminal: boolean): ProgressDisplay {
  if (!terminal) return plainProgress(subject)
  const bar = new cliProgress.SingleBar({
    format: `${subject} {bar} {percentage}% | {done} of {rows} rows | {more}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  })
  let started = false
  return {
    update(done, total, more) {
      const shown = {
        done: done.toLocaleString('en-US'),
        rows: total.toLocaleString('en-US'),
        more,
      }
      if (!started) bar.start(total, done, shown)
      else {
        bar.setTotal(total)
        bar.update(done, shown)
      }
      started = true
    },
    end: () => bar.stop(),
  }
}

function plainProgress(subject: string): ProgressDisplay {
  let last = 0
  return {
    update(done, total, more) {
      if (Date.now() - last < PLAIN_EVERY_MS) return
      last = Date.now()
      const share = total === 0 ? 100 : Math.floor((100 * done) / total)
      process.stderr.write(`${subject} ${share}% (${done} of ${total} rows), ${more}\n`)
    },
    end: () => undefined,
  }
}

/** Shows a replay's messages: rows, rows a second, time left, and the event time reached. */
export function replayDisplay(terminal: boolean): {
  show(progress: IngestProgress): void
  end(): void
} {
  const display = createProgress('replay', terminal)
  const meter = createPaceMeter()
  return {
    show(progress) {
      const now = Date.now()
      meter.note(now, progress)
      const { rowsPerSecond, etaSeconds } = meter.read(now)
      const left = etaSeconds === null ? '' : `, ${durationText(etaSeconds * 1000)} left`
      const time = progress.eventTimeMs
      const event = time === null ? '' : `, ${new Date(time).toISOString().slice(0, 16)}`
      const rate = Math.round(rowsPerSecond).toLocaleString('en-US')
      display.update(progress.counters.rows, progress.totalRows, `${rate} rows/s${left}${event}`)
    },
    end: () => display.end(),
  }
}
