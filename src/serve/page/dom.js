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

/**
 * A list of names and values; what more there is to say of one stands below it, small.
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
