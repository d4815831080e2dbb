// The content of the stand-in registry: schemas by id, versions by subject, errors as Confluent's.
import avro from 'avsc'

/** A response: HTTP status and body. */
export interface Answer {
  status: number
  body: unknown
}

/** A schema as it is posted. */
export interface Posted {
  schema: string
  /** AVRO by default; JSON and PROTOBUF are stored unchecked. */
  schemaType?: string
}

/** The registered schemas, and the responses of the registry about them. */
export interface Catalogue {
  register: (subject: string, posted: Posted) => Answer
  lookUp: (subject: string, posted: Posted) => Answer
  byId: (id: number) => Answer
  byGuid: (guid: string) => Answer
  versionsOfId: (id: number) => Answer
  subjects: () => Answer
  versions: (subject: string) => Answer
  version: (subject: string, version: string) => Answer
}

interface Registered extends Posted {
  id: number
}

const ok = (body: unknown): Answer => ({ status: 200, body })

/** An error of Confluent's registry: its code begins with the HTTP status. */
export const refusal = (code: number, message: string): Answer => ({
  status: Number(String(code).slice(0, 3)),
  body: { error_code: code, message },
})

const noSubject = (subject: string): Answer => refusal(40401, `Subject '${subject}' not found.`)
const noSchema = (id: number): Answer => refusal(40403, `Schema ${id} not found`)

/** An empty catalogue whose first schema gets a given id. It does not check compatibility. */
export function createCatalogue(firstId: number): Catalogue {
  const schemas: Registered[] = []
  const subjects = new Map<string, Registered[]>()
  const find = (posted: Posted): Registered | undefined => {
    const text = textOf(posted)
    return schemas.find((known) => textOf(known) === text)
  }
  const describe = (subject: string, at: number): unknown => {
    const { id, schema, schemaType } = subjects.get(subject)![at]
    return { subject, version: at + 1, id, guid: guidOf(id), ...typeOf(schemaType), schema }
  }

  const register = (subject: string, posted: Posted): Answer => {
    const wrong = whatIsWrong(posted)
    if (wrong !== null) return refusal(42201, wrong)
    const known = find(posted) ?? { ...posted, id: firstId + schemas.length }
    if (!schemas.includes(known)) schemas.push(known)
    const versions = subjects.get(subject) ?? []
    if (!versions.includes(known)) subjects.set(subject, [...versions, known])
    return ok({ id: known.id, guid: guidOf(known.id) })
  }
  const lookUp = (subject: string, posted: Posted): Answer => {
    const versions = subjects.get(subject)
    if (versions === undefined) return noSubject(subject)
    const known = find(posted)
    const at = known === undefined ? -1 : versions.indexOf(known)
    return at < 0 ? refusal(40403, 'Schema not found') : ok(describe(subject, at))
  }
  const byId = (id: number): Answer => {
    const known = schemas.find((schema) => schema.id === id)
    if (known === undefined) return noSchema(id)
    return ok({ ...typeOf(known.schemaType), schema: known.schema })
  }
  const byGuid = (guid: string): Answer => {
    const known = schemas.find(({ id }) => guidOf(id) === guid)
    return known === undefined ? refusal(40403, `Schema ${guid} not found`) : byId(known.id)
  }
  const versionsOfId = (id: number): Answer => {
    if (byId(id).status !== 200) return noSchema(id)
    const uses = [...subjects].map(([subject, versions]) => ({
      subject,
      version: versions.findIndex((known) => known.id === id) + 1,
    }))
    return ok(uses.filter(({ version }) => version > 0))
  }
  const versions = (subject: string): Answer => {
    const known = subjects.get(subject)
    return known === undefined ? noSubject(subject) : ok(known.map((_, at) => at + 1))
  }
  const version = (subject: string, wanted: string): Answer => {
    const known = subjects.get(subject)
    if (known === undefined) return noSubject(subject)
    if (wanted !== 'latest' && !/^[1-9]\d*$/.test(wanted)) {
      return refusal(42202, `The specified version '${wanted}' is not a valid version id.`)
    }
    const at = wanted === 'latest' ? known.length - 1 : Number(wanted) - 1
    return at < known.length
      ? ok(describe(subject, at))
      : refusal(40402, `Version ${wanted} not found.`)
  }
  const names = (): Answer => ok([...subjects.keys()].sort())
  return { register, lookUp, byId, byGuid, versionsOfId, subjects: names, versions, version }
}

/** The GUID of a schema, whatever its content. */
const guidOf = (id: number): string =>
  `0a1b2c3d-4e5f-4071-8293-${id.toString(16).padStart(12, '0')}`

/** The type, which is omitted for AVRO. */
const typeOf = (schemaType = 'AVRO'): { schemaType?: string } =>
  schemaType === 'AVRO' ? {} : { schemaType }

/** A normalised schema: white space makes no difference. */
function textOf({ schema, schemaType = 'AVRO' }: Posted): string {
  try {
    return `${schemaType} ${JSON.stringify(JSON.parse(schema))}`
  } catch {
    return `${schemaType} ${schema}`
  }
}

function whatIsWrong({ schema, schemaType = 'AVRO' }: Posted): string | null {
  if (typeof schema !== 'string' || schema === '') return 'Empty schema'
  if (schemaType === 'PROTOBUF') return null
  try {
    const parsed = JSON.parse(schema) as avro.Schema
    if (schemaType === 'AVRO') avro.Type.forSchema(parsed)
    return null
  } catch (error) {
    return `Invalid schema ${schema}, details: ${(error as Error).message}`
  }
}
