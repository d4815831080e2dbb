// `report --html` and `report --export`: writes the report as files, from one view of the state.
import { rename, rm, writeFile } from 'node:fs/promises'
import { hashState } from '../../state/hash.ts'
import { withView, type StateView } from '../../state/read.ts'
import { withDatabase, type DuckDBConnection } from '../duckdb.ts'
import { errnoSubject } from '../errno.ts'
import { outputError, PulseError } from '../errors.ts'
import { checkOutputDirectory, checkOutputFile, partialOf } from '../output-path.ts'
import { reportPage } from '../report/page.ts'
import { segmentFinder, type ForEachRows } from '../snapshot/lookup.ts'
import { mergedRows } from '../snapshot/merge.ts'
import type { Snapshot } from '../snapshot/schema.ts'
import { WIDTH } from '../subscriber/aggregate.ts'
import {
  absentPlaces,
  clear,
  snapshotTables,
  SUBSCRIBERS,
  subscriberCells,
  type TableShape,
} from '../export/tables.ts'
import { openTable, writeTable, type Format, type OpenTable } from '../export/write.ts'
import { print } from '../terminal/table.ts'
import { shownView, withProgress, type ProgressDisplay } from '../terminal/progress.ts'
import type { REPORT_OPTIONS, ValuesOf } from '../options.ts'
import { snapshotOf } from './state-snapshot.ts'
import { VERSION } from '../version.ts'

/** Options of `report`. */
export type ReportValues = ValuesOf<typeof REPORT_OPTIONS>

/** DuckDB's memory limit; it spills anything larger to the temporary directory. */
const MEMORY_MIB = 1024
const THREADS = 2

/**
 * Writes the page, the tables or both, and prints the paths of the files.
 *
 * @throws PulseError `output` when a file cannot be written
 */
export async function writeReport(values: ReportValues): Promise<void> {
  // A path that cannot be written is refused before the state is read.
  const page = values.html === '' ? null : checkOutputFile('--html', values.html)
  const directory = values.export === '' ? null : checkOutputDirectory('--export', values.export)
  try {
    const found = await withProgress('report', async (display) =>
      directory === null
        ? { files: [], ...(await read(values, null, display)) }
        : exportTables(values, directory, display),
    )
    const files = [...found.files]
    if (found.page !== null && page !== null) files.unshift(await savePage(found.page, page))
    print(values, { files }, () => files.map((file) => `${file} written`).join('\n'))
  } catch (error) {
    throw outputTrouble(error)
  }
}

interface Read {
  snapshot: Snapshot
  /** The page as HTML; null if it was not requested. */
  page: string | null
}

/** Reads everything that is needed in one view of the state; subscribers are added to `table`. */
const read = (
  values: ReportValues,
  table: OpenTable | null,
  display: ProgressDisplay,
): Promise<Read> =>
  withView(values.state, (view, { stamp }) => {
    const snapshot = snapshotOf(view, values, display)
    if (table !== null) {
      const shown = shownView(view, display, 'reading for the tables', 'filling the tables')
      addSubscribers(table, shown, snapshot)
    }
    if (values.html === '') return { snapshot, page: null }
    const { seed, mask } = values
    const hash = hashState(shownView(view, display, 'reading for the hash', 'hashing'))
    const { format, partitions, timeZone, missingMsisdn } = stamp
    const fixed = { format, partitions, timeZone, missingMsisdn }
    const input = { snapshot, hash, stamp: fixed, seed, mask }
    return { snapshot, page: reportPage({ ...input, version: VERSION }) }
  })

function addSubscribers(table: OpenTable, view: StateView, snapshot: Snapshot): void {
  const { segments } = snapshot
  const absent = absentPlaces(snapshot, SUBSCRIBERS)
  const segmentOf = segmentFinder(segments)
  const names = segments.segments.map(({ name }) => name)
  const scan: ForEachRows = (visit) => view.scan(visit)
  const each = snapshot.splitSubscribers === 0 ? scan : mergedRows(scan)
  each((rows, count) => {
    for (let offset = 0; offset < count * WIDTH; offset += WIDTH) {
      const segment = names.at(segmentOf(rows, offset)) ?? null
      table.add(clear(subscriberCells(rows, offset, segment), absent))
    }
  })
}

async function exportTables(
  values: ReportValues,
  directory: string,
  display: ProgressDisplay,
): Promise<Read & { files: string[] }> {
  const limits = { threads: THREADS, memoryMiB: MEMORY_MIB, spills: true }
  return withDatabase(limits, async (connection) => {
    const subscribers = await openTable(connection, SUBSCRIBERS)
    const found = await read(values, subscribers, display)
    subscribers.close()
    const formats: Format[] = values.csv ? ['parquet', 'csv'] : ['parquet']
    const tables = await fillTables(connection, found.snapshot)
    const wanted = formats.flatMap((format) => tables.map((table) => ({ table, format })))
    return { ...found, files: await writeAll(connection, wanted, directory, display) }
  })
}

/** Fills all tables except that of subscribers, which is filled already; returns them all. */
async function fillTables(connection: DuckDBConnection, snapshot: Snapshot): Promise<TableShape[]> {
  const tables = snapshotTables(snapshot)
  for (const shape of tables) {
    const table = await openTable(connection, shape)
    for (const row of shape.rows) table.add(row)
    table.close()
  }
  return [SUBSCRIBERS, ...tables]
}

async function writeAll(
  connection: DuckDBConnection,
  wanted: readonly { table: TableShape; format: Format }[],
  directory: string,
  display: ProgressDisplay,
): Promise<string[]> {
  const files: string[] = []
  for (const { table, format } of wanted) {
    display.update(files.length, wanted.length, `writing ${table.name}.${format}`, 'files')
    files.push(await writeTable(connection, table, directory, format))
  }
  return files
}

/** Writes a partial file and renames it, so that a previous file stays complete until then. */
async function savePage(page: string, target: string): Promise<string> {
  const partial = partialOf(target)
  try {
    await writeFile(partial, page)
    await rename(partial, target)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
  return target
}

/** Turns write errors of DuckDB and Node into `output` errors; returns other errors unchanged. */
function outputTrouble(error: unknown): unknown {
  const isOutput =
    !(error instanceof PulseError) &&
    error instanceof Error &&
    (error.message.startsWith('IO Error') || 'syscall' in error)
  if (!isOutput) return error
  return outputError(errnoSubject(error, 'the report'), error)
}
