// The first command of the README prints one line, with any Node.js that the machine's npm runs on.
import assert from 'node:assert/strict'
import { copyFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { test } from 'node:test'
import { start } from '../e2e/command.ts'
import { ROOT } from '../source-tree.ts'
import { withDirectory } from '../state-directory.ts'

/** The PATH outside of npm scripts: without the Node.js that npm installs. */
const machinePath = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((part) => !part.includes('node_modules'))
  .join(delimiter)

/** Arguments of `env` that remove the settings that `npm test` passes to child processes. */
const withoutNpm = Object.keys(process.env)
  .filter((name) => name.toLowerCase().startsWith('npm_config_'))
  .flatMap((name) => ['-u', name])

test('npm ci prints no warning and no advertisement', () =>
  withDirectory(async (directory) => {
    for (const file of ['package.json', 'package-lock.json', '.npmrc']) {
      await copyFile(join(ROOT, file), join(directory, file))
    }
    // Offline and dry: npm checks engines and peers on the lock file, and changes nothing.
    const argv = ['npm', 'ci', '--ignore-scripts', '--dry-run', '--offline']
    const env = { PATH: machinePath, NPM_CONFIG_USERCONFIG: join(directory, 'none') }
    const running = start('env', [...withoutNpm, ...argv], { cwd: directory, env })
    const { code, stdout, stderr } = await running.ended
    assert.equal(code, 0, stderr)
    assert.equal(stderr, '')
    const lines = stdout.split('\n').filter((line) => line !== '')
    assert.match(
      lines.at(-1) ?? '',
      /^(added \d+ packages|up to date)(, (and )?audited \d+ packages)? in /,
    )
    // Of a dry run npm lists each package that it would add.
    assert.deepEqual(
      lines.slice(0, -1).filter((line) => !line.startsWith('add ')),
      [],
    )
  }))
