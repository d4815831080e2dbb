// Elements made by script from text, never from markup, and files that the page saves.

/**
 * The element of an id. @throws Error when the page lacks it
 * @param {string} id
 */
export function byId(id) {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no element ${id}`)
  return element
}

/**
 * An element with children; a string becomes text.
 * @param {string} name
 * @param {...(Node | string)} children
 */
export function make(name, ...children) {
  const element = document.createElement(name)
  element.append(...children)
  return element
}

/**
 * Sets a text where it differs, so that nothing flickers or is announced twice.
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

/**
 * Fills a list with names and values, each with a small text below it where there is one.
 * @param {Element} list a `dl`
 * @param {readonly (readonly [name: string, value: string, more?: string])[]} entries
 */
export function setEntries(list, entries) {
  list.replaceChildren(
    ...entries.map(([name, value, more = '']) => {
      const shown = make('dd', value)
      if (more !== '') shown.append(make('small', more))
      return make('div', make('dt', name), shown)
    }),
  )
}

/** Time for a browser that asks where to save, or for a slow disk. */
const KEPT_MS = 60_000

/**
 * Saves a file; nothing leaves the machine.
 * @param {string} name
 * @param {Blob} content
 */
export function save(name, content) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS)
}
