// The version of this package, from its own manifest, in the checkout and when installed.
import { existsSync, readFileSync } from 'node:fs'
import { assert } from './errors.ts'

function readVersion(): string {
  // The built package has one folder more above it.
  for (const path of ['../package.json', '../../package.json']) {
    const url = new URL(path, import.meta.url)
    if (!existsSync(url)) continue
    const manifest = JSON.parse(readFileSync(url, 'utf8')) as { name: string; version: string }
    if (manifest.name === 'xdr-pulse') return manifest.version
  }
  assert(false, 'the manifest stands above the source')
}

export const VERSION: string = readVersion()
