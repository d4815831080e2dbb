// Writes tables as Parquet and CSV files through DuckDB, each completely or not at all.
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { identifier, literal, type DuckDBConnection } from '../duckdb.ts'
import type { Cell, Kind, TableShape } from './tables.ts'

/** Types of rows before they are written: a double holds every whole number up to 2^53. */
const KEPT_AS: Readonly<Record<Kind, string>> = {
  whole: 'DOUBLE',
  number: 'DOUBLE',
  text: 'VARCHAR',
  time: 'DOUBLE',
}

/**
 * A text that a spreadsheet would take for a formula, after an apostrophe. Numbers have columns of
 * their own, so negative ones stay as they are.
 */
const unlikeFormula = (column: string): string =>
  `CASE WHEN regexp_matches(${column}, '^[=+\\-@\\t\\r]') THEN '''' || ${column} ELSE ${column} END`

/** The SQL that writes a column; a time is written as an instant, not as local time. */
function shown(name: string, kind: Kind, format: Format): string {
  const column = identifier(name)
  if (kind === 'whole') return `${column}::BIGINT AS ${column}`
  if (kind === 'text' && format === 'csv') return `${unlikeFormula(column)} AS ${column}`
  if (kind !== 'time') return column
  const moment =
    format === 'parquet'
      ? `make_timestamptz(${column}::BIGINT * 1000)`
      : `strftime(epoch_ms(${column}::BIGINT), '%Y-%m-%dT%H:%M:%S.%gZ')`
  return `${moment} AS ${column}`
}

/** A table to which rows are added. */
export interface OpenTable {
  add(cells: readonly Cell[]): void
  close(): void
}

/** Creates a table. Rows are added synchronously, while a view of the state is open. */
export async function openTable(
  connection: DuckDBConnection,
  { name, columns }: TableShape,
): Promise<OpenTable> {
  const declared = columns.map(([column, kind]) => `${identifier(column)} ${KEPT_AS[kind]}`)
  await connection.run(`CREATE TABLE ${identifier(name)} (${declared.join(', ')})`)
  const appender = await connection.createAppender(name)
  return {
    add(cells) {
      for (const cell of cells) {
        if (cell === null) appender.appendNull()
        else if (typeof cell === 'string') appender.appendVarchar(cell)
        else appender.appendDouble(cell)
      }
      appender.endRow()
    },
    close: () => appender.closeSync(),
  }
}

/** The format of a file. */
export type Format = 'parquet' | 'csv'

const OPTIONS: Readonly<Record<Format, string>> = {
  parquet: 'FORMAT parquet, COMPRESSION zstd',
  csv: 'FORMAT csv, HEADER',
}

/** Writes a table as a file; returns its path. */
export async function writeTable(
  connection: DuckDBConnection,
  { name, columns, orderBy }: TableShape,
  directory: string,
  format: Format,
): Promise<string> {
  const path = join(directory, `${name}.${format}`)
  const partial = `${path}.${process.pid}.part`
  const select = columns.map(([column, kind]) => shown(column, kind, format)).join(', ')
  const order = orderBy === undefined ? '' : ` ORDER BY ${identifier(orderBy)}`
  try {
    await connection.run(
      `COPY (SELECT ${select} FROM ${identifier(name)}${order}) TO ${literal(partial)} (${OPTIONS[format]})`,
    )
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
  return path
}
