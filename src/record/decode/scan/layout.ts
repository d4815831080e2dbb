// The names that JSON messages of a topic have, in their usual order, and what each stands for.
//
// Names are learnt from messages that the parser has read, because most messages have the names of
// the one before them, in its order. A message with a name that is not known yet is left to the parser.
import { MOST_NAME_LETTERS } from '../../column-names.ts'
import { isAlike } from '../../column-path.ts'
import type { JsonPath } from '../json-paths.ts'

/** Names that are learnt; a message with others is left to the parser. */
const MOST_LEARNT = 512

/** Bytes that are compared at once, and of names shorter than these. */
export const WORD = 8
/** See WORD; `"":` is shorter, and not learnt. */
export const HALF_WORD = 4

/** What is done with the value of a name. */
export const USE = {
  /** It is of no column. */
  skip: 0,
  /** It is of one column, found by the name. */
  column: 1,
  /** A path of `--map` leads to it or through it. */
  path: 2,
  /** The parser decides. */
  odd: 3,
} as const

/** A path of `--map` that ends at a name. */
export interface PathEnd {
  path: JsonPath
  /** The names that lead to it, where `--map` spells them in another way; else null. */
  found: readonly string[] | null
}

/** A name at a level. */
export interface Name {
  name: string
  use: number
  /** The place of its column; -1 for none. */
  column: number
  /** Whether it is that of a column, also one that is not used. */
  isKnown: boolean
  /** Marks that no other name of a message may have: then more than one name leads to a column. */
  marks: readonly number[]
  ends: readonly PathEnd[]
  /** What is within its object; null where nothing within is wanted. */
  level: Level | null
}

/** The rest of a path at a level: the names that lead on, in all ways. */
interface Step {
  path: JsonPath
  ways: readonly (readonly string[])[]
  /** The names that lead to the level, as they are spelt there; null where `--map` has the same. */
  found: readonly string[] | null
  /** The names that lead to the level. */
  names: readonly string[]
  mark: number
}

/** The names in one object. */
export interface Level {
  names: Name[]
  /** By name, the bytes of `"name":`, as `wordsOf`. */
  words: Float64Array
  /** By name, where its words begin, and its bytes. */
  starts: Int32Array
  sizes: Int32Array
  /** By name, as in Name. */
  uses: Uint8Array
  columns: Int8Array
  known: Uint8Array
  steps: readonly Step[]
}

/** What the names of a topic are learnt with. */
export interface Layout {
  top: Level
  learnt: number
  /** Marks that were given. */
  marks: number
  /** The column of a name at the top; null for a name of none. */
  placeOf: (name: string) => { column: number } | null
}

/** A layout without names. Marks below `columns` are those of columns. */
export function createLayout(
  paths: readonly JsonPath[],
  columns: number,
  placeOf: Layout['placeOf'],
): Layout {
  const layout = { top: emptyLevel([]), learnt: 0, marks: columns, placeOf }
  layout.top.steps = paths.map((path) => {
    return { path, ways: path.ways, found: null, names: [], mark: layout.marks++ }
  })
  return layout
}

const emptyLevel = (steps: readonly Step[]): Level => ({
  names: [],
  words: new Float64Array(0),
  starts: new Int32Array(0),
  sizes: new Int32Array(0),
  uses: new Uint8Array(0),
  columns: new Int8Array(0),
  known: new Uint8Array(0),
  steps,
})

/** Learns the names of a message, and of the objects in it that paths lead through. */
export const learnNames = (layout: Layout, object: object): void =>
  learnLevel(layout, layout.top, object)

function learnLevel(layout: Layout, level: Level, object: object): void {
  const known = new Map(level.names.map((one) => [one.name, one]))
  let after = -1
  for (const [name, value] of Object.entries(object) as [string, unknown][]) {
    const found = known.get(name)
    if (found === undefined) {
      if (layout.learnt >= MOST_LEARNT || !isPlain(name)) continue
      layout.learnt++
      const learnt = learnName(layout, level, name)
      level.names.splice(++after, 0, learnt)
      known.set(name, learnt)
    } else after = level.names.indexOf(found)
    const inner = known.get(name)?.level ?? null
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (inner !== null && isObject) learnLevel(layout, inner, value)
  }
  if (level.names.length !== level.sizes.length) pack(level)
}

/** Whether a name has one spelling between quotes without an escape. */
const isPlain = (name: string): boolean =>
  name !== '' && name.length <= MOST_NAME_LETTERS && JSON.stringify(name) === `"${name}"`

function learnName(layout: Layout, level: Level, name: string): Name {
  const place = level === layout.top ? layout.placeOf(name) : null
  const column = place === null ? -1 : place.column
  const isKnown = place !== null
  const none = { name, column, isKnown, marks: [], ends: [], level: null }
  const steps = level.steps.flatMap((step) => {
    const ways = step.ways.filter(([first]) => first === name || isAlike(first, name))
    return ways.length === 0 ? [] : [{ ...step, ways }]
  })
  if (steps.length === 0) return { ...none, use: column < 0 ? USE.skip : USE.column }
  const marks = steps.map(({ mark }) => mark)
  const isEnd = ({ ways }: Step): boolean => ways.some(({ length }) => length === 1)
  const ends = steps.filter(isEnd)
  // Names that differ in punctuation only may be the first one of several ways.
  const isClear = steps.every(({ ways }) => new Set(ways.map(([first]) => first)).size === 1)
  const isOne = ends.length === 0 || steps.every(({ ways }) => ways.length === 1)
  const isOdd = column >= 0 || !isClear || !isOne || (ends.length > 0 && ends.length < steps.length)
  if (isOdd) return { ...none, use: USE.odd }
  const led = steps.map((step) => leadBy(layout, step, name))
  if (ends.length === 0) return { ...none, use: USE.path, marks, level: emptyLevel(led) }
  return { ...none, use: USE.path, marks, ends: led.map(({ path, found }) => ({ path, found })) }
}

/** The rest of a path after a name. */
function leadBy(layout: Layout, step: Step, name: string): Step {
  const { path, ways } = step
  const names = [...step.names, name]
  const isSpelt = step.found !== null || ways[0][0] !== name
  return {
    path,
    ways: ways.map(([, ...rest]) => rest),
    found: isSpelt ? names : null,
    names,
    mark: layout.marks++,
  }
}

/** Puts what is known of the names of a level where it is read at once. */
function pack(level: Level): void {
  const { names } = level
  const texts = names.map(({ name }) => Buffer.from(`"${name}":`))
  const words = texts.map(wordsOf)
  level.words = Float64Array.from(words.flat())
  level.starts = new Int32Array(names.length)
  for (let at = 1; at < names.length; at++) {
    level.starts[at] = level.starts[at - 1] + words[at - 1].length
  }
  level.sizes = Int32Array.from(texts, ({ length }) => length)
  level.uses = Uint8Array.from(names, ({ use }) => use)
  level.columns = Int8Array.from(names, ({ column }) => column)
  level.known = Uint8Array.from(names, ({ isKnown }) => (isKnown ? 1 : 0))
}

/**
 * The bytes of a text as numbers, to compare many at once: eight as a float64, of which the last ones
 * overlap; of a shorter text twice four as an int32. Different texts have different numbers, because no
 * eight bytes of a text are 0 or NaN.
 */
function wordsOf(text: Buffer): number[] {
  const { length } = text
  if (length < WORD) return [text.readInt32LE(0), text.readInt32LE(length - HALF_WORD)]
  const inner = Array.from({ length: Math.floor((length - 1) / WORD) }, (_, at) => at * WORD)
  return [...inner, length - WORD].map((at) => text.readDoubleLE(at))
}
