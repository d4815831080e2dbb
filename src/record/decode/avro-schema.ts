// Parses an Avro schema (JSON) into types with resolved references; recursive types refer to themselves.
import { PulseError } from '../../errors.ts'

/** The meaning of a number or of bytes. */
export type Logical =
  | { name: 'decimal'; scale: number }
  /** `perMs` units are a millisecond; `local`: wall clock time without a zone. */
  | { name: 'time'; perMs: number; local: boolean }
  /** A time of day; as a duration, `perMs` units are a millisecond. */
  | { name: 'clock'; perMs: number }

/** A type with a single value. */
export interface AvroScalar {
  kind: 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string'
  logical: Logical | null
}

/** A field of a record. */
export interface AvroField {
  name: string
  aliases: readonly string[]
  type: AvroType
}

/** A record type. */
export interface AvroRecord {
  kind: 'record'
  /** With its namespace. */
  name: string
  fields: AvroField[]
}

/** One type of a schema. */
export type AvroType =
  | AvroScalar
  | { kind: 'fixed'; size: number; logical: Logical | null }
  | { kind: 'enum'; symbols: readonly string[] }
  | { kind: 'array' | 'map'; items: AvroType }
  | { kind: 'union'; branches: readonly AvroType[] }
  | AvroRecord

type Json = Readonly<Record<string, unknown>>

/** What was parsed so far. */
interface Parsed {
  named: Map<string, AvroType>
  /** Types, those within others and those of references included. */
  types: number
}

const SCALARS: ReadonlySet<string> = new Set<AvroScalar['kind']>([
  ...(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const),
])
/** Bounds the recursion of the parser; no schema in use is nested this deep. */
const DEEPEST = 64
/** Bound the generated code, and the time to compile it; schemas in use have hundreds of types. */
const MOST_TYPES = 10_000
const MOST_BRANCHES = 1000
const DAY_MS = 86_400_000

const TIMES: ReadonlyMap<string, Logical> = new Map(
  (['millis', 'micros', 'nanos'] as const).flatMap((unit, power) =>
    [false, true].map((local) => [
      `${local ? 'local-' : ''}timestamp-${unit}`,
      { name: 'time', perMs: 1000 ** power, local },
    ]),
  ),
)

/**
 * The type that a schema describes.
 *
 * @param references schemas whose named types it uses, each after those that it uses itself
 * @throws PulseError `input-invalid` when it is not an Avro schema
 */
export function parseAvroSchema(schema: unknown, references: readonly unknown[] = []): AvroType {
  const parsed: Parsed = { named: new Map(), types: 0 }
  for (const one of references) parse(one, '', parsed, 0)
  return parse(schema, '', parsed, 0)
}

function parse(schema: unknown, space: string, parsed: Parsed, depth: number): AvroType {
  if (depth > DEEPEST) throw invalid(`it is nested more than ${DEEPEST} levels deep`)
  if (++parsed.types > MOST_TYPES) throw invalid(`it has more than ${MOST_TYPES} types`)
  if (typeof schema === 'string') return reference(schema, space, parsed)
  if (Array.isArray(schema)) {
    const { length } = schema
    if (length > MOST_BRANCHES) {
      throw invalid(`a union has ${length} branches, expected at most ${MOST_BRANCHES}`)
    }
    return { kind: 'union', branches: schema.map((one) => parse(one, space, parsed, depth + 1)) }
  }
  if (typeof schema !== 'object' || schema === null)
    throw invalid('a type is neither text nor object')
  const json = schema as Json
  const { type } = json
  if (typeof type !== 'string') return parse(type, space, parsed, depth + 1)
  if (SCALARS.has(type)) {
    return { kind: type as AvroScalar['kind'], logical: logicalOf(json, type) }
  }
  if (type === 'array' || type === 'map') {
    const items = json[type === 'array' ? 'items' : 'values']
    return { kind: type, items: parse(items, space, parsed, depth + 1) }
  }
  if (type === 'record' || type === 'error') return record(json, space, parsed, depth)
  if (type === 'enum' || type === 'fixed') {
    const made = type === 'enum' ? enumeration(json) : fixed(json)
    define(nameOf(json, space), made, parsed)
    return made
  }
  return reference(type, space, parsed)
}

function reference(name: string, space: string, { named }: Parsed): AvroType {
  if (SCALARS.has(name)) return { kind: name as AvroScalar['kind'], logical: null }
  const found = named.get(inSpace(name, space)) ?? named.get(name)
  if (found === undefined) throw invalid('it uses a type before its definition')
  return found
}

const inSpace = (name: string, space: string): string =>
  name.includes('.') || space === '' ? name : `${space}.${name}`

function nameOf({ name, namespace }: Json, space: string): string {
  if (typeof name !== 'string' || name === '') throw invalid('a named type has no name')
  return inSpace(name, typeof namespace === 'string' ? namespace : space)
}

function define(name: string, type: AvroType, { named }: Parsed): void {
  if (named.has(name)) throw invalid('it defines a type twice')
  named.set(name, type)
}

function record(json: Json, space: string, parsed: Parsed, depth: number): AvroRecord {
  const name = nameOf(json, space)
  const made: AvroRecord = { kind: 'record', name, fields: [] }
  // Defined before its fields, which may refer to it.
  define(name, made, parsed)
  const inner = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : ''
  if (!Array.isArray(json.fields)) throw invalid('a record has no list of fields')
  for (const field of json.fields as unknown[]) {
    if (typeof field !== 'object' || field === null) throw invalid('a field is not an object')
    const { name: fieldName, aliases, type, ...attributes } = field as Json
    if (typeof fieldName !== 'string') throw invalid('a field has no name')
    made.fields.push({
      name: fieldName,
      aliases: Array.isArray(aliases) ? aliases.filter((alias) => typeof alias === 'string') : [],
      type: withAttributes(parse(type, inner, parsed, depth + 1), type, attributes),
    })
  }
  return made
}

/** Some writers put the logical type next to the field's type instead of into it; both are read. */
function withAttributes(type: AvroType, schema: unknown, attributes: Json): AvroType {
  if (typeof schema !== 'string' || !SCALARS.has(schema)) return type
  return { kind: schema as AvroScalar['kind'], logical: logicalOf(attributes, schema) }
}

function enumeration({ symbols }: Json): AvroType {
  const isList = Array.isArray(symbols) && symbols.every((one) => typeof one === 'string')
  if (!isList) throw invalid('an enum has no list of symbols')
  return { kind: 'enum', symbols }
}

function fixed(json: Json): AvroType {
  const { size } = json
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw invalid('a fixed has no size')
  }
  return { kind: 'fixed', size, logical: logicalOf(json, 'fixed') }
}

/** By the specification a logical type that does not fit its type is ignored. */
function logicalOf({ logicalType, precision, scale = 0 }: Json, type: string): Logical | null {
  if (typeof logicalType !== 'string') return null
  if (logicalType === 'decimal') {
    const fits = type === 'bytes' || type === 'fixed'
    if (!fits || !isCount(precision) || !isCount(scale) || scale > precision) return null
    return precision === 0 ? null : { name: 'decimal', scale }
  }
  if (logicalType === 'date' && type === 'int') {
    return { name: 'time', perMs: 1 / DAY_MS, local: true }
  }
  if (logicalType === 'time-millis' && type === 'int') return { name: 'clock', perMs: 1 }
  if (logicalType === 'time-micros' && type === 'long') return { name: 'clock', perMs: 1000 }
  return type === 'long' ? (TIMES.get(logicalType) ?? null) : null
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

const invalid = (what: string): PulseError =>
  new PulseError('input-invalid', `Avro schema: ${what}; register a valid schema of a record`)
