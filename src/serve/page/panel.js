// A panel: title, choices, a chart and its table, both of which can be saved as files.
import { createChart } from './chart.js'
import { createChoice, isList } from './choice.js'
import { byId, make, setText } from './dom.js'
import { saveCsv, tableElement } from './table.js'

/** @typedef {import('./choices.js').ChoiceKey} ChoiceKey */
/** @typedef {import('./choices.js').Chosen} Chosen */
/** @typedef {import('./table.js').Table} Table */
/** @typedef {{ id: string, title: string, views: string[], span: 'third' | 'half' | 'full',
 *   choices?: ChoiceKey[], chart?: boolean | 'low' | 'high', open?: boolean }} Plan
 *   open: the table is shown without a click */
/**
 * @typedef {{ id: string, element: HTMLElement,
 *   draw(option: (surroundings: import('./chart.js').Surroundings) => import('./chart.js').Option): void,
 *   pick(callback: (index: number) => void): void, table(make: () => Table): void,
 *   setTitle(text: string): void, setLead(text: string): void,
 *   show(view: string, chosen: Chosen): void }} Panel
 */

/** The most choices that fit next to the title of a panel of full width. */
const MOST_CHOICES = 3

/** All panels, in their order on the page. @type {Panel[]} */
export const panels = []

/**
 * Creates a panel and appends it to the others.
 * @param {Plan} plan
 * @returns {Panel}
 */
export function createPanel({ id, title, views, span, choices = [], chart = true, open = false }) {
  const heading = make('h2', title)
  heading.id = `${id}-title`
  // It takes the focus when the focused element disappears.
  heading.tabIndex = -1
  const lead = make('p')
  lead.className = 'lead'
  lead.id = `${id}-lead`
  const controls = choices.map((key) => createChoice(key, id))
  const tools = make('div')
  tools.className = 'tools'
  const head = make('div', heading, tools)
  head.className = isCrowded(span, choices) ? 'head crowded' : 'head'
  if (controls.length > 0) {
    const group = make('div', ...controls.map(({ element }) => element))
    group.className = 'controls'
    tools.before(group)
  }
  const element = make('section', head, lead)
  element.className = `panel ${span}`
  element.id = `${id}-panel`
  element.setAttribute('aria-labelledby', heading.id)
  byId('panels').append(element)

  const drawing = chart === false ? null : addChart(element, id, chart)
  const table = createTable(element, id, title, open)
  const nameOf = () => `${id}-${heading.textContent ?? ''}`.toLowerCase().replace(/\W+/g, '-')
  if (drawing !== null) {
    tools.append(
      button('PNG', `Save the chart “${title}” as PNG`, () =>
        drawing.save(nameOf(), heading.textContent ?? ''),
      ),
    )
  }
  tools.append(
    button('CSV', `Save the table “${title}” as CSV`, () => {
      const latest = table.latest()
      if (latest !== null) saveCsv(nameOf(), latest)
    }),
  )
  const panel = {
    id,
    element,
    draw: drawing === null ? () => undefined : drawing.draw,
    pick: drawing === null ? () => undefined : drawing.pick,
    table: table.show,
    setTitle: (/** @type {string} */ text) => setText(heading, text),
    setLead: (/** @type {string} */ text) => setText(lead, text),
    /** Shows or hides the panel, and shows the choices. */
    show(/** @type {string} */ view, /** @type {Chosen} */ chosen) {
      element.hidden = !views.includes(view)
      for (const control of controls) control.show(chosen)
      table.refresh()
    },
  }
  panels.push(panel)
  return panel
}

/**
 * Whether the choices need a line of their own.
 * @param {string} span
 * @param {readonly ChoiceKey[]} choices
 */
function isCrowded(span, choices) {
  const room = span === 'full' ? MOST_CHOICES : 1
  return choices.length > room || (span !== 'full' && choices.some((key) => !isList(key)))
}

/**
 * @param {HTMLElement} element
 * @param {string} id
 * @param {true | 'low' | 'high'} height
 */
function addChart(element, id, height) {
  const place = make('div')
  place.className = height === true ? 'chart' : `chart ${height}`
  place.id = id
  place.setAttribute('role', 'img')
  place.setAttribute('aria-labelledby', `${id}-title`)
  place.setAttribute('aria-describedby', `${id}-lead`)
  element.append(place)
  return createChart(place)
}

/**
 * The table of a panel; it is created while it is visible.
 * @param {HTMLElement} element
 * @param {string} id
 * @param {string} title
 * @param {boolean} open
 */
function createTable(element, id, title, open) {
  const place = make('div')
  place.id = `${id}-table`
  place.className = open ? 'scroll open' : 'scroll'
  place.tabIndex = 0
  place.setAttribute('role', 'region')
  place.setAttribute('aria-label', `Table: ${title}`)
  const details = document.createElement('details')
  if (open) element.append(place)
  else {
    details.append(make('summary', 'As a table'), place)
    element.append(details)
  }
  /** @type {(() => Table) | null} */
  let latest = null
  let isStale = false
  const refresh = () => {
    if (!isStale || latest === null || element.hidden || !(open || details.open)) return
    // A focused link keeps its focus; the table is updated once the focus has left it.
    if (place.querySelector(':focus') !== null) return
    isStale = false
    place.replaceChildren(tableElement(latest()))
  }
  details.addEventListener('toggle', refresh)
  place.addEventListener('focusout', () => setTimeout(refresh))
  return {
    refresh,
    latest: () => latest?.() ?? null,
    /** @param {() => Table} make */
    show(make) {
      latest = make
      isStale = true
      refresh()
    },
  }
}

/**
 * @param {string} text
 * @param {string} label
 * @param {() => void} press
 */
function button(text, label, press) {
  const element = document.createElement('button')
  element.type = 'button'
  element.className = 'tool'
  element.textContent = text
  element.setAttribute('aria-label', label)
  element.title = label
  element.addEventListener('click', press)
  return element
}
