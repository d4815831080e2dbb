// `top`: the top subscribers by each metric, once or again and again like the tool of that name.
import { setTimeout as sleep } from 'node:timers/promises'
import { withView, type StateView } from '../../state/read.ts'
import { addRows, createScan } from '../snapshot/scan.ts'
import { METRICS, type Snapshot } from '../snapshot/schema.ts'
import { entriesOf } from '../snapshot/top.ts'
import type { TOP_OPTIONS, ValuesOf } from './options.ts'
import { topText } from './report.ts'
import { onSignals } from './signals.ts'
import { coloured, print } from './output.ts'

type TopValues = ValuesOf<typeof TOP_OPTIONS>

interface Found {
  commit: number
  subscribers: number
  records: number
  top: Snapshot['top']
}

/** Prints the top lists; with `--watch` until a signal. */
export async function top(values: TopValues): Promise<void> {
  if (values.watch > 0) return watch(values)
  const found = await read(values)
  print(values, found.top, () => topsOf(found).join('\n\n'))
}

/** One pass over the subscribers: no segments are needed for this. */
const read = (values: TopValues): Promise<Found> =>
  withView(values.state, (view) => foundIn(view, values.top))

function foundIn(view: StateView, length: number): Found {
  const scan = createScan(length)
  view.scan((rows, count) => addRows(scan, rows, count))
  const lists = METRICS.map((metric, at) => [metric, entriesOf(scan.tops[at], length)])
  const { commit, applied } = view.counters
  const tops = Object.fromEntries(lists) as Snapshot['top']
  return { commit, subscribers: scan.subscribers, records: applied, top: tops }
}

const topsOf = ({ top: tops }: Found): string[] => METRICS.map((metric) => topText(tops, metric))

async function watch(values: TopValues): Promise<void> {
  const ending = new AbortController()
  const release = onSignals(() => ending.abort())
  try {
    while (!ending.signal.aborted) {
      show(await read(values), values)
      await sleep(values.watch * 1000, undefined, { signal: ending.signal }).catch(() => undefined)
    }
  } finally {
    release()
  }
}

/** Begins at the upper left and clears what is below, so that nothing flickers. */
const [HOME, CLEAR_LINE, CLEAR_BELOW] = ['\u001b[H', '\u001b[K', '\u001b[J']
/** A page of its own for whoever reads the output from a file or pipe. */
const FORM_FEED = '\f'

function show(found: Found, values: TopValues): void {
  const { stdout } = process
  if (values.json) {
    stdout.write(`${JSON.stringify(found)}\n`)
    return
  }
  const head = headText(found, values)
  if (!stdout.isTTY) {
    stdout.write(`${[head, ...topsOf(found)].join('\n\n')}\n${FORM_FEED}\n`)
    return
  }
  const text = `${head}\n\n${sideBySide(topsOf(found), stdout.columns)}`
  const lines = coloured(text)
    .split('\n')
    .slice(0, Math.max(1, stdout.rows - 1))
  stdout.write(`${HOME}${lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}`)
}

function headText({ commit, subscribers, records }: Found, { state, watch: every }: TopValues) {
  const time = new Date().toLocaleTimeString('en-GB')
  const counts = [`${records.toLocaleString('en-US')} records`, `commit ${commit}`].join(', ')
  return `${time}  ${state}: ${subscribers.toLocaleString('en-US')} subscribers, ${counts}; every ${every} s`
}

const GAP = '    '

/** Blocks of lines beside each other as far as the width goes, then below. */
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
