// The entry point of a checkout: `cli.ts` and all it loads are stripped of their types once.
//
// Node.js strips the first file before any of our code runs, which costs more than all else of a
// short command. This file needs no stripping, and keeps what is stripped among the packages: who can
// write there can change the packages as well.
import { constants, enableCompileCache } from 'node:module'
import { join } from 'node:path'

if (process.env.NODE_COMPILE_CACHE === undefined) {
  const directory = join(import.meta.dirname, '../node_modules/.cache/xdr-pulse')
  const { status } = enableCompileCache(directory)
  // Threads read it. Where nothing can be kept, `cli.ts` chooses another place.
  const { ENABLED, ALREADY_ENABLED } = constants.compileCacheStatus
  if (status === ENABLED || status === ALREADY_ENABLED) process.env.NODE_COMPILE_CACHE = directory
}
await import('./cli.ts')
