// The one door to avsc: reads a schema and says how the unions of its fields are written.
import avro from 'avsc'
import { assert } from '../errors.ts'

/** First byte of each branch of a field's union (its place, zigzag), -1 for one that it lacks. */
export interface Branches {
  none: number
  long: number
  double: number
  string: number
}

/** What avsc says of a record, as far as it matters. */
interface RecordOfUnions {
  fields: readonly { type: { types: readonly { typeName: string }[] } }[]
}

/** The branches of a record's fields, in its order. Throws where the schema is none. */
export function branchesOf(schema: object): Branches[] {
  // A union of long and double needs to be told apart by name.
  const type = avro.Type.forSchema(schema as avro.Schema, { wrapUnions: true })
  assert(avro.Type.isType(type, 'record'), 'the schema is one of a record')
  const { fields } = type as unknown as RecordOfUnions
  return fields.map((field) => {
    assert(avro.Type.isType(field.type, 'union'), 'every field is a union')
    const names = field.type.types.map(({ typeName }) => typeName.replace('logical:', ''))
    const of = (name: string): number => (names.includes(name) ? 2 * names.indexOf(name) : -1)
    return { none: of('null'), long: of('long'), double: of('double'), string: of('string') }
  })
}
