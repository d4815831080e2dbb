// The revision is that of the environment, else of the checkout, else unknown.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { revisionOf } from '../src/version.ts'
import { ROOT } from './source-tree.ts'
import { withDirectory } from './state-directory.ts'

/** Runs git and returns its first line; null where it is not installed. */
function git(cwd: string, ...argv: string[]): string | null {
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example', '-c', 'init.defaultBranch=b']
  const { status, stdout, error, stderr } = spawnSync('git', [...identity, ...argv], {
    cwd,
    encoding: 'utf8',
  })
  if (error !== undefined) return null
  assert.equal(status, 0, stderr)
  return stdout.split('\n')[0]
}

/** Runs `body` in a new repository of one commit; skips the test without git. */
const withRepository = (
  context: { skip: (why: string) => void },
  body: (directory: string, commit: string) => void,
): Promise<void> =>
  withDirectory((directory) => {
    if (git(directory, 'init', '--quiet') === null) {
      assert.ok(process.env['CI'] === undefined, 'git is installed')
      context.skip('git is not installed')
      return Promise.resolve()
    }
    git(directory, 'commit', '--quiet', '--allow-empty', '--message', 'a')
    body(directory, git(directory, 'rev-parse', '--short=12', 'HEAD')!)
    return Promise.resolve()
  })

test('the variable decides, unless it is empty', () =>
  withDirectory((directory) => {
    assert.equal(revisionOf({ XDR_PULSE_REVISION: ' v7 ' }, ROOT), 'v7')
    assert.equal(revisionOf({ XDR_PULSE_REVISION: '' }, directory), 'unknown')
    assert.equal(revisionOf({}, directory), 'unknown')
    return Promise.resolve()
  }))

describe('the commit of a checkout', () => {
  test('is found in a branch, also when its refs are packed', (context) =>
    withRepository(context, (directory, commit) => {
      assert.equal(revisionOf({}, directory), commit)
      git(directory, 'pack-refs', '--all')
      assert.ok(!existsSync(join(directory, '.git/refs/heads/b')))
      assert.equal(revisionOf({}, directory), commit)
      git(directory, 'commit', '--quiet', '--allow-empty', '--message', 'newer than the packed one')
      const newer = git(directory, 'rev-parse', '--short=12', 'HEAD')
      assert.notEqual(newer, commit)
      assert.equal(revisionOf({}, directory), newer)
    }))

  test('is found without a branch, and in a linked worktree', (context) =>
    withRepository(context, (directory, commit) => {
      git(directory, 'worktree', 'add', '--quiet', 'linked', '-b', 'other')
      assert.equal(revisionOf({}, join(directory, 'linked')), commit)
      git(directory, 'checkout', '--quiet', '--detach')
      assert.equal(revisionOf({}, directory), commit)
    }))

  test('is not taken from an outer repository, and is unknown in a broken one', (context) =>
    withRepository(context, (directory) => {
      mkdirSync(join(directory, 'inner'))
      assert.equal(revisionOf({}, join(directory, 'inner')), 'unknown')
      writeFileSync(join(directory, '.git/HEAD'), 'ref: refs/heads/nothing\n')
      assert.equal(revisionOf({}, directory), 'unknown')
      renameSync(join(directory, '.git'), join(directory, 'moved'))
      writeFileSync(join(directory, '.git'), 'gitdir: moved\n')
      assert.equal(revisionOf({}, directory), 'unknown')
      rmSync(join(directory, '.git'))
      assert.equal(revisionOf({}, directory), 'unknown')
    }))
})
