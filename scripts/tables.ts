// Writes the tables of the documents that come from the code, between their markers: npm run tables
import { readFileSync, writeFileSync } from 'node:fs'
import { parse } from 'yaml'
import { COMMANDS } from '../src/commands/commands.ts'
import { environmentName, OPTIONS, type OptionName } from '../src/config.ts'
import { CATALOGUE, PREFIX } from '../src/serve/metrics/catalogue.ts'

const ROOT = new URL('../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8')

const table = (rows: readonly string[][]): string => {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  const [heading, ...rest] = rows
  return [line(heading), `|${' --- |'.repeat(heading.length)}`, ...rest.map(line)].join('\n')
}

const code = (text: string): string => `\`${text}\``

function commandsTable(): string {
  // `<files...>` is FILES.
  const given = (argument = ''): string => argument.replaceAll(/[^a-z]/g, '').toUpperCase()
  const rows = COMMANDS.map(({ name, argument, doc }) => [
    code([name, given(argument)].join(' ').trim()),
    doc,
  ])
  return table([['command', 'description'], ...rows])
}

/** The commands that take an option, in the order of help. */
const commandsWith = (option: OptionName): string[] =>
  COMMANDS.filter(({ options }) => options.includes(option)).map(({ name }) => code(name))

function optionsTable(): string {
  const rows = (Object.keys(OPTIONS) as OptionName[]).map((name) => {
    const { flag, value, default: usual, doc } = OPTIONS[name] as (typeof OPTIONS)['state']
    const isSwitch = value === undefined
    return [
      code(isSwitch ? flag : `${flag} ${value}`),
      code(environmentName(name)),
      isSwitch || usual === '' ? '' : code(usual),
      doc,
      commandsWith(name).join(', '),
    ]
  })
  return table([['option', 'environment', 'default', 'description', 'commands'], ...rows])
}

function metricsTable(): string {
  const rows = CATALOGUE.map(({ name, type, labels, help }) => [
    code(PREFIX + name),
    type,
    labels.join(', '),
    help,
  ])
  return table([['metric', 'type', 'labels', 'description'], ...rows])
}

/** The part of the OpenAPI document that is used here; `npm run schema` writes it. */
interface OpenApi {
  paths: Record<string, { get: { summary: string; security?: { token?: string[] }[] } }>
}

function routesTable(): string {
  const { paths } = JSON.parse(read('schema/openapi.json')) as OpenApi
  const rows = Object.entries(paths).map(([path, { get }]) => {
    const scopes = (get.security ?? []).flatMap(({ token = [] }) => token)
    return [code(path), scopes.length === 0 ? 'none' : code(scopes.join(', ')), get.summary]
  })
  return table([['path', 'scope', 'description'], ...rows])
}

/** The part of a file of alerting rules that is used here. */
interface Rules {
  groups: {
    rules: { alert: string; labels: { severity: string }; annotations: { summary: string } }[]
  }[]
}

function alertsTable(): string {
  const { groups } = parse(read('grafana/rules/alerts.yml')) as Rules
  const rows = groups
    .flatMap(({ rules }) => rules)
    .map(({ alert, labels, annotations }) => [
      `[${alert}](${alert}.md)`,
      labels.severity,
      annotations.summary,
    ])
  return table([['alert', 'severity', 'summary'], ...rows])
}

const TABLES = {
  commands: commandsTable,
  options: optionsTable,
  metrics: metricsTable,
  routes: routesTable,
  alerts: alertsTable,
} as const

/** The documents with a generated table, as paths of the repository, and the table's name. */
export const DOCUMENTS: Readonly<Record<string, keyof typeof TABLES>> = {
  'README.md': 'commands',
  'docs/options.md': 'options',
  'docs/metrics.md': 'metrics',
  'docs/http.md': 'routes',
  'docs/runbooks/README.md': 'alerts',
}

/**
 * Returns the text of a document with its table generated anew.
 *
 * @param path one of DOCUMENTS, which names the table
 * @throws Error when the pair of markers is missing
 */
export function withTable(path: string, text: string): string {
  const name = DOCUMENTS[path]
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${path} lacks ${begin} … ${end}`)
  return `${text.slice(0, from + begin.length)}\n${TABLES[name]()}\n${text.slice(to)}`
}

if (import.meta.main) {
  for (const path of Object.keys(DOCUMENTS)) {
    writeFileSync(new URL(path, ROOT), withTable(path, read(path)))
  }
}
