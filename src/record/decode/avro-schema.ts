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
type Named = Map<string, AvroType>

const SCALARS: ReadonlySet<string> = new Set<AvroScalar['kind']>([
  ...(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const),
])
/** Bounds the recursion of the parser; no schema in use is nested this deep. */
const DEEPEST = 64
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
 * @throws PulseError `input-invalid` when it is not an Avro schema
 */
export function parseAvroSchema(schema: unknown): AvroType {
  return parse(schema, '', new Map(), 0)
}

function parse(schema: unknown, space: string, named: Named, depth: number): AvroType {
  if (depth > DEEPEST) throw invalid(`it is nested more than ${DEEPEST} levels deep`)
  if (typeof schema === 'string') return reference(schema, space, named)
  if (Array.isArray(schema)) {
    return { kind: 'union', branches: schema.map((one) => parse(one, space, named, depth + 1)) }
  }
  if (typeof schema !== 'object' || schema === null)
    throw invalid('a type is neither text nor object')
  const json = schema as Json
  const { type } = json
  if (typeof type !== 'string') return parse(type, space, named, depth + 1)
  if (SCALARS.has(type)) {
    return { kind: type as AvroScalar['kind'], logical: logicalOf(json, type) }
  }
  if (type === 'array' || type === 'map') {
    const items = json[type === 'array' ? 'items' : 'values']
    return { kind: type, items: parse(items, space, named, depth + 1) }
  }
  if (type === 'record' || type === 'error') return record(json, space, named, depth)
  if (type === 'enum' || type === 'fixed') {
    const made = type === 'enum' ? enumeration(json) : fixed(json)
    define(nameOf(json, space), made, named)
    return made
  }
  return reference(type, space, named)
}

function reference(name: string, space: string, named: Named): AvroType {
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

function define(name: string, type: AvroType, named: Named): void {
  if (named.has(name)) throw invalid('it defines a type twice')
  named.set(name, type)
}

function record(json: Json, space: string, named: Named, depth: number): AvroRecord {
  const name = nameOf(json, space)
  const made: AvroRecord = { kind: 'record', fields: [] }
  // Defined before its fields, which may refer to it.
  define(name, made, named)
  const inner = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : ''
  if (!Array.isArray(json.fields)) throw invalid('a record has no list of fields')
  for (const field of json.fields as unknown[]) {
    if (typeof field !== 'object' || field === null) throw invalid('a field is not an object')
    const { name: fieldName, aliases, type, ...attributes } = field as Json
    if (typeof fieldName !== 'string') throw invalid('a field has no name')
    made.fields.push({
      name: fieldName,
      aliases: Array.isArray(aliases) ? aliases.filter((alias) => typeof alias === 'string') : [],
      type: withAttributes(parse(type, inner, named, depth + 1), type, attributes),
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
  if (!Array.isArray(symbols)) throw invalid('an enum has no symbols')
  return { kind: 'enum', symbols: symbols.map(String) }
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
