// The choices of the page: each has a key in the address, options and a default.
import { FEATURES, metric, METRICS } from './metrics.js'
import { TABLES } from './tables.js'

/** @typedef {{ label: string, options: [value: string, name: string][] }} Choice */

/** The metric of traffic, also the key of download and upload together. */
export const TRAFFIC = /** @type {const} */ ('trafficBytes')

/** Names of the applications in the order of the snapshot's lists. @type {string[]} */
export const APPLICATIONS = TABLES.applications.map(({ name }) => name)

/** The value of the filter for all applications. */
export const ALL = 'all'

const named = (/** @type {string[]} */ keys) =>
  keys.map((key) => /** @type {[string, string]} */ ([key, metric(key).name]))
/** With traffic as the default. @param {string[]} keys */
const trafficFirst = (keys) => [TRAFFIC, ...keys.filter((key) => key !== TRAFFIC)]

/** All choices. The first option is the default, which the address leaves out. */
export const CHOICES = /** @type {const} @satisfies {Record<string, Choice>} */ ({
  top: {
    label: 'By',
    options: named(trafficFirst(METRICS)),
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
    options: [
      [ALL, 'All'],
      ...APPLICATIONS.map((name) => /** @type {[string, string]} */ ([name, name])),
    ],
  },
  traffic: {
    label: 'Direction',
    options: named([TRAFFIC, ...TABLES.directions.map(({ key }) => key)]),
  },
  lines: {
    label: 'Drawn',
    options: [
      ['stacked', 'Stacked'],
      ['log', 'Logarithmic'],
    ],
  },
  x: { label: 'Across', options: named(FEATURES) },
  y: { label: 'Up', options: named(trafficFirst(FEATURES)) },
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

/** The default of a choice. @param {ChoiceKey} key */
export function defaultOf(key) {
  return String(CHOICES[key].options[0]?.[0])
}
