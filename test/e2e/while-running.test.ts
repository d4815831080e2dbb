// While a process writes a state directory, others read it, a second writer is refused, and a signal
// drains.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pulse, withPulse, type Running } from './command.ts'

const ROWS = 4000
/** Two days at an hour per second: no test waits for the end. */
const SLOWLY = ['--speed', '3600', '--commit-interval', '100ms']

let home = ''
let file = ''

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'xdr-pulse-while-running-'))
  file = join(home, 'sample.parquet')
  const size = ['--rows', String(ROWS), '--subscribers', '400', '--days', '2']
  await pulse(['generate', ...size, '--out', file])
})
after(() => rm(home, { recursive: true }))

interface Status {
  applied: number
  commits: number
  hash: string
  sources: { position: number }[]
}

/** Polls `status` until it satisfies `enough`; the writer must be running until then. */
async function statusWhen(
  writer: Running,
  state: string,
  enough: (status: Status) => boolean,
): Promise<Status> {
  let ended = false
  void writer.ended.then(() => (ended = true))
  for (;;) {
    const { code, stdout, stderr } = await pulse(['status', '--state', state, '--json'])
    const status = code === 0 ? (JSON.parse(stdout) as Status) : null
    if (status === null) assert.match(stderr, /holds no (state|commit)/)
    else if (enough(status)) return status
    assert.ok(!ended, 'the writer is running')
  }
}

test('reading commands succeed while a replay writes', async () => {
  const state = join(home, 'read')
  await withPulse(['replay', file, '--state', state, ...SLOWLY], async (writer) => {
    const first = await statusWhen(writer, state, ({ applied }) => applied > 0)
    const report = await pulse(['report', '--state', state, '--json'])
    assert.equal(report.code, 0, report.stderr)
    const { records, top } = JSON.parse(report.stdout) as {
      records: number
      top: { sessions: { msisdn: number }[] }
    }
    assert.ok(records >= first.applied && records < ROWS)
    for (const argv of [
      ['top'],
      ['segments'],
      ['rejected'],
      ['subscriber', `${top.sessions[0].msisdn}`],
    ]) {
      const { code, stderr } = await pulse([...argv, '--state', state])
      assert.equal(code, 0, stderr)
    }
    const later = await statusWhen(writer, state, ({ commits }) => commits > first.commits)
    assert.ok(later.applied >= first.applied)
  })
})

test('a second writer is refused with the pid of the first, which continues', async () => {
  const state = join(home, 'shared')
  await withPulse(['replay', file, '--state', state, ...SLOWLY], async (writer) => {
    await statusWhen(writer, state, ({ applied }) => applied > 0)
    const second = await pulse(['replay', file, '--state', state])
    assert.equal(second.code, 1)
    assert.match(second.stderr, new RegExp(`\\b${writer.process.pid}\\b`))
    assert.equal(second.stdout, '')
    const before = await statusWhen(writer, state, () => true)
    await statusWhen(writer, state, ({ commits }) => commits > before.commits)
  })
})

test('SIGTERM drains and prints how to continue, and the next run applies the rest', async () => {
  const state = join(home, 'stopped')
  const argv = ['replay', file, '--state', state, ...SLOWLY]
  const stopped = await withPulse(argv, async (writer) => {
    await statusWhen(writer, state, ({ applied }) => applied > 0)
    writer.process.kill('SIGTERM')
    return writer.ended
  })
  assert.equal(stopped.code, 143, stopped.stderr)
  assert.match(stopped.stdout, /run the same command again to continue/)
  assert.ok(!existsSync(join(state, 'writer.lock')), 'the directory is unlocked')

  const rest = await pulse(['replay', file, '--state', state, '--speed', '1e9', '--json'])
  assert.equal(rest.code, 0, rest.stderr)
  const reconciliation = JSON.parse(rest.stdout) as {
    applied: number
    duplicate: number
    complete: boolean
  }
  assert.ok(reconciliation.complete && reconciliation.applied > 0)
  const whole = join(home, 'whole')
  assert.equal((await pulse(['replay', file, '--state', whole])).code, 0)
  const hashes = [state, whole].map(async (directory) => {
    const { stdout } = await pulse(['status', '--state', directory, '--hash', '--json'])
    return (JSON.parse(stdout) as Status).hash
  })
  const [continued, undisturbed] = await Promise.all(hashes)
  assert.match(continued, /^[0-9a-f]{64}$/)
  assert.equal(continued, undisturbed)
})
