// How texts of messages are read: their formats, and what they show about them.
import { UNREADABLE } from '../batch.ts'
import { USED_COLUMNS } from '../columns.ts'
import {
  createNumberEvidence,
  type NumberEvidence,
  type NumberFormat,
} from '../formats/number-format.ts'
import {
  addTime,
  createTimeEvidence,
  TIME_FORMATS,
  type TimeEvidence,
  type TimeFormat,
} from '../formats/time-format.ts'
import { PLAIN_UNITS, type SourceUnits } from '../source-units.ts'
import { addNumber, amountOf } from './amount.ts'
import { timeOf } from './text.ts'
import { wallClockOf, type WallClock } from './text-zone.ts'

/** The formats of texts; shared by the decoders of a topic, and set once they are decided. */
export interface TextReading {
  clock: WallClock
  /** Null: a time with day and month before the year is not read. */
  timeFormat: TimeFormat | null
  /** By place in USED_COLUMNS. */
  numberFormats: NumberFormat[]
  /** What texts show, while formats are not decided; else null. */
  shown: { times: TimeEvidence; numbers: Map<string, NumberEvidence> } | null
  /** Names of columns of volumes that state a unit. */
  volumes: Set<string>
  /** Texts that these formats do not read and others would, and the last of them. */
  contradicting: number
  example: string
}

/** A reading of texts in the formats of a source. */
export function createTextReading(timeZone: string, units: SourceUnits = PLAIN_UNITS): TextReading {
  const reading: TextReading = {
    clock: wallClockOf(timeZone),
    timeFormat: null,
    numberFormats: [],
    shown: null,
    volumes: new Set(),
    contradicting: 0,
    example: '',
  }
  setFormats(reading, units)
  return reading
}

/** Reads texts in these formats from now on. */
export function setFormats(
  reading: TextReading,
  { timeFormat, numberFormats }: Pick<SourceUnits, 'timeFormat' | 'numberFormats'>,
): void {
  reading.timeFormat = timeFormat
  reading.numberFormats = USED_COLUMNS.map((column) => numberFormats[column] ?? 'point')
  reading.shown = null
}

/** Collects what texts show from now on. */
export function collectFormats(reading: TextReading): void {
  reading.shown = { times: createTimeEvidence(), numbers: new Map() }
}

/** Longer texts are no number and no time, and no example of one that is kept. */
const MOST_LETTERS = 1000

/** The instant of a text, as `timeOf`; UNREADABLE for a text of more than MOST_LETTERS. */
export function timeOfText(text: string, reading: TextReading): number {
  if (text.length > MOST_LETTERS) return UNREADABLE
  if (reading.shown !== null) addTime(reading.shown.times, text)
  const { clock, timeFormat } = reading
  const time = timeOf(text, clock, timeFormat)
  if (time !== UNREADABLE) return time
  const isOther = TIME_FORMATS.some((order) => timeOf(text, clock, order) !== UNREADABLE)
  if (isOther) contradict(reading, text)
  return time
}

/**
 * The number of a text in a column, by its place in USED_COLUMNS, as `amountOf`; UNREADABLE for a text
 * of more than MOST_LETTERS.
 */
export function numberOfText(text: string, place: number, reading: TextReading): number {
  if (text.length > MOST_LETTERS) return UNREADABLE
  if (reading.shown !== null)
    addNumber(evidenceOf(reading.shown.numbers, USED_COLUMNS[place]), text)
  const format = reading.numberFormats[place]
  const number = amountOf(text, format)
  if (number !== UNREADABLE) return number
  const isOther = amountOf(text, format === 'comma' ? 'point' : 'comma') !== UNREADABLE
  if (isOther) contradict(reading, text)
  return number
}

function evidenceOf(numbers: Map<string, NumberEvidence>, column: string): NumberEvidence {
  const found = numbers.get(column) ?? createNumberEvidence()
  numbers.set(column, found)
  return found
}

function contradict(reading: TextReading, text: string): void {
  reading.contradicting++
  reading.example = text
}
