// The generated subscribers and when they are active: rhythm of starts, classes of engagement.
import type { Column, Draws } from './draws.ts'

const DAY_MS = 86_400_000
/**
 * A Monday: the weekly rhythm rises towards the weekend. Its day is above 12, so that already the first
 * rows show the order of day and month.
 */
export const FIRST_START_MS = Date.UTC(2019, 3, 15)

/**
 * Classes of engagement, most engaged first: share of subscribers, share of sessions, and factors for
 * length and volume of each session. Segmentation should recover them.
 */
const CLASSES = [
  { name: 'heavy', subscribers: 0.05, sessions: 0.3, length: 1.5, volume: 2.4 },
  { name: 'regular', subscribers: 0.25, sessions: 0.4, length: 1, volume: 1 },
  { name: 'light', subscribers: 0.7, sessions: 0.3, length: 0.7, volume: 0.4 },
] as const

/** Within a class, low ranks are more frequent: rank = size × uniform^skew. */
const SKEW = 1.2

/** French mobile numbers: 336 or 337 and eight digits; any eleven digits when these are too few. */
const FIRST_MSISDN = 33_600_000_000
const MOBILE_NUMBERS = 200_000_000
const ELEVEN_DIGIT_NUMBERS = 10_000_000_000
/** Coprime to both: a bijection that separates neighbouring ranks. */
const STRIDE = 123_606_797
/** Offset of the busiest subscriber, so that its number does not end in zeros. */
const BUSIEST = 64_513_287

/** `start` in UTC ms as BIGINT, ascending with `i` from 0 to rows − 1. */
export function startColumns(draws: Draws, rows: number, days: number): Column[][] {
  const span = days * DAY_MS
  const weekly = warp([[7 * DAY_MS, 0.12, 1.5 * DAY_MS]])
  // Two waves per day; their phases were fitted so that starts peak at 20:00 and are lowest at 4:00.
  const daily = warp([
    [DAY_MS, 0.5, 5 * 3_600_000],
    [DAY_MS / 2, 0.25, 2 * 3_600_000],
  ])
  const scale = span / weekly.at(span)
  return [
    [['even', `(i + ${draws.uniform('jitter', 'i')}) * ${span / rows}`]],
    [['weekly', `${weekly.sql('even')} * ${scale}`]],
    [['start', `${FIRST_START_MS} + floor(${daily.sql('weekly')})::BIGINT`]],
  ]
}

/** `rank` of the subscriber (0 is most likely the busiest) and the columns derived from it. */
export function subscriberColumns(draws: Draws, subscribers: number): Column[][] {
  const bounds = classBounds(subscribers)
  const pick = (
    test: (bound: ClassBound) => string,
    value: (bound: ClassBound) => string | number,
  ) =>
    bounds.reduceRight(
      (otherwise, bound) =>
        otherwise === ''
          ? String(value(bound))
          : `CASE WHEN ${test(bound)} THEN ${String(value(bound))} ELSE ${otherwise} END`,
      '',
    )
  const inClass = ({ end }: ClassBound) => `rank < ${end}`
  const place = ({ start, end, low, high }: ClassBound) => {
    const within = `pow((chance - ${low}) / ${high - low}, ${SKEW})`
    return `least(${end - 1}, ${start} + floor(${end - start} * ${within}))`
  }
  const numbers = subscribers <= MOBILE_NUMBERS ? MOBILE_NUMBERS : ELEVEN_DIGIT_NUMBERS
  return [
    [['chance', draws.uniform('subscriber', 'i')]],
    [['rank', `(${pick(({ high }) => `chance < ${high}`, place)})::BIGINT`]],
    [
      ['msisdn', `(${FIRST_MSISDN} + (rank * ${STRIDE} + ${BUSIEST}) % ${numbers})::DOUBLE`],
      ['class_length', pick(inClass, ({ length }) => length)],
      ['class_volume', pick(inClass, ({ volume }) => volume)],
      ['taste', draws.bits('taste', 'rank')],
      ['equipment', draws.uniform('equipment', 'rank')],
    ],
  ]
}

interface ClassBound {
  start: number
  end: number
  low: number
  high: number
  length: number
  volume: number
}

/** Ranks [start, end) and chances [low, high) of each class with at least one subscriber. */
function classBounds(subscribers: number): ClassBound[] {
  let share = 0
  let start = 0
  const sized = CLASSES.map((one) => {
    share += one.subscribers
    const from = start
    start = Math.min(subscribers, Math.ceil(subscribers * Math.min(1, share)))
    return { ...one, start: from, end: one.name === 'light' ? subscribers : start }
  }).filter((one) => one.end > one.start)
  const total = sized.reduce((sum, one) => sum + one.sessions, 0)
  let low = 0
  return sized.map(({ start: from, end, sessions, length, volume }) => {
    const bound = { start: from, end, low, high: low + sessions / total, length, volume }
    low = bound.high
    return bound
  })
}

/** A wave of the rhythm: period in ms, amplitude, and the time of the sparsest rows in ms. */
type Wave = readonly [period: number, amplitude: number, sparsest: number]

/**
 * A monotone warp of time. Its speed is 1 plus cosines, whose amplitudes sum to less than 1: where it
 * is slow, evenly spaced rows become dense. Its integral is a sum of sines, and 0 maps to 0.
 */
function warp(waves: readonly Wave[]): { sql: (t: string) => string; at: (t: number) => number } {
  const sines = waves.map(([period, amplitude, sparsest]) => {
    const turn = (2 * Math.PI) / period
    return { turn, size: amplitude / turn, sparsest }
  })
  const offset = (t: number) =>
    sines.reduce((sum, { turn, size, sparsest }) => sum + size * Math.sin(turn * (t - sparsest)), 0)
  return {
    at: (t) => t + offset(t) - offset(0),
    sql: (t) => {
      const terms = sines.map(
        ({ turn, size, sparsest }) => `${size} * sin(${turn} * (${t} - ${sparsest}))`,
      )
      return `(${t} + ${terms.join(' + ')} - (${offset(0)}))`
    },
  }
}
