// The package as it would be published: packed, installed elsewhere, run.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { withDirectory } from '../state-directory.ts'
import { start, type Outcome } from './command.ts'

const ROOT = join(import.meta.dirname, '..', '..')
/** Errors of npm when the registry is unreachable. */
const OFFLINE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ENOTCACHED/

const npm = (argv: string[], cwd: string): Promise<Outcome> => start('npm', argv, { cwd }).ended

/** Packs the checkout into a directory; returns the path of the tarball. */
async function pack(directory: string): Promise<string> {
  const { code, stderr } = await npm(['pack', '--pack-destination', directory], ROOT)
  assert.equal(code, 0, stderr)
  const tarballs = readdirSync(directory).filter((name) => name.endsWith('.tgz'))
  assert.equal(tarballs.length, 1)
  return join(directory, tarballs[0])
}

test('installed from its tarball it generates, replays, reports', (context) =>
  withDirectory(async (directory) => {
    const tarball = await pack(directory)
    const prefix = join(directory, 'prefix')
    await mkdir(prefix)
    const flags = ['--global', '--prefix', prefix, '--ignore-scripts', '--prefer-offline']
    const installed = await npm(['install', ...flags, tarball], directory)
    if (installed.code !== 0 && OFFLINE.test(installed.stderr) && process.env['CI'] === undefined) {
      context.skip('the registry cannot be reached: the package was packed, not installed')
      return
    }
    assert.equal(installed.code, 0, installed.stderr)

    const program = join(prefix, 'bin', 'xdr-pulse')
    const run = async (...argv: string[]): Promise<string> => {
      const { code, stdout, stderr } = await start(program, argv, { cwd: directory }).ended
      assert.equal(code, 0, stderr)
      return stdout
    }
    assert.match(await run('--version'), /^\d+\.\d+\.\d+\n$/)
    await run('generate', '--rows', '2000', '--subscribers', '200', '--out', 'sample.parquet')
    await run('replay', 'sample.parquet', '--state', 'state')
    const report = JSON.parse(await run('report', '--state', 'state', '--json')) as {
      records: number
      subscribers: number
    }
    assert.ok(report.records > 1900 && report.subscribers > 100)
    await run('verify', 'sample.parquet', '--state', 'state')

    const demo = start(program, ['demo', '--rows', '2000', '--speed', 'max', '--port', '0'], {
      cwd: directory,
    })
    try {
      const [, url] = await demo.prints(/API and metrics at (http:\/\/127\.0\.0\.1:\d+)/)
      for (const path of ['/', '/main.js', '/tables.js', '/vendor/echarts.js', '/healthz']) {
        assert.equal((await fetch(url + path)).status, 200, path)
      }
      // Before its last row a stopped demo exits with the code of the signal.
      await demo.prints(/all rows are applied/)
    } finally {
      demo.process.kill('SIGTERM')
      assert.equal((await demo.ended).code, 0)
    }
  }))
