// Compiled code is kept only where no other user can put code that this user would run.
import assert from 'node:assert/strict'
import { chmodSync, lstatSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { cacheDirectory } from '../src/compile-cache.ts'
import { pulse } from './e2e/command.ts'
import { withDirectory } from './state-directory.ts'

const USER = process.getuid?.()

/** A home directory with mode 0700. */
const withHome = (work: (home: string) => void | Promise<void>): Promise<void> =>
  withDirectory(work)

const modeOf = (path: string): number => lstatSync(path).mode & 0o777

describe('compiled code is kept', () => {
  test('in the cache directory of the user, with mode 0700', () =>
    withHome((home) => {
      const expected = join(home, '.cache', 'xdr-pulse')
      for (const given of [undefined, '', 'relative']) {
        assert.equal(cacheDirectory(given, home, USER), expected)
      }
      assert.deepEqual([join(home, '.cache'), expected].map(modeOf), [0o700, 0o700])
    }))

  test('in XDG_CACHE_HOME, also in a directory of all users that none can rename in', () =>
    withHome((home) => {
      chmodSync(home, 0o1777)
      assert.equal(cacheDirectory(home, '/nonexistent', USER), join(home, 'xdr-pulse'))
      assert.deepEqual(readdirSync(home), ['xdr-pulse'])
    }))
})

describe('compiled code is not kept', () => {
  const cases: Readonly<Record<string, (home: string) => void>> = {
    'in a directory that others can write': (home) => {
      mkdirSync(join(home, 'xdr-pulse'))
      chmodSync(join(home, 'xdr-pulse'), 0o722)
    },
    'behind a link of any owner': (home) => {
      mkdirSync(join(home, 'own'), { mode: 0o700 })
      symlinkSync(join(home, 'own'), join(home, 'xdr-pulse'))
    },
    'where others can rename the directory': (home) => chmodSync(home, 0o777),
  }
  for (const [name, prepare] of Object.entries(cases)) {
    test(name, () =>
      withHome((home) => {
        prepare(home)
        assert.equal(cacheDirectory(home, home, USER), null)
      }),
    )
  }

  test('in a directory of another user', () =>
    withHome((home) => {
      assert.equal(cacheDirectory(home, home, USER), join(home, 'xdr-pulse'))
      assert.equal(cacheDirectory(home, home, 12_345), null)
    }))

  test('where it cannot be created, which returns at once', () => {
    for (const place of ['/proc', '/proc/self', '/dev/null', '/nonexistent/a']) {
      assert.equal(cacheDirectory(place, '/nonexistent', USER), null, place)
    }
    assert.equal(cacheDirectory('/tmp', '/nonexistent', undefined), null)
  })
})

test('a start keeps its code there, and runs without', () =>
  withHome(async (home) => {
    const argv = ['status', '--state', join(home, 'none')]
    for (const [place, kept] of [
      [home, 1],
      ['/proc', 0],
    ] as const) {
      const { code, stderr } = await pulse(argv, {
        env: { HOME: '/nonexistent', XDG_CACHE_HOME: place },
      })
      assert.match(stderr, /holds no state/)
      assert.equal(code, 1)
      if (kept === 1) assert.equal(readdirSync(join(home, 'xdr-pulse')).length, 1)
    }
  }))
