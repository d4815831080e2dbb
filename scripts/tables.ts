// Writes the tables of README.md that come from the code, between their markers: npm run tables
import { readFileSync, writeFileSync } from 'node:fs'
import { environmentName, OPTIONS, type OptionName } from '../src/config.ts'
import { CATALOGUE, PREFIX } from '../src/serve/metrics/catalogue.ts'

export const README_FILE = new URL('../README.md', import.meta.url)

const table = (rows: readonly string[][]): string => {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  const [heading, ...rest] = rows
  return [line(heading), `|${' --- |'.repeat(heading.length)}`, ...rest.map(line)].join('\n')
}

function optionsTable(): string {
  const rows = (Object.keys(OPTIONS) as OptionName[]).map((name) => {
    const { flag, value, default: usual, doc } = OPTIONS[name] as (typeof OPTIONS)['state']
    const isSwitch = value === undefined
    return [
      isSwitch ? `\`${flag}\`` : `\`${flag} ${value}\``,
      `\`${environmentName(name)}\``,
      isSwitch || usual === '' ? '' : `\`${usual}\``,
      doc,
    ]
  })
  return table([['option', 'environment', 'default', 'what'], ...rows])
}

function metricsTable(): string {
  const rows = CATALOGUE.map(({ name, type, labels, help }) => [
    `\`${PREFIX}${name}\``,
    type,
    labels.join(', '),
    help,
  ])
  return table([['metric', 'type', 'labels', 'what'], ...rows])
}

/** A README with its tables as the code has them. Throws where a pair of markers is missing. */
export function withTables(readme: string): string {
  const tables = { options: optionsTable(), metrics: metricsTable() }
  return Object.entries(tables).reduce((text, [name, content]) => {
    const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
    const [from, to] = [text.indexOf(begin), text.indexOf(end)]
    if (from < 0 || to < from) throw new Error(`README.md lacks ${begin} … ${end}`)
    return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`
  }, readme)
}

if (import.meta.main) writeFileSync(README_FILE, withTables(readFileSync(README_FILE, 'utf8')))
