// Writes schema/report.schema.json, the JSON schema of a report, from the code: npm run schema
import { writeFileSync } from 'node:fs'
import { z } from '../src/schema.ts'
import { snapshotSchema } from '../src/snapshot/schema.ts'

export const SCHEMA_FILE = new URL('../schema/report.schema.json', import.meta.url)

/** The text of the schema as it stands in the file. */
export function schemaText(): string {
  const { $schema, ...schema } = z.toJSONSchema(snapshotSchema)
  const title = 'Report of xdr-pulse'
  const description = 'What `xdr-pulse report --json` and /api/v1/snapshot say'
  return `${JSON.stringify({ $schema, title, description, ...schema }, null, 2)}\n`
}

if (import.meta.main) writeFileSync(SCHEMA_FILE, schemaText())
