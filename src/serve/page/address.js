// The address holds the view and its choices: `#/segments?x=durationMs`. It holds no MSISDN, which
// the history of the browser would keep.
import { CHOICE_KEYS, CHOICES, defaultOf } from './choices.js'

/** @typedef {import('./choices.js').Chosen} Chosen */
/** @typedef {{ view: string, chosen: Chosen, msisdn: string }} Address */

/** Views in the order of the navigation. */
export const VIEWS = /** @type {const} */ ([
  ['overview', 'Overview'],
  ['subscribers', 'Subscribers'],
  ['applications', 'Applications'],
  ['time', 'Time'],
  ['segments', 'Segments'],
  ['pipeline', 'Data and pipeline'],
  ['subscriber', 'One subscriber'],
])

const MSISDN = /^[0-9]{1,15}$/
/** What may stand around a number, and what may stand between its digits, as people write it. */
const PADDING = /^[\s\0]+|[\s\0]+$/g
const SEPARATORS = /[\s\p{Dash_Punctuation}]/gu

/**
 * The digits of an MSISDN in any spelling that files may have, such as `+33 6-64`, `tel:0033664` or
 * `33664.0`, without leading zeros; empty if it is not valid. `src/record/msisdn.ts` is its twin.
 * @param {string} text
 */
export function msisdnIn(text) {
  const spelt = /^(?:tel:)?\+?(?<number>[0-9][^.]*?)(?:\.0*)?$/i.exec(text.replace(PADDING, ''))
  const digits = (spelt?.groups?.['number'] ?? '')
    .replace(SEPARATORS, '')
    .replace(/^0+(?=[0-9])/, '')
  return MSISDN.test(digits) ? digits : ''
}

/**
 * Parses an address; invalid parts get their defaults. Links of former versions have an MSISDN.
 * @param {string} hash
 * @returns {Address}
 */
export function parseAddress(hash) {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  const asked = new URLSearchParams(query)
  const chosen = /** @type {Chosen} */ ({})
  for (const key of CHOICE_KEYS) {
    const value = asked.get(key)
    const options = /** @type {readonly (readonly string[])[]} */ (CHOICES[key].options)
    const isKnown = options.some(([option]) => option === value)
    chosen[key] = value !== null && isKnown ? value : defaultOf(key)
  }
  return {
    view: VIEWS.find(([view]) => view === path)?.[0] ?? VIEWS[0][0],
    chosen,
    msisdn: msisdnIn(asked.get('msisdn') ?? ''),
  }
}

/**
 * The text of an address; choices with their default are left out.
 * @param {Address} address
 */
export function formatAddress({ view, chosen }) {
  const query = new URLSearchParams()
  for (const key of CHOICE_KEYS) if (chosen[key] !== defaultOf(key)) query.set(key, chosen[key])
  const text = query.toString()
  return `#/${view}${text === '' ? '' : `?${text}`}`
}

/** The subscriber that was looked up last; it is forgotten with the page. */
let lookedUp = ''

/** The current address, with the subscriber that was looked up last. */
export function currentAddress() {
  return { ...parseAddress(location.hash), msisdn: lookedUp }
}

/** Shows a subscriber. @param {string} msisdn */
export function lookUp(msisdn) {
  lookedUp = msisdn
  const hash = addressWith({ view: 'subscriber' })
  if (location.hash === hash) dispatchEvent(new HashChangeEvent('hashchange'))
  else location.hash = hash
}

/** Takes the MSISDN out of the address of a former link. */
export function hideMsisdn() {
  if (!/[?&]msisdn=/.test(location.hash)) return
  lookedUp = parseAddress(location.hash).msisdn
  history.replaceState(null, '', addressWith({}))
}

/** The current address with changes. @param {Partial<Address>} changes */
export function addressWith(changes) {
  return formatAddress({ ...currentAddress(), ...changes })
}

/** Goes to the current address with changes, and adds a step to the history. @param {Partial<Address>} changes */
export function goTo(changes) {
  location.hash = addressWith(changes)
}
