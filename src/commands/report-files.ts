// `report --html` and `report --export`: the report as files, from one view of the state.
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { hashState } from '../../state/hash.ts'
import { withView, type StateView } from '../../state/read.ts'
import { withDatabase, type DuckDBConnection } from '../duckdb.ts'
import { messageOf, PulseError } from '../errors.ts'
import { reportPage } from '../serve/report/page.ts'
import { segmentFinder } from '../snapshot/nearest.ts'
import type { Snapshot } from '../snapshot/schema.ts'
import { WIDTH } from '../subscriber/aggregate.ts'
import { snapshotTables, SUBSCRIBERS, subscriberCells } from './export-tables.ts'
import { openTable, writeTable, type Format, type OpenTable } from './export-write.ts'
import { print } from './output.ts'
import { snapshotOf, type FileValues } from './report.ts'
import { VERSION } from './version.ts'

/** Bounds what DuckDB holds; what is more goes to the temporary directory. */
const MEMORY_MIB = 1024
const THREADS = 2

/**
 * Writes the page, the tables or both, and says which files there are now.
 *
 * @throws PulseError `output` when they cannot be written
 */
export async function writeReport(values: FileValues): Promise<void> {
  try {
    const found =
      values.export === ''
        ? { files: [], ...(await read(values, null)) }
        : await exportTables(values)
    const files = [...found.files]
    if (found.page !== null) files.unshift(await savePage(found.page, values.html))
    print(values, { files }, () => files.map((file) => `${file} written`).join('\n'))
  } catch (error) {
    throw outputTrouble(error)
  }
}

interface Read {
  snapshot: Snapshot
  /** Null when it is not wanted. */
  page: string | null
}

/** Everything that is asked of the state, in one view of it; subscribers go into `table`. */
const read = (values: FileValues, table: OpenTable | null): Promise<Read> =>
  withView(values.state, (view, { stamp }) => {
    const snapshot = snapshotOf(view, values)
    if (table !== null) addSubscribers(table, view, snapshot)
    if (values.html === '') return { snapshot, page: null }
    const { seed, mask } = values
    const input = { snapshot, hash: hashState(view), stamp: { ...stamp }, seed, mask }
    return { snapshot, page: reportPage({ ...input, version: VERSION }) }
  })

function addSubscribers(table: OpenTable, view: StateView, { segments }: Snapshot): void {
  const segmentOf = segmentFinder(segments)
  const names = segments.segments.map(({ name }) => name)
  view.scan((rows, count) => {
    for (let offset = 0; offset < count * WIDTH; offset += WIDTH) {
      table.add(subscriberCells(rows, offset, names.at(segmentOf(rows, offset)) ?? null))
    }
  })
}

async function exportTables(values: FileValues): Promise<Read & { files: string[] }> {
  const directory = resolve(values.export)
  await mkdir(directory, { recursive: true })
  const spillDirectory = await mkdtemp(join(tmpdir(), 'xdr-pulse-export-'))
  const limits = { threads: THREADS, memoryMiB: MEMORY_MIB, spillDirectory }
  try {
    return await withDatabase(limits, async (connection) => {
      const subscribers = await openTable(connection, SUBSCRIBERS)
      const found = await read(values, subscribers)
      subscribers.close()
      const formats: Format[] = values.csv ? ['parquet', 'csv'] : ['parquet']
      return { ...found, files: await writeAll(connection, found.snapshot, directory, formats) }
    })
  } finally {
    await rm(spillDirectory, { recursive: true, force: true })
  }
}

async function writeAll(
  connection: DuckDBConnection,
  snapshot: Snapshot,
  directory: string,
  formats: readonly Format[],
): Promise<string[]> {
  const tables = snapshotTables(snapshot)
  for (const shape of tables) {
    const table = await openTable(connection, shape)
    for (const row of shape.rows) table.add(row)
    table.close()
  }
  const files: string[] = []
  for (const format of formats) {
    files.push(await writeTable(connection, SUBSCRIBERS, { directory, format, orderBy: 'msisdn' }))
    for (const shape of tables)
      files.push(await writeTable(connection, shape, { directory, format }))
  }
  return files
}

/** Written beside and moved into place: what was there before is whole until then. */
async function savePage(page: string, file: string): Promise<string> {
  const target = resolve(file)
  const partial = `${target}.${process.pid}.part`
  try {
    await writeFile(partial, page)
    await rename(partial, target)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
  return target
}

/** A full volume or a missing folder, as DuckDB or Node says it; all else as it is. */
function outputTrouble(error: unknown): unknown {
  const isOutput =
    !(error instanceof PulseError) &&
    error instanceof Error &&
    (error.message.startsWith('IO Error') || 'syscall' in error)
  if (!isOutput) return error
  return new PulseError('output', `the report could not be written: ${messageOf(error)}`, error)
}
