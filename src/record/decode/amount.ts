// Reads numbers from text with a decimal comma or point, and what such texts show about their format.
import { UNREADABLE } from '../batch.ts'
import {
  BLANKS,
  COMMA,
  GROUPED_POINT,
  type NumberEvidence,
  type NumberFormat,
} from '../formats/number-format.ts'
import { numberOf, withoutSpaces } from './text.ts'

const WHOLE_GROUPED_POINT = new RegExp(`^${GROUPED_POINT}$`)
const WHOLE_COMMA = new RegExp(`^${COMMA}$`)
const THOUSANDS = {
  point: new RegExp(`[,${BLANKS}]`, 'g'),
  comma: new RegExp(`[.${BLANKS}]`, 'g'),
}

/** The number that a text spells in a format; NaN where it is missing, UNREADABLE for no number. */
export function amountOf(text: string, format: NumberFormat): number {
  const isComma = format === 'comma' && (text.includes(',') || text.includes('.'))
  const plain = isComma ? UNREADABLE : numberOf(text)
  if (plain !== UNREADABLE) return plain
  const trimmed = withoutSpaces(text)
  if (!(isComma ? WHOLE_COMMA : WHOLE_GROUPED_POINT).test(trimmed)) return UNREADABLE
  const bare = trimmed.replaceAll(THOUSANDS[format], '')
  return numberOf(isComma ? bare.replace(',', '.') : bare)
}

/** What a text is evidence of; null for one without comma and point, or that is not a number. */
export function formatShownBy(text: string): keyof NumberEvidence['examples'] | null {
  if (!text.includes(',') && !text.includes('.')) return null
  const isComma = amountOf(text, 'comma') !== UNREADABLE
  const isPoint = amountOf(text, 'point') !== UNREADABLE
  if (isComma) return isPoint ? 'either' : 'comma'
  return isPoint ? 'point' : null
}

/** Adds a text. */
export function addNumber(evidence: NumberEvidence, text: string): void {
  const shown = formatShownBy(text)
  if (shown === null) return
  if (evidence[shown]++ === 0) evidence.examples[shown] = text.trim()
}
