// Generates the code that steps over values nobody needs, and what reading has in common with it.
import { assert } from '../../errors.ts'
import type { AvroType } from './avro-schema.ts'

/**
 * All generated code is made of fixed text and numbers alone; nothing that a schema spells gets in.
 * It reads `b` from `p` to `to`, and returns -1 where the bytes are not what the schema says.
 */
export const LOCALS = 'let u=0,v=0,n=0,l=0,h=0,s=0,q=0;'

/** Functions that step over what has parts or refers to itself, by type. */
export interface Skips {
  places: Map<AvroType, number>
  functions: string[]
}

export const createSkips = (): Skips => ({ places: new Map(), functions: [] })

/** Calls within each other, so that bytes cannot exhaust the stack. */
const DEEPEST = 64
/** A block may claim any number of items that take no bytes. */
const MOST_EMPTY_ITEMS = 1_048_576

/** Reads a long into `variable`. */
export const long = (variable: string): string =>
  `${variable}=H.readLong(b,p,to,A);p=A[0];if(p<0)return -1;`

/** Reads a length of bytes that are there into `n`. */
export const LENGTH = `if(p>=to)return -1;u=b[p];if(u<128){if(u&1)return -1;p++;n=u>>>1}
else{${long('n')}}if(n<0||n>to-p)return -1;`

/** Bytes of fixed number are there. */
export const need = (bytes: number): string => `if(to-p<${count(bytes)})return -1;`

/** A number from a schema as code. */
export function count(value: number): string {
  assert(Number.isSafeInteger(value) && value >= 0, 'generated code has whole numbers')
  return String(value)
}

/** No union has as many branches. */
const MOST_BRANCHES = 1_000_000
/** Reads which branch of a union follows: twice its place, as it is coded. */
const BRANCH = `if(p>=to)return -1;u=b[p++];
if(u>127){p--;${long('v')}if(v<0||v>${MOST_BRANCHES})return -1;u=v*2}`

/** The code of a union whose branches have this code. The likeliest come first. */
export function union(codes: readonly string[]): string {
  const places = codes.map((_, place) => place)
  // After null, which stands first where it does, most values are of the next type.
  const order = places.length > 1 ? [1, 0, ...places.slice(2)] : places
  const tests = order.map((place) => `if(u===${count(2 * place)}){${codes[place]}}else `)
  return `${BRANCH}${tests.join('')}return -1;`
}

/**
 * A union that begins with two types of fixed size, as most that may be null do: which one comes is
 * computed with, not branched on, since nothing predicts it.
 */
function skipUnion(branches: readonly AvroType[], skips: Skips, depth: string): string {
  const [first, second] = branches.slice(0, 2).map(sizeOf)
  const codes = branches.map((branch) => skip(branch, skips, depth))
  if (branches.length < 2 || first !== 0 || second === null) return union(codes)
  const others = codes
    .slice(2)
    .map((code, at) => `if(u===${count(2 * (at + 2))}){${code}}else `)
    .join('')
  return `${BRANCH}if((u&-3)===0){p+=(u>>1)*${count(second)};if(p>to)return -1}else ${others}return -1;`
}

/** Bytes of every value of a type; null where they differ. */
function sizeOf(type: AvroType): number | null {
  if (type.kind === 'fixed') return type.size
  return { null: 0, boolean: 1, float: 4, double: 8 }[type.kind as string] ?? null
}

const SKIP_LONG = 'if(p<to&&b[p]<128)p++;else{p=H.skipLong(b,p,to);if(p<0)return -1}'
const SKIP_BYTES = `${LENGTH}p+=n;`
const skipFixed = (bytes: number): string =>
  bytes === 0 ? '' : `${need(bytes)}p+=${count(bytes)};`

/** The code that steps over a value; `depth` is code for how deep it stands. */
export function skip(type: AvroType, skips: Skips, depth: string): string {
  switch (type.kind) {
    case 'null':
      return ''
    case 'boolean':
      return skipFixed(1)
    case 'int':
    case 'long':
    case 'enum':
      return SKIP_LONG
    case 'float':
      return skipFixed(4)
    case 'double':
      return skipFixed(8)
    case 'bytes':
    case 'string':
      return SKIP_BYTES
    case 'fixed':
      return skipFixed(type.size)
    case 'union':
      return skipUnion(type.branches, skips, depth)
    default:
      return `p=s${count(place(type, skips))}(b,p,to,${depth}+1);if(p<0)return -1;`
  }
}

/** The place of the function for a type with parts, which is made when first asked for. */
function place(type: AvroType, skips: Skips): number {
  const known = skips.places.get(type)
  if (known !== undefined) return known
  const at = skips.places.size
  skips.places.set(type, at)
  // Within itself a type finds its place above; the code comes when its parts have theirs.
  const body = parts(type, skips)
  skips.functions[at] =
    `function s${count(at)}(b,p,to,d){if(d>${DEEPEST})return -1;${LOCALS}${body}}`
  return at
}

function parts(type: AvroType, skips: Skips): string {
  if (type.kind === 'record') {
    return `${type.fields.map((field) => skip(field.type, skips, 'd')).join('\n')}return p`
  }
  assert(type.kind === 'array' || type.kind === 'map', 'other types have no parts')
  const key = type.kind === 'map' ? SKIP_BYTES : ''
  const item = key + skip(type.items, skips, 'd')
  const empty = key === '' && isEmpty(type.items, new Set())
  const items = empty
    ? `if(c>${MOST_EMPTY_ITEMS})return -1`
    : `if(c>to-p)return -1;for(;c>0;c--){${item}}`
  // A negative count tells how many bytes its items take.
  return `let c=0;for(;;){${long('c')}if(c===0)return p;
if(c<0){${long('c')}if(c<0||c>to-p)return -1;p+=c}else{${items}}}`
}

/** True for types whose values take no bytes. */
function isEmpty(type: AvroType, within: Set<AvroType>): boolean {
  if (type.kind === 'null') return true
  if (type.kind === 'fixed') return type.size === 0
  if (type.kind !== 'record') return false
  // In a circle without a way out nothing takes bytes: its values cannot exist.
  if (within.has(type)) return true
  within.add(type)
  return type.fields.every((field) => isEmpty(field.type, within))
}
