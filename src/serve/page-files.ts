// Locations of the files of the live page, and which of them are served.
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const ECHARTS = fileURLToPath(import.meta.resolve('echarts/dist/echarts.esm.min.mjs'))

/** The folder of the page, as @fastify/static takes it; files for type checking are left out. */
export const PAGE_FILES = {
  root: fileURLToPath(new URL('./page/', import.meta.url)),
  wildcard: false,
  globIgnore: ['**/*.json', '**/*.ts'],
  cacheControl: false,
}

/** The chart library in its package. */
export const ECHARTS_FILE = { name: basename(ECHARTS), folder: dirname(ECHARTS) } as const
