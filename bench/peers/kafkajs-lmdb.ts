// A plain consumer with kafkajs, avsc and LMDB, as their examples show: it reads a topic to its end and
// prints the sums. Arguments: name=value of brokers, topic, group, state, ends, factor, look, write,
// session.
//
// `write=record` writes after each record, `write=batch` in one transaction per batch of kafkajs.
import { readFileSync } from 'node:fs'
import avro from 'avsc'
import { Kafka, logLevel, type EachBatchPayload } from 'kafkajs'
import { open } from 'lmdb'

const SCHEMA = new URL('../../schema/xdr.avsc', import.meta.url)
const MANIFEST = new URL('../../node_modules/kafkajs/package.json', import.meta.url)
const APPLICATIONS = 'social_media google email youtube netflix gaming other'.split(' ')
const AMOUNTS = [
  ...['dur_ms', 'total_dl_bytes', 'total_ul_bytes'],
  ...APPLICATIONS.flatMap((name) => [`${name}_dl_bytes`, `${name}_ul_bytes`]),
]
/** Records, sessions, the amounts, first start, last end. */
const WIDTH = 4 + AMOUNTS.length
const [FIRST_START, LAST_END] = [WIDTH - 2, WIDTH - 1]
const [EARLIEST_MS, LATEST_MS] = [Date.UTC(2000), Date.UTC(2100)]
const MOST = 2 ** 53

type Value = number | string | null

const given = process.argv.slice(2).map((one) => one.split('=', 2) as [string, string])
const options: Record<string, string> = Object.fromEntries(given)
const { brokers, topic, group, state, write } = options
const ends = options['ends'].split(',').map(Number)
const factor = Number(options['factor'])
const type = avro.Type.forSchema(JSON.parse(readFileSync(SCHEMA, 'utf8')) as avro.Schema)
const db = open<number[], number>({ path: state })

/** Unions of several kinds of numbers are objects in avsc. */
const plain = (value: unknown): Value =>
  typeof value === 'object' && value !== null
    ? (Object.values(value)[0] as Value)
    : (value as Value)

/** NaN: missing. */
function numberOf(value: Value): number {
  if (value === null) return NaN
  return typeof value === 'string' && value.trim() === '' ? NaN : Number(value)
}

/** Milliseconds since 1970; 0: unknown. */
function timeOf(value: Value, part: number): number {
  const spelt = typeof value === 'string' ? /^(\d+)\/(\d+)\/(\d+) (\d+):(\d+)$/.exec(value) : null
  const [month, day, year, hour, minute] = (spelt ?? []).slice(1).map(Number)
  const ms = spelt === null ? Number(value ?? NaN) : Date.UTC(year, month - 1, day, hour, minute)
  if (!(ms >= EARLIEST_MS && ms < LATEST_MS)) return 0
  return ms % 1000 === 0 && part > 0 && part < 1000 ? ms + Math.floor(part) : ms
}

/** Adds a message to the sums of its subscriber; a faulty one is dropped. */
function add(body: Buffer, put: (msisdn: number, row: number[]) => unknown): void {
  const message = type.fromBuffer(body) as Record<string, unknown>
  const read = (name: string): Value => plain(message[name])
  const msisdn = numberOf(read('msisdn_number'))
  if (!(msisdn > 0 && msisdn < 1e15 && Number.isInteger(msisdn))) return
  const amounts = AMOUNTS.map((name) => numberOf(read(name)))
  amounts[0] *= factor
  if (amounts.some((amount) => amount < 0 || amount >= MOST)) return
  const row = db.get(msisdn) ?? new Array<number>(WIDTH).fill(0)
  row[0]++
  if (read('bearer_id') !== null) row[1]++
  for (const [at, amount] of amounts.entries()) {
    row[2 + at] += Number.isNaN(amount) ? 0 : Math.floor(amount + 0.5)
  }
  const start = timeOf(read('start'), numberOf(read('start_ms_part')))
  if (start > 0 && (row[FIRST_START] === 0 || start < row[FIRST_START])) row[FIRST_START] = start
  const end = timeOf(read('end'), numberOf(read('end_ms_part')))
  row[LAST_END] = Math.max(row[LAST_END], end)
  put(msisdn, row)
}

async function eachBatch(payload: EachBatchPayload): Promise<void> {
  const { batch } = payload
  const apply = (): void => {
    for (const { offset, value } of batch.messages) {
      if (value !== null) add(value, (msisdn, row) => db.putSync(msisdn, row))
      payload.resolveOffset(offset)
    }
  }
  if (write === 'batch') await db.transaction(apply)
  else apply()
  await payload.heartbeat()
}

/** Reads until the offsets of all partitions are at their ends; kafkajs commits them. */
async function consume(): Promise<void> {
  const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.ERROR })
  const admin = kafka.admin()
  await admin.connect()
  const [known] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
  await admin.disconnect()
  const next = ends.map((_, at) =>
    Number(known.partitions.find(({ partition }) => partition === at)?.offset ?? 0),
  )
  const isDone = (): boolean => next.every((offset, at) => offset >= ends[at])
  if (isDone()) return
  const consumer = kafka.consumer({ groupId: group, sessionTimeout: Number(options['session']) })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
    const run = consumer.run({
      async eachBatch(payload) {
        await eachBatch(payload)
        next[payload.batch.partition] = Number(payload.batch.lastOffset()) + 1
        if (isDone()) resolve()
      },
    })
    run.catch(reject)
  })
  await consumer.disconnect()
}

function answer(): string {
  const wanted = new Set(options['look'].split(',').map(Number))
  const rows: Record<string, number[]> = {}
  const totals = new Array<number>(WIDTH).fill(0)
  let subscribers = 0
  let first = Infinity
  for (const { key, value } of db.getRange()) {
    subscribers++
    for (let field = 0; field < FIRST_START; field++) totals[field] += value[field]
    first = Math.min(first, value[FIRST_START] || Infinity)
    totals[LAST_END] = Math.max(totals[LAST_END], value[LAST_END])
    if (wanted.has(key)) rows[key] = value
  }
  totals[FIRST_START] = first === Infinity ? 0 : first
  const { version } = JSON.parse(readFileSync(MANIFEST, 'utf8')) as { version: string }
  return JSON.stringify({ version, subscribers, totals, rows })
}

await consume()
const text = answer()
await db.close()
process.stdout.write(text, () => process.exit())
