// `top`: lists the top subscribers by each metric or by one, once or with `--watch` repeatedly.
import { setTimeout as sleep } from 'node:timers/promises'
import { withView, type StateView } from '../../state/read.ts'
import { plainLine, printText } from '../plain-text.ts'
import { scanSubscribers } from '../snapshot/merge.ts'
import { METRICS, type Metric } from '../snapshot/metrics.ts'
import type { TopEntry } from '../snapshot/schema.ts'
import { hasMetric, NOT_IN_DATA } from '../snapshot/not-in-data.ts'
import { momentOf, type Moment } from '../snapshot/take.ts'
import { entriesOf } from '../snapshot/top.ts'
import type { TOP_OPTIONS, ValuesOf } from '../options.ts'
import { headingOf, topText } from '../terminal/report-text.ts'
import { onSignals } from '../process/signals.ts'
import { coloured, print } from '../terminal/table.ts'

type TopValues = ValuesOf<typeof TOP_OPTIONS>

interface Found {
  /** Without a number of segments: none are computed. */
  asOf: Moment
  subscribers: number
  records: number
  /** The lists of all metrics, or of the one that `--by` names; empty where it is not in the data. */
  top: Partial<Record<Metric, TopEntry[]>>
}

/** Prints the top lists; with `--watch` until a signal. */
export async function top(values: TopValues): Promise<void> {
  if (values.watch > 0) return watch(values)
  const found = await read(values)
  print(values, { asOf: found.asOf, ...found.top }, () => topsOf(found).join('\n\n'))
}

/** One pass over the subscribers, without segments. */
const read = (values: TopValues): Promise<Found> =>
  withView(values.state, (view) => foundIn(view, values))

function foundIn(view: StateView, { top: length, by }: TopValues): Found {
  const asOf = momentOf(view, Date.now())
  const scan = scanSubscribers((visit) => view.scan(visit), length)
  const tops: Found['top'] = {}
  for (const [at, metric] of METRICS.entries()) {
    if (by !== 'all' && by !== metric) continue
    tops[metric] = hasMetric(asOf, metric) ? entriesOf(scan.tops[at], length) : []
  }
  return { asOf, subscribers: scan.subscribers, records: view.counters.applied, top: tops }
}

const topsOf = ({ asOf, top: tops }: Found): string[] =>
  METRICS.flatMap((metric) => {
    const list = tops[metric]
    if (list === undefined) return []
    return [
      hasMetric(asOf, metric) ? topText(list, metric) : `${headingOf(metric)}: ${NOT_IN_DATA}`,
    ]
  })

async function watch(values: TopValues): Promise<void> {
  const ending = new AbortController()
  const signals = onSignals(() => ending.abort())
  try {
    while (!ending.signal.aborted) {
      show(await read(values), values)
      await sleep(values.watch * 1000, undefined, { signal: ending.signal }).catch(() => undefined)
    }
  } finally {
    signals.release()
  }
}

/** Redraws from the upper left and clears the rest, which avoids flicker. */
const [HOME, CLEAR_LINE, CLEAR_BELOW] = ['\u001b[H', '\u001b[K', '\u001b[J']
/** Separates the lists in a file or pipe. */
const FORM_FEED = '\f'

function show(found: Found, values: TopValues): void {
  const { stdout } = process
  if (values.json) {
    printText(JSON.stringify({ commit: found.asOf.commit, ...found }))
    return
  }
  const head = plainLine(headText(found, values))
  if (!stdout.isTTY) {
    stdout.write(`${[head, ...topsOf(found)].join('\n\n')}\n${FORM_FEED}\n`)
    return
  }
  // A terminal of unknown size reports 0.
  const [columns, rows] = [stdout.columns || 80, stdout.rows || 24]
  const text = `${head}\n\n${sideBySide(topsOf(found), columns)}`
  const advice = values.by === 'all' ? '; --by METRIC shows one list' : ''
  const lines = coloured(fitted(text, { columns, rows: rows - 1 }, advice)).split('\n')
  stdout.write(`${HOME}${lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}`)
}

/** The text cut to `columns` and `rows`; a last line has the number of lines cut, and the advice. */
export function fitted(
  text: string,
  { columns, rows }: { columns: number; rows: number },
  advice: string,
): string {
  const lines = text.split('\n')
  const kept = lines.length > rows ? lines.slice(0, Math.max(0, rows - 1)) : lines
  const more = lines.length - kept.length
  const shown = more === 0 ? kept : [...kept, `… ${more} more lines${advice}`]
  return shown.map((line) => line.slice(0, columns)).join('\n')
}

function headText({ asOf, subscribers, records }: Found, { state, watch: every }: TopValues) {
  const time = new Date().toLocaleTimeString('en-GB')
  const counts = [`${records.toLocaleString('en-US')} records`, `commit ${asOf.commit}`].join(', ')
  return `${time}  ${state}: ${subscribers.toLocaleString('en-US')} subscribers, ${counts}; every ${every} s`
}

const GAP = '    '

/** Places blocks of lines beside each other within `width` columns, then below each other. */
export function sideBySide(blocks: readonly string[], width: number): string {
  const rows: string[][][] = []
  let used = Infinity
  for (const block of blocks) {
    const lines = block.split('\n')
    const wide = Math.max(...lines.map((line) => line.length))
    const padded = lines.map((line) => line.padEnd(wide))
    if (used + GAP.length + wide > width) {
      rows.push([])
      used = -GAP.length
    }
    rows[rows.length - 1].push(padded)
    used += GAP.length + wide
  }
  return rows.map(joined).join('\n\n')
}

function joined(blocks: readonly (readonly string[])[]): string {
  const height = Math.max(...blocks.map((lines) => lines.length))
  return Array.from({ length: height }, (_, row) =>
    blocks
      .map((lines) => lines[row] ?? ' '.repeat(lines[0].length))
      .join(GAP)
      .trimEnd(),
  ).join('\n')
}
