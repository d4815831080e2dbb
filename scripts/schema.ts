// Writes schema/ from the code: JSON schema of a report, Avro schemas, OpenAPI (npm run schema).
import { writeFileSync } from 'node:fs'
import { ENGAGEMENT_SCHEMA } from '../consumers/changelog/engagement.ts'
import { XDR_SCHEMA } from '../src/record/xdr-schema.ts'
import { openapiText } from '../src/serve/api/openapi.ts'
import { ROUTES } from '../src/serve/api/routes.ts'
import { z } from '../src/schema.ts'
import { snapshotSchema } from '../src/snapshot/schema.ts'

/** The JSON schema of a report. */
export const SCHEMA_FILE = new URL('../schema/report.schema.json', import.meta.url)
/** The OpenAPI document. */
export const OPENAPI_FILE = new URL('../schema/openapi.json', import.meta.url)
/** The Avro schema of messages. */
export const AVRO_FILE = new URL('../schema/xdr.avsc', import.meta.url)
/** The Avro schema of aggregates in a changelog. */
export const ENGAGEMENT_FILE = new URL('../schema/engagement.avsc', import.meta.url)

/** The text of the report's schema. */
export function schemaText(): string {
  const { $schema, ...schema } = z.toJSONSchema(snapshotSchema)
  const title = 'Report of xdr-pulse'
  const description = 'A snapshot, as `xdr-pulse report --json` and /api/v1/snapshot return it'
  return `${JSON.stringify({ $schema, title, description, ...schema }, null, 2)}\n`
}

/** The text of the Avro schema of messages. */
export const avroText = (): string => `${JSON.stringify(XDR_SCHEMA, null, 2)}\n`

/** The text of the Avro schema of aggregates. */
export const engagementText = (): string => `${JSON.stringify(ENGAGEMENT_SCHEMA, null, 2)}\n`

if (import.meta.main) {
  writeFileSync(SCHEMA_FILE, schemaText())
  writeFileSync(AVRO_FILE, avroText())
  writeFileSync(ENGAGEMENT_FILE, engagementText())
  writeFileSync(OPENAPI_FILE, openapiText(ROUTES))
}
