// The Markdown files of the repository: their prose, fenced blocks, code spans, headings and links.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../source-tree.ts'

/** A fenced block: its info string, the line of its fence, its text. */
export interface Block {
  info: string
  line: number
  text: string
}

/** One document, read. */
export interface Document {
  /** From the root of the repository. */
  path: string
  text: string
  /** The text with fenced blocks blanked, line by line: lines keep their numbers. */
  prose: string
  blocks: Block[]
}

const ELSEWHERE = ['**/node_modules/**', 'dist/**', 'data/**', 'bench/out/**']

/** Every Markdown file, in the order of its path. */
export const documents: readonly Document[] = globSync('**/*.md', { cwd: ROOT, exclude: ELSEWHERE })
  .sort()
  .map(readDocument)

/** Those that describe the project as it is: no history, and not where fixtures come from. */
export const currentDocuments: readonly Document[] = documents.filter(
  ({ path }) => !['CHANGELOG.md', 'docs/renames.md'].includes(path) && !path.startsWith('test/'),
)

function readDocument(path: string): Document {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const blocks: Block[] = []
  let open: Block | null = null
  const prose = text.split('\n').map((line, at) => {
    const fence = /^\s*```(.*)$/.exec(line)
    if (open === null && fence === null) return line
    if (fence === null) open!.text += `${line}\n`
    else if (open === null) open = { info: fence[1].trim(), line: at + 1, text: '' }
    else {
      blocks.push(open)
      open = null
    }
    return ''
  })
  return { path, text, prose: prose.join('\n'), blocks }
}

/** A piece of a document and its line. */
export interface Piece {
  text: string
  line: number
}

/** What a pattern's first group matches in a text, with the lines. */
export const piecesOf = (text: string, pattern: RegExp): Piece[] =>
  [...text.matchAll(pattern)].map((match) => ({
    text: match[1],
    line: text.slice(0, match.index).split('\n').length,
  }))

/** Code spans of the prose. */
export const codeSpans = ({ prose }: Document): Piece[] => piecesOf(prose, /`([^`\n]+)`/g)

/** Targets of links and pictures. */
export const links = ({ prose }: Document): Piece[] => piecesOf(prose, /\]\(([^)\s]+)\)/g)

/** The anchors of a document's headings, as GitHub makes them. */
export function anchorsOf({ prose }: Document): Set<string> {
  const anchors = new Set<string>()
  for (const { text } of piecesOf(prose, /^#{1,6} (.+)$/gm)) {
    const slug = text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-')
    let anchor = slug
    for (let again = 1; anchors.has(anchor); again++) anchor = `${slug}-${again}`
    anchors.add(anchor)
  }
  return anchors
}
