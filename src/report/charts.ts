// Charts as SVG text for a given width: bars, shares, columns and a curve.
import { escaped, type Drawing } from './markup.ts'
import { inkOn } from './palette.ts'

/** The size of all text in charts. */
export const CHART_FONT_PX = 13
/** An upper estimate of the mean width of a character of that size. */
const CHARACTER = 7
/** In narrower charts labels are above their bars. */
const NARROW = 500

/** A bar with its label and the text at its end. */
export interface Bar {
  label: string
  text: string
  parts: readonly Part[]
}

/** A coloured part of a bar or column. */
export interface Part {
  name: string
  value: number
  colour: string
}

const at = (value: number): string => String(Math.round(value * 10) / 10)

const text = (x: number, y: number, what: string, kind = 'ink', anchor = 'start'): string =>
  `<text x="${at(x)}" y="${at(y)}" class="${kind}" text-anchor="${anchor}">${escaped(what)}</text>`

const rectangle = (x: number, y: number, width: number, height: number, part: Part): string =>
  `<rect x="${at(x)}" y="${at(y)}" width="${at(Math.max(width, 0))}" height="${at(Math.max(height, 0))}" ` +
  `fill="${part.colour}"><title>${escaped(part.name)}</title></rect>`

const sumOf = (parts: readonly Part[]): number => parts.reduce((sum, { value }) => sum + value, 0)

/** Horizontal bars from the left; the longest fills the width. */
export function barsDrawing(bars: readonly Bar[], width: number): Drawing {
  const above = width < NARROW
  const labels = above ? 0 : CHARACTER * Math.max(...bars.map(({ label }) => label.length)) + 10
  const texts = CHARACTER * Math.max(...bars.map((bar) => bar.text.length)) + 12
  const room = width - labels - texts
  const most = Math.max(...bars.map(({ parts }) => sumOf(parts)), Number.MIN_VALUE)
  const step = above ? 44 : 30
  const content = bars.map(({ label, text: end, parts }, row) => {
    const y = row * step + (above ? 20 : 4)
    let x = labels
    const drawn = parts.map((part) => {
      const long = (room * part.value) / most
      const piece = rectangle(x, y, long, 20, part)
      x += long
      return piece
    })
    const name = above ? text(0, y - 5, label) : text(labels - 10, y + 15, label, 'ink', 'end')
    return name + drawn.join('') + text(x + 7, y + 15, end, 'muted')
  })
  return { height: bars.length * step + 4, content: content.join('') }
}

/** Bars of equal length, divided into shares with their percentages. */
export function sharesDrawing(bars: readonly Bar[], width: number): Drawing {
  const above = width < NARROW
  const labels = above ? 0 : CHARACTER * Math.max(...bars.map(({ label }) => label.length)) + 10
  const step = above ? 52 : 38
  const content = bars.map(({ label, parts }, row) => {
    const y = row * step + (above ? 20 : 4)
    const total = sumOf(parts) || 1
    let x = labels
    const drawn = parts.map((part) => {
      const share = part.value / total
      const long = (width - labels) * share
      const words = `${Math.round(100 * share)}%`
      const fits = long > words.length * CHARACTER + 6
      const percentage = fits
        ? `<text x="${at(x + long / 2)}" y="${at(y + 19)}" text-anchor="middle" ` +
          `fill="${inkOn(part.colour)}">${words}</text>`
        : ''
      const piece = rectangle(x, y, long - 1, 28, part) + percentage
      x += long
      return piece
    })
    const name = above ? text(0, y - 5, label) : text(labels - 10, y + 19, label, 'ink', 'end')
    return name + drawn.join('')
  })
  return { height: bars.length * step + 2, content: content.join('') }
}

/** About `count` round values from 0 to at least `most`. */
export function ticksUpTo(most: number, count = 5): number[] {
  if (!(most > 0)) return [0, 1]
  const rough = most / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough)!
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, i) => i * step)
}

/** Options of a chart with a vertical axis: the text of its values, and its height. */
export interface AxisOptions {
  axis: (value: number) => string
  height?: number
}

const LABELS_BELOW = 26

interface Frame {
  left: number
  bottom: number
  y: (value: number) => number
  content: string
}

function frameOf(most: number, width: number, { axis, height = 220 }: AxisOptions): Frame {
  const ticks = ticksUpTo(most)
  const left = CHARACTER * Math.max(...ticks.map((tick) => axis(tick).length)) + 14
  const bottom = height - LABELS_BELOW
  const top = ticks[ticks.length - 1]
  const y = (value: number): number => bottom - ((bottom - 10) * value) / top
  const lines = ticks.map(
    (tick) =>
      `<line x1="${left}" x2="${width}" y1="${at(y(tick))}" y2="${at(y(tick))}" class="grid"/>` +
      text(left - 8, y(tick) + 4, axis(tick), 'muted', 'end'),
  )
  return { left, bottom, y, content: lines.join('') }
}

/** Vertical bars; labels that would touch are left out. */
export function columnsDrawing(
  columns: readonly Omit<Bar, 'text'>[],
  width: number,
  options: AxisOptions,
): Drawing {
  const most = Math.max(...columns.map(({ parts }) => sumOf(parts)), 0)
  const frame = frameOf(most, width, options)
  const step = (width - frame.left) / columns.length
  const gap = Math.min(step * 0.2, 4)
  const longest = CHARACTER * Math.max(...columns.map(({ label }) => label.length)) + 8
  const every = Math.max(1, Math.ceil(longest / step))
  let labelled = 0
  const content = columns.map(({ label, parts }, index) => {
    const x = frame.left + index * step
    let value = 0
    const drawn = parts.map((part) => {
      const from = frame.y(value)
      value += part.value
      return rectangle(x + gap / 2, frame.y(value), step - gap, from - frame.y(value), part)
    })
    // The last label may be moved to the left, where it could touch another one.
    const half = (label.length * CHARACTER) / 2
    const middle = Math.min(x + step / 2, width - half)
    if (index % every !== 0 || middle - half < labelled) return drawn.join('')
    labelled = middle + half
    return drawn.join('') + text(middle, frame.bottom + 18, label, 'muted', 'middle')
  })
  return { height: options.height ?? 220, content: frame.content + content.join('') }
}

/** A curve over 1, 2, 3 … with one marked point. */
export function curveDrawing(
  values: readonly number[],
  marked: number | null,
  width: number,
  options: AxisOptions & { mark: string },
): Drawing {
  const frame = frameOf(Math.max(...values, 0), width, options)
  const step = (width - frame.left - 30) / Math.max(1, values.length - 1)
  const x = (index: number): number => frame.left + 15 + index * step
  const points = values.map((value, index) => `${at(x(index))},${at(frame.y(value))}`).join(' ')
  const dots = values.map((value, index) => {
    const isMarked = index + 1 === marked
    const mark = isMarked ? text(x(index) + 12, frame.y(value) - 12, options.mark, 'strong') : ''
    return (
      `<circle cx="${at(x(index))}" cy="${at(frame.y(value))}" r="${isMarked ? 7 : 4}" ` +
      `class="${isMarked ? 'marked' : 'dot'}"/>${mark}` +
      text(x(index), frame.bottom + 18, String(index + 1), 'muted', 'middle')
    )
  })
  const line = `<polyline points="${points}" class="curve"/>`
  return { height: options.height ?? 220, content: frame.content + line + dots.join('') }
}
