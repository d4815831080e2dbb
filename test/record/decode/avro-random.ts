// Random Avro schemas of XDR records with values, and the expected used values.
import { IMPRECISE } from '../../../src/record/msisdn.ts'
import type { GeneratorValue } from 'fast-check'
import fc from 'fast-check'
import { UNREADABLE } from '../../../src/record/batch.ts'
import { USED_COLUMNS } from '../../../src/record/columns.ts'
import { isNeeded } from '../../../src/record/readable.ts'

/** A schema or a value as avsc takes it. */
export type Json = unknown

/** A schema, a record of it, and its expected values. */
export interface Sample {
  schema: { type: 'record'; name: string; fields: { name: string }[] }
  value: Record<string, Json>
  /** The values to write, by column. */
  expected: number[]
  /** The names of fields, by column; none for a column that is absent. */
  names: ReadonlyMap<string, string>
}

/** A type with one value, and the expected value of the column. */
interface Typed {
  schema: Json
  value: Json
  expected: number
  /** The name of the branch in a wrapped union of avsc. */
  branch: string
}

const TEXTS: readonly (readonly [string, number])[] = [
  ...([
    ['12', 12],
    ['1.3E+6', 1_300_000],
    ['-4', -4],
    [' 7 ', 7],
    ['0.25', 0.25],
  ] as const),
  ...([
    ['x', UNREADABLE],
    ['1,5', UNREADABLE],
    ['１', UNREADABLE],
    ['é', UNREADABLE],
  ] as const),
  ...([
    ['', NaN],
    ['\\N', NaN],
    ['\\\\N', NaN],
    ['NaN', NaN],
    ['undefined', NaN],
  ] as const),
  ...([
    ['null', NaN],
    ['123456789012345678', 123456789012345680],
    ['inf', Infinity],
  ] as const),
]
const SYMBOLS: readonly (readonly [string, number])[] = [
  ...([
    ['undefined', NaN],
    ['NaN', NaN],
    ['x', UNREADABLE],
    ['Infinity', Infinity],
  ] as const),
]
const NOON = Date.UTC(2019, 3, 4, 12, 1)
const TIMES: readonly (readonly [string, number])[] = [
  ...([
    ['4/4/2019 12:01', NOON],
    ['2019-04-04T12:01:00Z', NOON],
    ['', NaN],
  ] as const),
  ...([
    ['2019-04-04 12:01:00.250', NOON + 250],
    ['soon', UNREADABLE],
    ['\\N', NaN],
  ] as const),
]
const SCALARS = ['null', 'boolean', 'int', 'long', 'float', 'double', 'string', 'bytes'] as const
const NAMES = ['first', 'second', 'third', 'fourth', 'fifth', 'a', 'b', 'c'] as const

/** avsc writes negative longs below these as other ones. */
const LONGS = { min: -(2 ** 52), max: 2 ** 52 }

const pick = <T>(g: GeneratorValue, from: readonly T[]): T => from[g(fc.nat, from.length - 1)]

/** How the values of a column are interpreted. */
type Meaning = 'number' | 'presence' | 'time' | 'msisdn'
const meaningOf = (column: string): Meaning => {
  if (column === 'Bearer Id') return 'presence'
  if (column === 'MSISDN/Number') return 'msisdn'
  return column === 'Start' || column === 'End' ? 'time' : 'number'
}

const present = (value: number): number => (Number.isNaN(value) ? NaN : 1)
/** UTC ms of a number that is a time by its magnitude; years 2000 to 2099 only. */
function epoch(value: number): number {
  if (Number.isNaN(value)) return NaN
  const scales = [1000, 1, 1e-3, 1e-6]
  const inMs = scales.map((scale) => value * scale)
  const ms = inMs.find((one) => one >= Date.UTC(2000, 0) && one < Date.UTC(2100, 0))
  return ms === undefined ? UNREADABLE : Math.floor(ms)
}

function draw(g: GeneratorValue, meaning: Meaning, unique: () => string): Typed {
  const numeric = (value: number): number => {
    if (meaning === 'presence') return present(value)
    return meaning === 'time' ? epoch(value) : value
  }
  const plain = (schema: string, value: Json, expected: number): Typed => ({
    ...{ schema, value, expected, branch: schema },
  })
  const kind = pick(g, [
    ...SCALARS,
    'long',
    'long',
    'enum',
    'decimal',
    'timestamp',
    'date',
  ] as const)
  switch (kind) {
    case 'null':
      return plain(kind, null, NaN)
    case 'boolean': {
      const value = g(fc.boolean)
      if (meaning === 'time') return plain(kind, value, UNREADABLE)
      return plain(kind, value, numeric(value ? 1 : 0))
    }
    case 'int':
    case 'long': {
      const value = kind === 'int' ? g(fc.integer) : g(fc.integer, LONGS)
      const some = pick(g, [value, value % 1000, value % 1e9])
      return plain(kind, some, numeric(some))
    }
    case 'float':
    case 'double': {
      // A float does not hold an MSISDN: its schema is refused.
      const isFloat = kind === 'float' && meaning !== 'msisdn'
      const value = isFloat ? g(fc.float) : g(fc.double)
      // A number, not text: it must not be taken for unreadable.
      return plain(
        isFloat ? kind : 'double',
        value,
        numeric(value === UNREADABLE ? -Infinity : value),
      )
    }
    case 'string':
    case 'bytes': {
      const [text, value] = pick(g, meaning === 'time' ? TIMES : TEXTS)
      const wire = kind === 'string' ? text : Buffer.from(text)
      // It has fewer digits than its number.
      const spelt = meaning === 'msisdn' && text === '1.3E+6' ? IMPRECISE : value
      return plain(kind, wire, meaning === 'presence' ? present(value) : spelt)
    }
    case 'enum': {
      const [symbol, value] = pick(g, SYMBOLS)
      const name = unique()
      const schema = { type: 'enum', name, symbols: SYMBOLS.map(([one]) => one) }
      const asTime = Number.isNaN(value) ? NaN : UNREADABLE
      const expected = meaning === 'time' ? asTime : value
      return { schema, value: symbol, branch: name, expected: numericText(meaning, expected) }
    }
    case 'decimal':
      return decimal(g, numeric)
    case 'timestamp':
    case 'date':
      return time(g, kind, meaning)
  }
}

const numericText = (meaning: Meaning, value: number): number =>
  meaning === 'presence' ? present(value) : value

function decimal(g: GeneratorValue, numeric: (value: number) => number): Typed {
  const scale = g(fc.nat, 6)
  const unscaled = g(fc.integer, { min: -(2 ** 31), max: 2 ** 31 - 1 })
  const padding = Buffer.alloc(g(fc.nat, 4), unscaled < 0 ? 255 : 0)
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(unscaled)
  return {
    schema: { type: 'bytes', logicalType: 'decimal', precision: 20, scale },
    value: Buffer.concat([padding, bytes]),
    branch: 'bytes',
    expected: numeric(Number(`${unscaled}e-${scale}`)),
  }
}

function time(g: GeneratorValue, kind: 'timestamp' | 'date', meaning: Meaning): Typed {
  const unit = pick(g, ['millis', 'micros'])
  const local = pick(g, ['', 'local-'])
  const ms = NOON + g(fc.nat, 1e9)
  const stored = kind === 'date' ? Math.floor(ms / 86_400_000) : unit === 'micros' ? ms * 1000 : ms
  const type = kind === 'date' ? 'int' : 'long'
  const logicalType = kind === 'date' ? 'date' : `${local}timestamp-${unit}`
  const asTime = kind === 'date' ? stored * 86_400_000 : ms
  const expected = meaning === 'time' ? asTime : meaning === 'presence' ? 1 : stored
  return { schema: { type, logicalType }, value: stored, branch: type, expected }
}

/** A union of types that may be combined, with a value of one of them. */
function union(g: GeneratorValue, meaning: Meaning, unique: () => string): Typed {
  const branches = new Map<string, Typed>()
  const count = g(fc.integer, { min: 1, max: 4 })
  for (let i = 0; i < count; i++) {
    const one = draw(g, meaning, unique)
    branches.set(one.branch, one)
  }
  if (g(fc.boolean)) branches.set('null', { ...NULL })
  const all = [...branches.values()]
  const chosen = pick(g, all)
  return {
    schema: all.map(({ schema }) => schema),
    value: chosen.branch === 'null' ? null : { [chosen.branch]: chosen.value },
    branch: '',
    expected: chosen.expected,
  }
}
const NULL: Typed = { schema: 'null', value: null, expected: NaN, branch: 'null' }

/** A type of an unused field, with a value. */
function unused(
  g: GeneratorValue,
  unique: () => string,
  depth: number,
): { schema: Json; value: Json } {
  const leaf = depth > 3 || g(fc.boolean)
  if (leaf) return g(fc.boolean) ? draw(g, 'number', unique) : union(g, 'number', unique)
  const kind = pick(g, ['array', 'map', 'record', 'fixed', 'list', 'null-array'])
  const size = g(fc.nat, 3)
  const name = unique()
  if (kind === 'fixed')
    return { schema: { type: kind, name, size }, value: Buffer.alloc(size, 129) }
  if (kind === 'null-array') {
    return { schema: { type: 'array', items: 'null' }, value: Array(size).fill(null) }
  }
  if (kind === 'list') {
    const fields = [
      { name: 'head', type: 'long' },
      { name: 'tail', type: ['null', name] },
    ]
    let value: Json = null
    for (let n = 0; n <= size; n++)
      value = { head: n * 1e6, tail: n === 0 ? null : { [name]: value } }
    return { schema: { type: 'record', name, fields }, value }
  }
  if (kind === 'record') {
    const parts = NAMES.slice(0, size).map((part) => [part, unused(g, unique, depth + 1)] as const)
    const fields = parts.map(([part, { schema }]) => ({ name: part, type: schema }))
    const value = Object.fromEntries(parts.map(([part, one]) => [part, one.value]))
    return { schema: { type: kind, name, fields }, value }
  }
  const item = unused(g, unique, depth + 1)
  const values = Array<Json>(size).fill(item.value)
  if (kind === 'array') return { schema: { type: kind, items: item.schema }, value: values }
  const entries = values.map((value, at) => [NAMES[at], value] as const)
  return { schema: { type: kind, values: item.schema }, value: Object.fromEntries(entries) }
}

const spell = (column: string): string =>
  column
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/_$/, '')

/** A record with all needed columns and most others under some name, some more, in any order. */
export function drawSample(g: GeneratorValue): Sample {
  let names = 0
  const unique = (): string => `N${names++}`
  const value: Record<string, Json> = {}
  const expected: number[] = []
  const absent = new Set<string>()
  const spelt = new Map<string, string>()
  const fields: { name: string }[] = []
  for (const column of USED_COLUMNS) {
    const isPart = column.endsWith(' ms')
    // Milliseconds without their time stand for it: another test has them.
    const isAlone = isPart && absent.has(column.replace(' ms', ''))
    if (isAlone || (isPart && g(fc.boolean)) || (!isNeeded(column) && g(fc.nat, 9) === 0)) {
      absent.add(column)
      expected.push(NaN)
      continue
    }
    const meaning = meaningOf(column)
    const typed = g(fc.boolean) ? draw(g, meaning, unique) : union(g, meaning, unique)
    const known = pick(g, [spell(column), spell(column).toUpperCase()])
    const renamed = g(fc.nat, 5) === 0
    const name = renamed ? `renamed_${fields.length}` : known
    const aliases = renamed ? { aliases: ['other', known] } : {}
    fields.push({ ...{ name, type: typed.schema }, ...aliases })
    value[name] = typed.value
    spelt.set(column, name)
    expected.push(typed.expected)
  }
  const more = g(fc.nat, 12)
  for (let i = 0; i < more; i++) {
    const { schema, value: one } = unused(g, unique, 0)
    fields.push({ name: `unused_${i}`, type: schema } as { name: string })
    value[`unused_${i}`] = one
  }
  const order = g(fc.shuffledSubarray, fields, { minLength: fields.length })
  const schema = { type: 'record', name: 'Session', fields: order } as const
  return { schema, value, expected, names: spelt }
}
