// The address says which view is shown and what is chosen in it: `#/segments?x=durationMs`.
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
/** What people write into a number: it says nothing. */
const PUNCTUATION = /^\s*\+|[\s\p{Dash_Punctuation}]/gu

/**
 * The digits of an MSISDN as people write it, such as `+33 6-64`; empty where it is none.
 * @param {string} text
 */
export function msisdnIn(text) {
  const digits = text.replace(PUNCTUATION, '')
  return MSISDN.test(digits) ? digits : ''
}

/**
 * What an address says; what it gets wrong is as if it were not there.
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
 * The address that says it; what is chosen by default is left out.
 * @param {Address} address
 */
export function formatAddress({ view, chosen, msisdn }) {
  const query = new URLSearchParams()
  for (const key of CHOICE_KEYS) if (chosen[key] !== defaultOf(key)) query.set(key, chosen[key])
  if (msisdn !== '' && view === 'subscriber') query.set('msisdn', msisdn)
  const text = query.toString()
  return `#/${view}${text === '' ? '' : `?${text}`}`
}

/** The address in force. */
export function currentAddress() {
  return parseAddress(location.hash)
}

/** The address in force with changes. @param {Partial<Address>} changes */
export function addressWith(changes) {
  return formatAddress({ ...currentAddress(), ...changes })
}

/** Goes there; what was before is one step back. @param {Partial<Address>} changes */
export function goTo(changes) {
  location.hash = addressWith(changes)
}
