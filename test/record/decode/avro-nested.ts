// Random Avro schemas with columns in records within each other, and the map that finds them.
import type { GeneratorValue } from 'fast-check'
import fc from 'fast-check'
import { USED_COLUMNS } from '../../../src/record/columns.ts'
import type { MappedColumns } from '../../../src/record/mapped-columns.ts'
import { isNeeded } from '../../../src/record/readable.ts'
import { drawSample, type Json, type Sample } from './avro-random.ts'

/** A sample with records in it. */
export interface NestedSample extends Sample {
  mapped: MappedColumns
  /** The path to a null in place of needed columns; null for none. */
  nullPath: string | null
}

interface Field {
  name: string
  type: Json
}

/** Moves some fields of a sample into a record `envelope`, and some of these into one within it. */
export function drawNested(g: GeneratorValue): NestedSample {
  const flat = drawSample(g)
  const fields = flat.schema.fields as Field[]
  const mapped: Record<string, string[]> = {}
  const expected = [...flat.expected]
  const move = (from: Field[], path: string[], values: Record<string, Json>): Moved => {
    const moved = from.filter(() => g(fc.nat, 2) > 0)
    const kept = from.filter((field) => !moved.includes(field))
    const renamed = moved.map(({ name, type }) => ({ name: `in_${name}`, type, was: name }))
    for (const { name, was } of renamed) {
      const column = [...flat.names].find(([, one]) => one === was || `in_${one}` === was)?.[0]
      if (column !== undefined) mapped[column] = [...path, name]
    }
    const inner = Object.fromEntries(renamed.map(({ name, was }) => [name, values[was]]))
    return { kept, moved: renamed.map(({ name, type }) => ({ name, type })), inner }
  }
  const outer = move(fields, ['envelope'], flat.value)
  const deep = move(outer.moved, ['envelope', 'data'], outer.inner)
  // Columns under null are missing.
  const nulls: string[] = []
  const wrap = (
    name: string,
    inside: Moved['moved'],
    path: string[],
    value: Json,
  ): [Field, Json] => {
    const record = { type: 'record', name, fields: inside }
    const kind = g(fc.nat, 3)
    if (kind === 0) return [{ name: path[path.length - 1], type: record }, value]
    const type = kind === 1 ? [record, 'null'] : ['null', record]
    const isNull = g(fc.nat, 3) === 0
    if (isNull) nulls.push(path.join('.'))
    return [{ name: path[path.length - 1], type }, isNull ? null : { [name]: value }]
  }
  const [data, dataValue] = wrap('Data', deep.moved, ['envelope', 'data'], deep.inner)
  const inEnvelope = [...deep.kept, data]
  const values = { ...outer.inner, data: dataValue }
  const [envelope, value] = wrap('Envelope', inEnvelope, ['envelope'], values)
  const isNull = (path: readonly string[]): boolean =>
    nulls.some((one) => path.join('.').startsWith(`${one}.`))
  let nullPath: string | null = null
  for (const [column, path] of Object.entries(mapped)) {
    if (!isNull(path)) continue
    expected[USED_COLUMNS.indexOf(column)] = NaN
    if (isNeeded(column)) {
      const above = nulls.includes('envelope') ? 'envelope' : 'envelope.data'
      nullPath = above
    }
  }
  const kept = Object.fromEntries(outer.kept.map(({ name }) => [name, flat.value[name]]))
  const order = g(fc.shuffledSubarray, [...outer.kept, envelope], {
    minLength: outer.kept.length + 1,
  })
  const schema = { type: 'record', name: 'Session', fields: order } as const
  return { ...flat, schema, value: { ...kept, envelope: value }, expected, mapped, nullPath }
}

interface Moved {
  kept: Field[]
  moved: Field[]
  /** The values of `moved`. */
  inner: Record<string, Json>
}
