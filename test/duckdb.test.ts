// An embedded database loads no code or secret of the machine, and reads local files only.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { fileLiteral, literal, queryRows, withDatabase } from '../src/duckdb.ts'
import { withDirectory } from './state-directory.ts'

const LIMITS = { threads: 1, memoryMiB: 128 }

const CLOSED = {
  autoload_known_extensions: 'false',
  autoinstall_known_extensions: 'false',
  allow_community_extensions: 'false',
  allow_unsigned_extensions: 'false',
  allow_persistent_secrets: 'false',
  lock_configuration: 'true',
  extension_directory: '/dev/null',
  secret_directory: '/dev/null',
}

const ask = (sql: string, more = {}): Promise<Record<string, unknown>[]> =>
  withDatabase({ ...LIMITS, ...more }, (connection) => queryRows(connection, sql))

describe('a database', () => {
  test('has extensions, secrets and its configuration closed, whatever its options', async () => {
    for (const more of [{}, { spills: true, counts: true }]) {
      const rows = await ask('SELECT name, value FROM duckdb_settings()', more)
      const found = new Map(rows.map(({ name, value }) => [name, value]))
      for (const [name, value] of Object.entries(CLOSED)) assert.equal(found.get(name), value, name)
    }
  })

  test('loads nothing that the user has installed, and reads no duckdbrc', async () => {
    await withDirectory((home) => {
      const [{ version, platform }] = settings(home)
      const directory = join(home, '.duckdb', 'extensions', version, platform)
      mkdirSync(directory, { recursive: true })
      for (const name of ['httpfs', 'aws'])
        writeFileSync(join(directory, `${name}.duckdb_extension`), 'x')
      mkdirSync(join(home, '.duckdb', 'stored_secrets'))
      writeFileSync(join(home, '.duckdb', 'stored_secrets', 'a.duckdb_secret'), 'not a secret')
      writeFileSync(join(home, '.duckdbrc'), 'SET threads = 7;\n')
      const [{ installed, secrets, threads }] = settings(home)
      assert.deepEqual([installed, secrets, threads], ['0', '0', '1'])
    })
  })

  test('refuses to change its configuration, and to load', async () => {
    for (const sql of [
      'SET autoload_known_extensions = true',
      "SET extension_directory = '/tmp'",
    ]) {
      await assert.rejects(ask(sql), /the configuration has been locked/)
    }
    await assert.rejects(ask('LOAD httpfs'), /"\/dev\/null\/.*" not found/)
  })

  test('reads no address', async () => {
    for (const address of ['s3://bucket/a', 'http://127.0.0.1:9/a', 'hf://datasets/a/b/a']) {
      const sql = `SELECT * FROM read_parquet(${literal(`${address}.parquet`)})`
      await assert.rejects(ask(sql), /requires the extension httpfs to be loaded/)
    }
  })

  test('spills to a directory of its own that is for this user only, and is deleted', async () => {
    const sql = "SELECT current_setting('temp_directory') AS path"
    const path = await withDatabase({ ...LIMITS, spills: true }, async (connection) => {
      const [{ path: found }] = await queryRows(connection, sql)
      assert.equal(statSync(String(found)).mode & 0o777, 0o700)
      return String(found)
    })
    assert.equal(statSync(path, { throwIfNoEntry: false }), undefined)
    assert.equal((await ask(sql))[0].path, '')
  })
})

/** Facts of a database in a process with another home directory. */
function settings(home: string) {
  const sql = `SELECT library_version AS version,
    (SELECT platform FROM pragma_platform()) AS platform,
    (SELECT count(*)::VARCHAR FROM duckdb_extensions()
      WHERE installed AND install_mode <> 'STATICALLY_LINKED') AS installed,
    (SELECT count(*)::VARCHAR FROM duckdb_secrets()) AS secrets,
    current_setting('threads')::VARCHAR AS threads FROM pragma_version()`
  const script = `import { queryRows, withDatabase } from ${JSON.stringify(
    join(import.meta.dirname, '..', 'src', 'duckdb.ts'),
  )}
    const work = (connection) => queryRows(connection, ${JSON.stringify(sql)})
    console.log(JSON.stringify(await withDatabase(${JSON.stringify(LIMITS)}, work)))`
  const env = { ...process.env, HOME: home }
  const text = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { env })
  return JSON.parse(text.toString()) as Record<string, string>[]
}

describe('a path means one local file', () => {
  const names = ['s3:/a', 'http:/a/b', 'file:/a', 'hf:', '~', 'a*b', 'a?b', 'a[12]', '[!a]', '**']
  const more = ['a{b,c}d', "quo'te", 'line\nbreak', 'back\\slash', '\u001b[31mred', '{uuid}', ' ']
  for (const name of [...names, ...more]) {
    test(JSON.stringify(name), async () => {
      await withDirectory(async (directory) => {
        const before = process.cwd()
        process.chdir(directory)
        try {
          const path = `${name}.parquet`
          mkdirSync(dirname(join(directory, path)), { recursive: true })
          await ask(`COPY (SELECT 7 AS n) TO ${literal(join(directory, path))} (FORMAT parquet)`)
          // A name that a pattern would match, too.
          await ask(`COPY (SELECT 8 AS n) TO ${literal(join(directory, 'a1.parquet'))}`)
          const sql = `SELECT n FROM read_parquet(${fileLiteral(path)}, hive_partitioning = false)`
          assert.deepEqual(await ask(sql), [{ n: 7 }])
        } finally {
          process.chdir(before)
        }
      })
    })
  }

  test('a backslash beside a pattern character is refused with a sentence', () => {
    assert.throws(() => fileLiteral('/data/a\\b[1].parquet'), /rename the file or its directory/)
  })
})
