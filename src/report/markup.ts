// The HTML of the report: escaped text, tables, figures, sections.

/** Text as HTML. */
export const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

/** A paragraph of text. */
export const paragraph = (text: string): string => `<p>${escaped(text)}</p>`

/** The texts of a table; `bars` draws a share from 0 to 1 behind a cell. */
export interface Table {
  caption: string
  heading: readonly string[]
  rows: readonly (readonly string[])[]
  /** Columns of words, aligned to the left, as is the first column; all others are numbers. */
  words?: readonly number[]
  /** The share behind the last cell of each row. */
  bars?: readonly number[]
}

/** A table with a caption; it scrolls where it is wider than the screen. */
export function table({ caption, heading, rows, words = [], bars }: Table): string {
  const left = new Set([0, ...words])
  const kind = (column: number): string => (left.has(column) ? '' : ' class="number"')
  const head = heading
    .map((text, at) => `<th scope="col"${kind(at)}>${escaped(text)}</th>`)
    .join('')
  const body = rows.map((row, at) => {
    const cells = row.map((text, column) => {
      const share = column === row.length - 1 ? bars?.[at] : undefined
      const shown = share === undefined ? escaped(text) : bar(text, share)
      return column === 0 ? `<th scope="row">${shown}</th>` : `<td${kind(column)}>${shown}</td>`
    })
    return `<tr>${cells.join('')}</tr>`
  })
  return (
    `<div class="scroll" tabindex="0" role="region" aria-label="${escaped(caption)}"><table>` +
    `<caption>${escaped(caption)}</caption><thead><tr>${head}</tr></thead>` +
    `<tbody>${body.join('\n')}</tbody></table></div>`
  )
}

const bar = (text: string, share: number): string =>
  `<span class="bar" style="--share:${(100 * share).toFixed(1)}%">${escaped(text)}</span>`

/** The widths that a chart is drawn for: a page, and a phone. */
const WIDE = 720
const NARROW = 340

/** A chart drawn for both widths, of which one is visible, with a description in words. */
export function figure(title: string, words: string, draw: (width: number) => Drawing): string {
  const drawn = (width: number, name: string): string => {
    const { height, content } = draw(width)
    return (
      `<svg class="${name}" viewBox="0 0 ${width} ${height}" role="img" ` +
      `aria-label="${escaped(`${title}. ${words}`)}">${content}</svg>`
    )
  }
  return (
    `<figure><figcaption>${escaped(title)}</figcaption>` +
    `${drawn(WIDE, 'wide')}${drawn(NARROW, 'narrow')}</figure>`
  )
}

/** The content and the height of an SVG. */
export interface Drawing {
  height: number
  content: string
}

/** A list of names with their colours. */
export function legend(entries: readonly { name: string; colour: string }[]): string {
  const items = entries.map(
    ({ name, colour }) =>
      `<li><span class="swatch" style="background:${colour}"></span>${escaped(name)}</li>`,
  )
  return `<ul class="legend" aria-hidden="true">${items.join('')}</ul>`
}

/** A section of the page with a heading; links lead to its id. */
export const section = (id: string, title: string, ...content: string[]): string =>
  `<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${escaped(title)}</h2>\n` +
  `${content.join('\n')}\n</section>`

/** Content that a click opens; it is open in print. */
export const details = (summary: string, ...content: string[]): string =>
  `<details><summary>${escaped(summary)}</summary>${content.join('\n')}</details>`
