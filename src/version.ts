// The version of this package, read from its manifest, in a checkout and when installed.
import { existsSync, readFileSync } from 'node:fs'
import { assert } from './errors.ts'

function readVersion(): string {
  // In the built package this file is one directory deeper.
  for (const path of ['../package.json', '../../package.json']) {
    const url = new URL(path, import.meta.url)
    if (!existsSync(url)) continue
    const manifest = JSON.parse(readFileSync(url, 'utf8')) as { name: string; version: string }
    if (manifest.name === 'xdr-pulse') return manifest.version
  }
  assert(false, 'the manifest is in a directory above the source')
}

/** The version of this package, such as 1.2.3. */
export const VERSION: string = readVersion()
