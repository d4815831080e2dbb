// README.md says what the code says: options, metrics, commands, files it links to.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { README_FILE, withTables } from '../../scripts/tables.ts'
import { pulse } from '../e2e/command.ts'

const readme = readFileSync(README_FILE, 'utf8')

test('its tables are up to date: else run npm run tables', () => {
  assert.equal(readme, withTables(readme))
})

test('a README without markers is refused', () => {
  assert.throws(() => withTables(readme.replace('<!-- options -->', '')), /lacks <!-- options/)
})

test('its commands are those of --help, in the same words', async () => {
  const { stdout } = await pulse(['--help'])
  const listed = stdout.slice(stdout.indexOf('Commands:')).replaceAll(/\n {20,}/g, ' ')
  const found = [...listed.matchAll(/^ {2}(\S+) .*? {2,}(.+)$/gm)].map(([, name, doc]) => [
    name,
    doc,
  ])
  const rows = [...readme.matchAll(/^\| `([a-z]+)(?: [A-Z]+)?` \| (.+) \|$/gm)].map(
    ([, name, doc]) => [name, doc],
  )
  assert.deepEqual(
    rows,
    found.filter(([name]) => name !== 'help'),
  )
})

test('what it links to is there', () => {
  const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target)
  assert.ok(links.length > 3)
  for (const link of links) {
    if (!link.startsWith('http')) assert.ok(existsSync(new URL(link, README_FILE)), link)
  }
})
