// `rejected`: lists rejected rows with reason and raw values, or reprocesses them.
import { createFormat } from '../../consumers/kafka/log/message-format.ts'
import type { RawMessage } from '../../consumers/kafka/log/message-rows.ts'
import { reprocessRejected, type ReprocessResult } from '../../consumers/kafka/reprocess.ts'
import { createRegistry } from '../kafka/schema-registry.ts'
import { openStateToRead, readRejected, withView } from '../../state/read.ts'
import { printNote } from '../plain-text.ts'
import { USED_COLUMNS } from '../record/columns.ts'
import type { SourceColumns } from '../record/source-units.ts'
import { registryOf, schemaOf } from '../process/kafka-connection.ts'
import type { REJECTED_OPTIONS, ValuesOf } from '../options.ts'
import { print, tableText } from '../terminal/table.ts'

type RejectedValues = ValuesOf<typeof REJECTED_OPTIONS>

/** Lists the rejected rows that were kept, or with `--reprocess` validates them again. */
export async function rejected(values: RejectedValues): Promise<void> {
  if (values.reprocess) await reprocess(values)
  else await list(values)
}

/** Prints source, row, reason, detail, and the raw values of the used columns, or the raw message. */
async function list(values: RejectedValues): Promise<void> {
  await withView(values.state, (view, state) => {
    const names = new Map(view.positions.map(({ source, position }) => [source, position.name]))
    const reason = values.reason === 'all' ? null : values.reason
    const rows = readRejected(state, values.limit, reason).map(
      ({ source, row, reason, detail, raw }) => ({
        source,
        name: names.get(source) ?? source,
        row,
        reason,
        ...(detail === undefined ? {} : { detail }),
        raw: rawRow(raw),
      }),
    )
    const { rejected: counts, rejectedKept } = view.counters
    print(values, { counts, kept: rejectedKept, rows }, () => {
      const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
      const lines = rows.map(({ name, row, reason, detail = '', raw }) => [
        name,
        row,
        reason,
        detail,
        Object.entries(raw)
          .map(([column, value]) => `${column}=${textOf(value)}`)
          .join(' '),
      ])
      const heading = ['source', 'row', 'reason', 'detail', 'values']
      return `${tableText([heading, ...lines])}\n${rows.length} of ${rejectedKept} kept rows shown, ${total} rejected in total`
    })
  })
}

type RawValues = Record<string, string | number | RawMessage['headers'] | null>

const textOf = (value: RawValues[string]): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? 'NULL')

/** The used columns by name, as the file has them; key, value, headers and time of a message. */
function rawRow(raw: string): RawValues {
  const values = JSON.parse(raw) as (string | null)[] | RawValues
  if (!Array.isArray(values)) return values
  return Object.fromEntries(USED_COLUMNS.map((column, at) => [column, values[at] ?? null]))
}

async function reprocess(values: RejectedValues): Promise<void> {
  const opened = openStateToRead(values.state)
  await opened.close()
  const { partitions, timeZone, missingMsisdn } = opened.stamp
  const state = { partitions, timeZone, missingMsisdn }
  const address = registryOf(values)
  const registry = address === null ? null : createRegistry(address, printNote)
  const { format: name, reason, keepRejected } = values
  const schema = schemaOf(values)
  const formatOf = (source: SourceColumns) =>
    createFormat({ format: name, registry, schema, timeZone, source, onSchema: printNote })
  const wanted = reason === 'all' ? null : reason
  try {
    const stateDirectory = values.state
    const options = { stateDirectory, state, formatOf, reason: wanted, keepRejected }
    const reconciliation = await reprocessRejected(options)
    print(values, reconciliation, () => reprocessText(reconciliation))
  } finally {
    registry?.close()
  }
}

function reprocessText({
  tried,
  applied,
  excluded,
  otherTypes,
  rejected: again,
  ofFiles,
}: ReprocessResult): string {
  const table = tableText([
    ['reprocess', 'rows'],
    ['validated again', tried],
    ['applied now', applied],
    ['excluded', excluded],
    ...(otherTypes === 0 ? [] : [['other record types', otherTypes] as [string, number]]),
    ...Object.entries(again)
      .filter(([, count]) => count > 0)
      .map(([reason, count]): [string, number] => [`rejected: ${reason}`, count]),
  ])
  if (ofFiles === 0) return table
  return `${table}\n${ofFiles} rows are of files: correct those files and replay them.`
}
