// The files of the live page: read once when the server starts, and served by their exact paths.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Answer } from './http/problem.ts'
import { pageTablesText } from './page-tables.ts'

const FOLDER = fileURLToPath(new URL('./page/', import.meta.url))
/** The chart library in its package. */
const ECHARTS = fileURLToPath(import.meta.resolve('echarts/dist/echarts.esm.min.mjs'))

/** Content types by extension; files for type checking have none of these, and are not served. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** The answer of each path of the page. No other file can be reached, whatever a path contains. */
export function readPage(): ReadonlyMap<string, Answer> {
  const names = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  const files = names
    .filter((name) => extname(name) in TYPES)
    .map((name): [string, Answer] => [
      `/${name.replaceAll(sep, '/')}`,
      fileAnswer(TYPES[extname(name)], readFileSync(join(FOLDER, name))),
    ])
  const page = new Map([
    ...files,
    ['/tables.js', fileAnswer(TYPES['.js'], Buffer.from(pageTablesText()))],
    ['/vendor/echarts.js', fileAnswer(TYPES['.js'], readFileSync(ECHARTS))],
  ])
  return page.set('/', page.get('/index.html')!)
}

/** A file as an answer that clients store and ask again about. */
function fileAnswer(type: string, body: Buffer): Answer {
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 22)
  return {
    status: 200,
    // Weak, because it covers every content coding.
    headers: { 'content-type': type, 'cache-control': 'no-cache', etag: `W/"${digest}"` },
    body,
  }
}
