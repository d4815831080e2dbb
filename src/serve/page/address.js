// The address holds the view and its choices: `#/segments?x=durationMs`.
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
/** Separators in numbers as people write them. */
const PUNCTUATION = /^\s*\+|[\s\p{Dash_Punctuation}]/gu

/**
 * The digits of an MSISDN as people write it, such as `+33 6-64`; empty if it is not valid.
 * @param {string} text
 */
export function msisdnIn(text) {
  const digits = text.replace(PUNCTUATION, '')
  return MSISDN.test(digits) ? digits : ''
}

/**
 * Parses an address; invalid parts get their defaults.
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
export function formatAddress({ view, chosen, msisdn }) {
  const query = new URLSearchParams()
  for (const key of CHOICE_KEYS) if (chosen[key] !== defaultOf(key)) query.set(key, chosen[key])
  if (msisdn !== '' && view === 'subscriber') query.set('msisdn', msisdn)
  const text = query.toString()
  return `#/${view}${text === '' ? '' : `?${text}`}`
}

/** The current address. */
export function currentAddress() {
  return parseAddress(location.hash)
}

/** The current address with changes. @param {Partial<Address>} changes */
export function addressWith(changes) {
  return formatAddress({ ...currentAddress(), ...changes })
}

/** Goes to the current address with changes, and adds a step to the history. @param {Partial<Address>} changes */
export function goTo(changes) {
  location.hash = addressWith(changes)
}
