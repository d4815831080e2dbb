// Where the files of the live page are, and which of them are served.
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const ECHARTS = fileURLToPath(import.meta.resolve('echarts/dist/echarts.esm.min.mjs'))

/** The folder of the page, every file of it but what only its making needs. */
export const PAGE_FILES = {
  root: fileURLToPath(new URL('./page/', import.meta.url)),
  wildcard: false,
  globIgnore: ['**/*.json', '**/*.ts'],
  cacheControl: false,
}

/** The chart library, out of its package. */
export const ECHARTS_FILE = { name: basename(ECHARTS), folder: dirname(ECHARTS) } as const
