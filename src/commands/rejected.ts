// `refused`: the rows that were refused, with reason and raw values; and their retry after a mend.
import { createFormat } from '../../consumers/kafka/log/message-format.ts'
import { retryRefused, type RetryAccount } from '../../consumers/kafka/reprocess.ts'
import { createRegistry } from '../kafka/schema-registry.ts'
import { openStateToRead, readRefused, withView } from '../../state/read.ts'
import { USED_COLUMNS } from '../record/columns.ts'
import { registryOf, schemaOf } from '../process/kafka-connection.ts'
import type { REFUSED_OPTIONS, ValuesOf } from '../options.ts'
import { print, tableText } from '../terminal/table.ts'

type RefusedValues = ValuesOf<typeof REFUSED_OPTIONS>

/** Refused rows that were kept, or what becomes of them when they are tried again. */
export async function refused(values: RefusedValues): Promise<void> {
  if (values.retry) await retry(values)
  else await list(values)
}

/** Reason, position, and the raw values of the used columns, or the raw message. */
async function list(values: RefusedValues): Promise<void> {
  await withView(values.state, (view, state) => {
    const names = new Map(view.positions.map(({ source, position }) => [source, position.name]))
    const rows = readRefused(state, values.limit).map(({ source, row, reason, raw }) => ({
      source,
      name: names.get(source) ?? source,
      row,
      reason,
      raw: rawRow(raw),
    }))
    const { refused: counts, refusedKept } = view.counters
    print(values, { counts, kept: refusedKept, rows }, () => {
      const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
      const lines = rows.map(({ name, row, reason, raw }) => [
        name,
        row,
        reason,
        Object.entries(raw)
          .map(([column, value]) => `${column}=${value ?? 'NULL'}`)
          .join(' '),
      ])
      const heading = ['source', 'row', 'reason', 'values']
      return `${tableText([heading, ...lines])}\n${rows.length} of ${refusedKept} kept rows shown, ${total} refused in all`
    })
  })
}

/** The used columns by name, as the file spells them; of a message its key, value and timestamp. */
function rawRow(raw: string): Record<string, string | number | null> {
  const values = JSON.parse(raw) as (string | null)[] | Record<string, string | number | null>
  if (!Array.isArray(values)) return values
  return Object.fromEntries(USED_COLUMNS.map((column, at) => [column, values[at] ?? null]))
}

async function retry(values: RefusedValues): Promise<void> {
  const opened = openStateToRead(values.state)
  await opened.close()
  const { partitions, durationUnit, timeZone, missingMsisdn } = opened.stamp
  const state = { partitions, durationUnit, timeZone, missingMsisdn }
  const address = registryOf(values)
  const warn = (text: string): void => void process.stderr.write(`${text}\n`)
  const registry = address === null ? null : createRegistry(address, warn)
  const { format: name, reason, keepRefused } = values
  const format = createFormat({ format: name, registry, schema: schemaOf(values), timeZone })
  const wanted = reason === 'all' ? null : reason
  try {
    const stateDirectory = values.state
    const options = { stateDirectory, state, format, reason: wanted, keepRefused }
    const account = await retryRefused(options)
    print(values, account, () => retryText(account))
  } finally {
    registry?.close()
  }
}

function retryText({ tried, applied, duplicate, refused: again, ofFiles }: RetryAccount): string {
  const table = tableText([
    ['retry', 'rows'],
    ['tried again', tried],
    ['applied now', applied],
    ['duplicate', duplicate],
    ...Object.entries(again)
      .filter(([, count]) => count > 0)
      .map(([reason, count]): [string, number] => [`refused: ${reason}`, count]),
  ])
  if (ofFiles === 0) return table
  return `${table}\n${ofFiles} rows are of files: mend those files and replay them.`
}
