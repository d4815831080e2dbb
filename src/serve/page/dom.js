// Elements made by script: text only, never markup out of data.

/**
 * The element of an id that the page must have.
 * @param {string} id
 */
export function byId(id) {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no element ${id}`)
  return element
}

/**
 * An element with children; text is text.
 * @param {string} name
 * @param {...(Node | string)} children
 */
export function make(name, ...children) {
  const element = document.createElement(name)
  element.append(...children)
  return element
}

/**
 * Changes text only where it differs, so that nothing flickers or is announced twice.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text
}

/**
 * A square of a colour in front of a name.
 * @param {string} colour
 */
export function swatch(colour) {
  const element = make('span')
  element.className = 'swatch'
  element.style.backgroundColor = colour
  return element
}

/** @typedef {Node | string} Cell */
/** @typedef {{ title?: Cell, rows: readonly (readonly Cell[])[] }} Group */

/**
 * A table of text; the first cell of each row is its heading, a group may have one above it.
 * @param {string} caption
 * @param {readonly string[]} columns
 * @param {readonly Group[]} groups
 */
export function table(caption, columns, groups) {
  const bodies = groups.map(({ title, rows }) => {
    const body = make(
      'tbody',
      ...rows.map(([first = '', ...cells]) =>
        make('tr', heading(first, 'row'), ...cells.map((cell) => make('td', cell))),
      ),
    )
    if (title !== undefined) {
      const cell = heading(title, 'rowgroup')
      cell.setAttribute('colspan', String(columns.length))
      body.prepend(make('tr', cell))
    }
    return body
  })
  const head = make('tr', ...columns.map((column) => heading(column, 'col')))
  const element = make('table', make('thead', head), ...bodies)
  element.setAttribute('aria-label', caption)
  return element
}

/**
 * @param {Cell} content
 * @param {'row' | 'col' | 'rowgroup'} scope
 */
function heading(content, scope) {
  const element = make('th', content)
  element.setAttribute('scope', scope)
  return element
}
