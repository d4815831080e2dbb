// What may be chosen on the page: each choice has a key in the address, options and a default.
import { metric } from './format.js'

/** @typedef {{ label: string, options: [value: string, name: string][] }} Choice */

const METRICS = ['sessions', 'durationMs', 'trafficBytes', 'downlinkBytes', 'uplinkBytes']
const FEATURES = [...METRICS, 'meanSessionDurationMs']
const TRAFFIC = ['trafficBytes', 'downlinkBytes', 'uplinkBytes']

/** Names of the applications in the order of the snapshot's lists. */
export const APPLICATIONS = [
  'Social Media',
  'Google',
  'Email',
  'YouTube',
  'Netflix',
  'Gaming',
  'Other',
]

/** In the app's filter: no application in particular. */
export const ALL = 'all'

const pairs = (/** @type {string[]} */ keys, /** @type {(key: string) => string} */ name) =>
  keys.map((key) => /** @type {[string, string]} */ ([key, name(key)]))
const named = (/** @type {string[]} */ keys) => pairs(keys, (key) => metric(key).name)

/** The first option is the default; it is not written into the address. */
export const CHOICES = /** @type {const} @satisfies {Record<string, Choice>} */ ({
  top: {
    label: 'By',
    options: [
      ['trafficBytes', 'Traffic'],
      ['sessions', 'Sessions'],
      ['durationMs', 'Duration'],
      ['downlinkBytes', 'Download'],
      ['uplinkBytes', 'Upload'],
    ],
  },
  bins: {
    label: 'Bins',
    options: [
      ['log', 'Logarithmic'],
      ['linear', 'Linear'],
    ],
  },
  app: {
    label: 'Application',
    options: [[ALL, 'All'], ...pairs(APPLICATIONS, (name) => name)],
  },
  traffic: { label: 'Direction', options: named(TRAFFIC) },
  lines: {
    label: 'Drawn',
    options: [
      ['stacked', 'Stacked'],
      ['log', 'Logarithmic'],
    ],
  },
  x: { label: 'Across', options: named(FEATURES) },
  y: {
    label: 'Up',
    options: named(['trafficBytes', ...FEATURES.filter((key) => key !== 'trafficBytes')]),
  },
  axes: {
    label: 'Axes',
    options: [
      ['log', 'Logarithmic'],
      ['linear', 'Linear'],
    ],
  },
})

/** @typedef {keyof typeof CHOICES} ChoiceKey */
/** @typedef {Record<ChoiceKey, string>} Chosen */

/** The keys of all choices. */
export const CHOICE_KEYS = /** @type {ChoiceKey[]} */ (Object.keys(CHOICES))

/** What is chosen when nothing was. @param {ChoiceKey} key */
export function defaultOf(key) {
  return String(CHOICES[key].options[0]?.[0])
}
