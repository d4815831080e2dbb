// A control for one choice: buttons for few options, a list for many. It changes the address.
import { currentAddress, goTo } from './address.js'
import { CHOICES } from './choices.js'
import { make } from './dom.js'

/** @typedef {import('./choices.js').ChoiceKey} ChoiceKey */
/** @typedef {import('./choices.js').Chosen} Chosen */
/** @typedef {{ element: HTMLElement, show(chosen: Chosen): void }} Control */

/** The most options that are shown as buttons. */
const FEW = 3

/** Whether a choice is shown as a list. @param {ChoiceKey} key */
export function isList(key) {
  return CHOICES[key].options.length > FEW
}

/**
 * The control of a choice.
 * @param {ChoiceKey} key
 * @param {string} owner id of the panel, as several panels may have the same choice
 * @returns {Control}
 */
export function createChoice(key, owner) {
  const { label, options } = CHOICES[key]
  const pairs = /** @type {readonly (readonly [string, string])[]} */ (options)
  const choose = (/** @type {string} */ value) =>
    goTo({ chosen: { ...currentAddress().chosen, [key]: value } })
  return isList(key)
    ? createList(key, label, pairs, choose)
    : createButtons(key, `${owner}-${key}`, label, pairs, choose)
}

/**
 * @param {ChoiceKey} key
 * @param {string} label
 * @param {readonly (readonly [string, string])[]} options
 * @param {(value: string) => void} choose
 * @returns {Control}
 */
function createList(key, label, options, choose) {
  const list = document.createElement('select')
  list.append(...options.map(([value, name]) => new Option(name, value)))
  list.addEventListener('change', () => choose(list.value))
  const element = make('label', make('span', label), list)
  element.className = 'choice'
  return { element, show: (chosen) => void (list.value = chosen[key]) }
}

/**
 * @param {ChoiceKey} key
 * @param {string} group
 * @param {string} label
 * @param {readonly (readonly [string, string])[]} options
 * @param {(value: string) => void} choose
 * @returns {Control}
 */
function createButtons(key, group, label, options, choose) {
  const buttons = options.map(([value]) => {
    const button = document.createElement('input')
    button.type = 'radio'
    button.name = group
    button.value = value
    button.addEventListener('change', () => choose(value))
    return button
  })
  const element = make(
    'fieldset',
    make('legend', label),
    ...buttons.map((button, at) => make('label', button, make('span', options[at]?.[1] ?? ''))),
  )
  element.className = 'choice buttons'
  return {
    element,
    show(chosen) {
      for (const button of buttons) button.checked = button.value === chosen[key]
    },
  }
}
