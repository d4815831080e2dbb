// The published Avro schema is that of the code, and its fields are the columns of a file.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import avro from 'avsc'
import { AVRO_FILE, avroText } from '../../scripts/schema.ts'
import { compileAvro } from '../../src/record/decode/avro.ts'
import { FILE_COLUMNS, USED_COLUMNS } from '../../src/record/columns.ts'
import { canonicalName } from '../../src/record/column-names.ts'
import { XDR_FIELDS, XDR_SCHEMA } from '../../src/record/xdr-schema.ts'
import { createTextReading } from '../../src/record/decode/text-reading.ts'

test('the file is up to date, else run npm run schema', () => {
  assert.equal(readFileSync(AVRO_FILE, 'utf8'), avroText())
})

test('every field is recognised as its column, in the order of a file', () => {
  assert.deepEqual(
    XDR_SCHEMA.fields.map(({ name }) => canonicalName(name)),
    FILE_COLUMNS.map(({ name }) => name),
  )
})

test('every field is documented and may be missing', () => {
  const text = new Set(FILE_COLUMNS.filter(({ type }) => type === 'text').map(({ name }) => name))
  for (const { name, doc, type, default: missing } of XDR_SCHEMA.fields) {
    assert.ok(doc.length > 10, name)
    assert.equal(type[0], 'null')
    assert.equal(missing, null)
    assert.equal(type.at(-1), 'string')
    const holdsText = text.has(canonicalName(name) ?? '') || name === 'bearer_id'
    assert.equal(type.length === 2, holdsText, name)
  }
})

test('avsc accepts it, and the decoder reads an empty record of it', () => {
  const schema = JSON.parse(avroText()) as avro.Schema
  const type = avro.Type.forSchema(schema, { wrapUnions: true })
  const bytes = type.toBuffer({})
  const columns = USED_COLUMNS.map(() => Float64Array.of(5))
  assert.ok(
    compileAvro(XDR_SCHEMA, { texts: createTextReading('UTC') })(
      bytes,
      0,
      bytes.length,
      columns,
      0,
    ),
  )
  assert.deepEqual(new Set(columns.map(([value]) => value)), new Set([NaN]))
  assert.equal(new Set(XDR_FIELDS.values()).size, FILE_COLUMNS.length)
})
