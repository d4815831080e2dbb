// The navigation between views, and the field that looks a subscriber up.
import { addressWith, currentAddress, lookUp, msisdnIn, VIEWS } from './address.js'
import { byId, make } from './dom.js'
import { panels } from './panel.js'

const TITLE = 'xdr-pulse'

/** Creates the navigation; the result shows the view of the current address. */
export function createViews() {
  const links = VIEWS.map(([view, name]) => {
    const link = make('a', name)
    byId('views').append(link)
    return { view, name, link }
  })
  const field = /** @type {HTMLInputElement} */ (byId('msisdn'))
  byId('search').addEventListener('submit', (event) => {
    event.preventDefault()
    lookUp(msisdnIn(field.value))
  })
  // The address selects the view, so the jump inside the page must not change it.
  byId('skip').addEventListener('click', (event) => {
    event.preventDefault()
    byId('figures').focus()
  })
  let before = ''
  let shownHash = ''
  let shownMsisdn = ''
  return () => {
    const { view, chosen, msisdn } = currentAddress()
    document.body.dataset['shown'] = view
    for (const { view: each, name, link } of links) {
      link.setAttribute('href', addressWith({ view: each }))
      if (each === view) {
        link.setAttribute('aria-current', 'page')
        document.title = `${name} · ${TITLE}`
        if (before !== view) reveal(link)
      } else link.removeAttribute('aria-current')
    }
    for (const panel of panels) panel.show(view, chosen)
    // Not at every snapshot, as the user may be typing.
    const isOther = location.hash !== shownHash || msisdn !== shownMsisdn
    if (view === 'subscriber' && isOther) field.value = msisdn
    if (before !== '' && before !== view) {
      keepFocus()
      scrollTo({ top: 0 })
    }
    before = view
    shownHash = location.hash
    shownMsisdn = msisdn
  }
}

/** When the focused element is hidden, the heading of the first visible panel takes the focus. */
function keepFocus() {
  const focused = document.activeElement
  if (focused !== null && focused !== document.body && focused.closest('[hidden]') === null) return
  const first = panels.find(({ element }) => !element.hidden)
  if (first !== undefined) byId(`${first.id}-title`).focus()
}

/** Scrolls to a link without `scrollIntoView`, which would move the start of Tab. @param {HTMLElement} link */
function reveal(link) {
  const row = byId('views')
  row.scrollLeft = link.offsetLeft - (row.clientWidth - link.offsetWidth) / 2
}
