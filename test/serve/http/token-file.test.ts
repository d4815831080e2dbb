// The token file of a command: read before anything else, and its tokens are shown nowhere.
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pulse, withPulse } from '../../e2e/command.ts'
import { withDirectory } from '../../state-directory.ts'

const TOKEN = 'a-token-of-somebody-1'

describe('a start is refused', () => {
  const refusal = (code: number, expected: RegExp, more: (directory: string) => string[]) =>
    withDirectory(async (directory) => {
      const state = join(directory, 'state')
      const found = await pulse(['demo', '--state', state, '--rows', '10', ...more(directory)])
      assert.match(found.stderr, expected)
      assert.equal(found.code, code)
      assert.ok(!found.stderr.includes(TOKEN))
      assert.ok(!existsSync(join(state, 'writer.lock')))
    })

  test('on a network without tokens, with what is needed', () =>
    refusal(2, /Host 0\.0\.0\.0 is reachable from the network; .*--token-file FILE/, () => [
      ...['--host', '0.0.0.0'],
    ]))

  test('with a missing file, by its name', () =>
    refusal(
      1,
      /--token-file .*nothing does not exist \(ENOENT\); expected a readable file/,
      (directory) => [...['--token-file', join(directory, 'nothing')]],
    ))

  test('with a malformed file, by the line', () =>
    refusal(2, /--token-file .*tokens: line 2 has a scope that does not exist/, (directory) => {
      const file = join(directory, 'tokens')
      writeFileSync(file, `# comment\n${TOKEN} everything\n`, { mode: 0o600 })
      return ['--token-file', file]
    }))

  test('with an allowed host that has a port, with what is expected', () =>
    refusal(2, /--allow-host is "a:80", expected a .* without ports/, () => [
      '--allow-host',
      'a:80',
    ]))
})

test('a token allows requests, and is shown nowhere', () =>
  withDirectory(async (directory) => {
    const file = join(directory, 'tokens')
    writeFileSync(file, `${TOKEN}\n`, { mode: 0o600 })
    const options = ['--state', join(directory, 'state'), '--rows', '500', '--speed', 'max']
    const serving = ['--port', '0', '--host', '0.0.0.0', '--token-file', file]
    await withPulse(['demo', ...options, ...serving], async (running) => {
      const [, port] = await running.prints(/at http:\/\/0\.0\.0\.0:(\d+)/)
      const url = `http://127.0.0.1:${port}`
      assert.equal((await fetch(`${url}/api/v1/status`)).status, 401)
      const headers = { authorization: `Bearer ${TOKEN}` }
      const reply = await fetch(`${url}/api/v1/status`, { headers })
      assert.equal(reply.status, 200)
      assert.ok(!(await reply.text()).includes(TOKEN))
      running.process.kill('SIGTERM')
      const { stdout, stderr } = await running.ended
      assert.ok(!(stdout + stderr).includes(TOKEN))
    })
  }))
