// Cells of CSV files that a spreadsheet would run are texts; numbers stay numbers.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileLiteral, queryRows, withDatabase } from '../../src/duckdb.ts'
import { openTable, writeTable } from '../../src/export/write.ts'
import type { Cell, TableShape } from '../../src/export/tables.ts'
import { withDirectory } from '../state-directory.ts'

const SHAPE: TableShape = {
  name: 'cells',
  columns: [
    ['text', 'text'],
    ['whole', 'whole'],
    ['number', 'number'],
  ],
}
const ROWS: readonly Cell[][] = [
  ['=1+1', -3, -1.5],
  ['+336', 33_664_962_239, 0],
  ['-2', 0, 1e21],
  ['@SUM(A1)', null, null],
  ['\tx', 1, 1],
  ['\rx', 1, 1],
  ['low "a" = b', 1, 1],
  [null, 1, 1],
]

test('a text that begins a formula begins with an apostrophe in CSV, and is as it was in Parquet', () =>
  withDirectory((directory) =>
    withDatabase({ threads: 1, memoryMiB: 128 }, async (connection) => {
      const table = await openTable(connection, SHAPE)
      for (const row of ROWS) table.add(row)
      table.close()
      const csv = await writeTable(connection, SHAPE, directory, 'csv')
      assert.equal(
        readFileSync(csv, 'utf8'),
        [
          'text,whole,number',
          "'=1+1,-3,-1.5",
          "'+336,33664962239,0.0",
          "'-2,0,1e+21",
          "'@SUM(A1),,",
          "'\tx,1,1.0",
          '"\'\rx",1,1.0',
          '"low ""a"" = b",1,1.0',
          ',1,1.0',
          '',
        ].join('\n'),
      )
      const parquet = fileLiteral(await writeTable(connection, SHAPE, directory, 'parquet'))
      const found = await queryRows(connection, `SELECT text FROM ${parquet}`)
      assert.deepEqual(
        found.map(({ text }) => text),
        ROWS.map(([text]) => text),
      )
    }),
  ))
