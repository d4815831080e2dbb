// Pieces of HTML that the report is made of: escaped text, tables, figures, sections.

/** Text as HTML. */
export const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

/** A paragraph of text. */
export const paragraph = (text: string): string => `<p>${escaped(text)}</p>`

/** What a table shows: texts; a cell of `bars` has its share from 0 to 1 drawn behind it. */
export interface Table {
  caption: string
  heading: readonly string[]
  rows: readonly (readonly string[])[]
  /** Columns of words, set to the left; all others are numbers. The first one always is. */
  words?: readonly number[]
  /** Share of the last column of each row. */
  bars?: readonly number[]
}

/** A table with a caption; it scrolls by itself where it is wider than the screen. */
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

/** Widths that a chart is drawn for: of a page, and of a phone. */
const WIDE = 720
const NARROW = 340

/** A chart drawn for both widths, of which one is seen, with what it shows in words. */
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

/** What is inside of an SVG, and how high it is. */
export interface Drawing {
  height: number
  content: string
}

/** Names with their colours. */
export function legend(entries: readonly { name: string; colour: string }[]): string {
  const items = entries.map(
    ({ name, colour }) =>
      `<li><span class="swatch" style="background:${colour}"></span>${escaped(name)}</li>`,
  )
  return `<ul class="legend" aria-hidden="true">${items.join('')}</ul>`
}

/** A part of the page with a heading that can be linked to. */
export const section = (id: string, title: string, ...content: string[]): string =>
  `<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${escaped(title)}</h2>\n` +
  `${content.join('\n')}\n</section>`

/** What is there for those who want it, opened by a click; printed it is open. */
export const details = (summary: string, ...content: string[]): string =>
  `<details><summary>${escaped(summary)}</summary>${content.join('\n')}</details>`
