// Generates the code that skips unused values, and the parts that reading shares with it.
import { assert, PulseError } from '../../errors.ts'
import type { AvroType } from './avro-schema.ts'

/**
 * The local variables of generated functions. Generated code consists of fixed text and numbers; no
 * text of a schema is part of it. It reads `b` from `p` to `to` and returns -1 where the bytes do not
 * match the schema.
 */
export const LOCALS = 'let u=0,v=0,n=0,l=0,h=0,s=0,q=0,t=0;'

/** The generated functions that skip types with parts, by type. */
export interface Skips {
  places: Map<AvroType, number>
  functions: string[]
  /** The bytes of the values of types, as `sizeOf`. */
  sizes: Map<AvroType, number | null>
  /** Types within each other at the place where code is generated. */
  depth: number
}

/** No functions yet. */
export const createSkips = (): Skips => ({
  places: new Map(),
  functions: [],
  sizes: new Map(),
  depth: 0,
})

/** The deepest nesting of calls, so that bytes cannot exhaust the stack. */
const DEEPEST = 64
/** The deepest nesting of types by their names, so that a schema cannot exhaust the stack. */
const DEEPEST_TYPES = 256
/** Stands for the size of a value that is larger than any message. */
const HUGE = 2 ** 31
/** The most items without bytes; a block may claim any number of them. */
const MOST_EMPTY_ITEMS = 1_048_576

/** Code that reads a long into `variable`. */
export const long = (variable: string): string =>
  `${variable}=H.readLong(b,p,to,A);p=A[0];if(p<0)return -1;`

/** Code that reads the length of available bytes into `n`. */
export const LENGTH = `if(p>=to)return -1;u=b[p];if(u<128){if(u&1)return -1;p++;n=u>>>1}
else{${long('n')}}if(n<0||n>to-p)return -1;`

/** Code that checks that a fixed number of bytes is available. */
export const need = (bytes: number): string => `if(to-p<${count(bytes)})return -1;`

/** Code of a whole number from a schema. */
export function count(value: number): string {
  assert(Number.isSafeInteger(value) && value >= 0, 'numbers in generated code are whole')
  return String(value)
}

/** An upper bound of branches, above any real schema. */
const MOST_BRANCHES = 1_000_000
/** Reads the branch of a union: twice its place, as it is encoded. */
const BRANCH = `if(p>=to)return -1;u=b[p++];
if(u>127){p--;${long('v')}if(v<0||v>${MOST_BRANCHES})return -1;u=v*2}`

/** The code of a union from the code of its branches; the likeliest are tested first. */
export function union(codes: readonly string[]): string {
  const places = codes.map((_, place) => place)
  // Most values are of the second type, as null usually comes first.
  const order = places.length > 1 ? [1, 0, ...places.slice(2)] : places
  const tests = order.map((place) => `if(u===${count(2 * place)}){${codes[place]}}else `)
  return `${BRANCH}${tests.join('')}return -1;`
}

/**
 * Skips a union that begins with null and a type of fixed size, as most do, by arithmetic instead of a
 * branch, as branch prediction fails on random nulls.
 */
function skipUnion(branches: readonly AvroType[], skips: Skips, depth: string): string {
  const [first, second] = branches.slice(0, 2).map((branch) => sizeOf(branch, skips))
  const codes = branches.map((branch) => skip(branch, skips, depth))
  if (branches.length < 2 || first !== 0 || second === null) return union(codes)
  const others = codes
    .slice(2)
    .map((code, at) => `if(u===${count(2 * (at + 2))}){${code}}else `)
    .join('')
  return `${BRANCH}if((u&-3)===0){p+=(u>>1)*${count(second)};if(p>to)return -1}else ${others}return -1;`
}

/**
 * The bytes of a value of a type; null where they vary. Values of fixed size are skipped at once: a
 * record of records may hold 2^50 of them in no bytes.
 */
function sizeOf(type: AvroType, skips: Skips): number | null {
  if (type.kind === 'fixed') return Math.min(type.size, HUGE)
  if (type.kind !== 'record') {
    return { null: 0, boolean: 1, float: 4, double: 8 }[type.kind as string] ?? null
  }
  const known = skips.sizes.get(type)
  if (known !== undefined) return known
  // A record that holds itself has no end, and no value.
  skips.sizes.set(type, null)
  let size: number | null = 0
  deeper(skips, () => {
    for (const field of type.fields) {
      const part = sizeOf(field.type, skips)
      size = size === null || part === null ? null : Math.min(size + part, HUGE)
    }
  })
  skips.sizes.set(type, size)
  return size
}

function deeper(skips: Skips, work: () => void): void {
  if (++skips.depth > DEEPEST_TYPES) {
    throw new PulseError(
      'input-invalid',
      `Avro schema: its types are nested more than ${DEEPEST_TYPES} levels deep; register one with ` +
        'fewer levels',
    )
  }
  work()
  skips.depth--
}

const SKIP_LONG = 'if(p<to&&b[p]<128)p++;else{p=H.skipLong(b,p,to);if(p<0)return -1}'
const SKIP_BYTES = `${LENGTH}p+=n;`
const skipFixed = (bytes: number): string =>
  bytes === 0 ? '' : `${need(bytes)}p+=${count(bytes)};`

/** The code that skips a value; `depth` is the code of its nesting depth. */
export function skip(type: AvroType, skips: Skips, depth: string): string {
  const size = sizeOf(type, skips)
  if (size !== null) return skipFixed(size)
  switch (type.kind) {
    case 'int':
    case 'long':
    case 'enum':
      return SKIP_LONG
    case 'bytes':
    case 'string':
      return SKIP_BYTES
    case 'union':
      return skipUnion(type.branches, skips, depth)
    default:
      return `p=s${count(place(type, skips))}(b,p,to,${depth}+1);if(p<0)return -1;`
  }
}

/** The place of the function for a type with parts, generated at the first call. */
function place(type: AvroType, skips: Skips): number {
  const known = skips.places.get(type)
  if (known !== undefined) return known
  const at = skips.places.size
  skips.places.set(type, at)
  // A recursive type finds its place above; its code follows after that of its parts.
  deeper(skips, () => {
    const body = parts(type, skips)
    skips.functions[at] =
      `function s${count(at)}(b,p,to,d){if(d>${DEEPEST})return -1;${LOCALS}${body}}`
  })
  return at
}

function parts(type: AvroType, skips: Skips): string {
  if (type.kind === 'record') {
    return `${type.fields.map((field) => skip(field.type, skips, 'd')).join('\n')}return p`
  }
  assert(type.kind === 'array' || type.kind === 'map', 'other types have no parts')
  const key = type.kind === 'map' ? SKIP_BYTES : ''
  const item = key + skip(type.items, skips, 'd')
  const size = key === '' ? sizeOf(type.items, skips) : null
  // A negative count is followed by the number of bytes of the items.
  return `let c=0;for(;;){${long('c')}if(c===0)return p;
if(c<0){${long('c')}if(c<0||c>to-p)return -1;p+=c}else{${itemsCode(size, item)}}}`
}

/** Skips the `c` items of a block, each of `size` bytes; null for items with code of their own. */
function itemsCode(size: number | null, item: string): string {
  if (size === 0) return `if(c>${MOST_EMPTY_ITEMS})return -1`
  if (size !== null) return `p+=c*${count(size)};if(p>to)return -1`
  return `if(c>to-p)return -1;for(;c>0;c--){${item}}`
}
