// What the program writes is for its user only, whatever the umask that it was started with.
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { sampleIn } from '../consumers/files/samples.ts'
import { withDirectory } from '../state-directory.ts'
import { start } from './command.ts'

const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli.ts')

/** Runs the program with a umask that forbids nothing; returns stderr. */
async function pulse(argv: string[]): Promise<string> {
  const script = 'umask 0; exec "$0" "$@"'
  const { code, stderr } = await start('sh', ['-c', script, process.execPath, CLI, ...argv]).ended
  assert.equal(code, 0, stderr)
  return stderr
}

test('state, export, report, backup and restored state are of mode 0700 and 0600', async () => {
  await withDirectory(async (directory) => {
    const made = join(directory, 'made')
    const sample = await sampleIn(directory)
    mkdirSync(made)
    const state = ['--state', join(made, 'state')]
    await pulse(['replay', sample, ...state])
    const files = ['--html', join(made, 'report.html'), '--export', join(made, 'export'), '--csv']
    await pulse(['report', ...files, ...state])
    await pulse(['backup', join(made, 'backups'), ...state])
    const [backup] = readdirSync(join(made, 'backups'))
    await pulse(['restore', join(made, 'backups', backup), '--state', join(made, 'restored')])
    const paths = readdirSync(made, { recursive: true }).map(String)
    for (const name of ['data.mdb', 'lock.mdb', 'subscribers.csv', 'top.parquet', 'report.html']) {
      assert.ok(
        paths.some((path) => path.endsWith(name)),
        name,
      )
    }
    const shared = paths.filter((path) => (statSync(join(made, path)).mode & 0o077) !== 0)
    assert.deepEqual(shared, [])
  })
})

test('a state directory that others can open is named with the command that closes it', async () => {
  await withDirectory(async (directory) => {
    const state = join(directory, 'state')
    mkdirSync(state)
    chmodSync(state, 0o755)
    const warned = await pulse(['replay', await sampleIn(directory), '--state', state])
    assert.equal(warned.match(/is open to other users \(mode 755\)/g)?.length, 1)
    assert.ok(warned.includes(`run "chmod -R go= ${state}"`))
    assert.equal(statSync(state).mode & 0o777, 0o755)
    chmodSync(state, 0o700)
    assert.doesNotMatch(await pulse(['status', '--state', state]), /open to other users/)
  })
})
