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

/** A document. */
export interface Document {
  /** The path from the root of the repository. */
  path: string
  text: string
  /** The text with empty lines in place of fenced blocks, so that line numbers are kept. */
  prose: string
  blocks: Block[]
}

/** Folders whose files are not of the repository. */
export const ELSEWHERE = ['**/node_modules/**', 'dist/**', 'data/**', 'bench/out/**']

/** All Markdown files, in order of their paths. */
export const documents: readonly Document[] = globSync('**/*.md', { cwd: ROOT, exclude: ELSEWHERE })
  .sort()
  .map(readDocument)

/** The documents of the present project, without its history and the origins of fixtures. */
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

/** A part of a document and its line. */
export interface Piece {
  text: string
  line: number
}

/** The matches of a pattern's first group in a text, with their lines. */
export const piecesOf = (text: string, pattern: RegExp): Piece[] =>
  [...text.matchAll(pattern)].map((match) => ({
    text: match[1],
    line: text.slice(0, match.index).split('\n').length,
  }))

/** Code spans of the prose. */
export const codeSpans = ({ prose }: Document): Piece[] => piecesOf(prose, /`([^`\n]+)`/g)

/** Targets of links and pictures. */
export const links = ({ prose }: Document): Piece[] => piecesOf(prose, /\]\(([^)\s]+)\)/g)

/** The anchors of a document's headings, as GitHub derives them. */
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
