// Every panel and dashboard conforms to the types of Grafana's package.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'
import { ROOT } from '../source-tree.ts'
import { committed, drawn, type DrawnPanel } from './dashboards.ts'

const PACKAGE = '@grafana/schema'
const RAW = `${ROOT}/node_modules/${PACKAGE}/dist/types/raw/composable`
/** The virtual path of the program: next to this file, so that its imports are resolved. */
const VIRTUAL = join(ROOT, 'test', 'grafana', 'virtual-schema-check.ts')

/** JSON contains the values of enums, not their names. */
const VALUES = `
type Json<T> = T extends string ? \`\${T}\`
  : T extends number | boolean | null | undefined ? T
  : T extends (infer U)[] ? Json<U>[]
  : { [K in keyof T]: Json<T[K]> }
`

/** The package's name of a kind of panel. */
const kindOf = ({ type }: DrawnPanel): string => type.replace('-', '')

/** A program that is valid when all dashboards are. */
function program(): string {
  const dashboards = committed()
  const panels = dashboards.flatMap(drawn)
  const kinds = new Set(panels.map(kindOf))
  const lines = [`import type { Dashboard, Panel, TableFieldOptions } from '${PACKAGE}'`]
  for (const kind of kinds) {
    lines.push(`import type * as ${kind} from '${RAW}/${kind}/panelcfg/x/types.gen'`)
  }
  const check = (type: string, value: unknown): void => {
    lines.push(`export const v${lines.length}: Json<${type}> = ${JSON.stringify(value)}`)
  }
  for (const panel of panels) {
    const kind = kindOf(panel)
    const { custom, ...defaults } = panel.fieldConfig.defaults
    check(`Partial<${kind}.Options>`, panel.options)
    check(`NonNullable<Panel['fieldConfig']>['defaults']`, defaults)
    const fields = kind === 'table' ? 'TableFieldOptions' : `${kind}.FieldConfig`
    if (custom !== undefined) check(`Partial<${fields}>`, custom)
  }
  for (const dashboard of dashboards) {
    check(`Omit<Dashboard, 'panels'>`, { ...dashboard, panels: undefined, file: undefined })
  }
  return lines.join('\n') + VALUES
}

function complaints(text: string): string[] {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  }
  const host = ts.createCompilerHost(options)
  const readFile = host.readFile.bind(host)
  const fileExists = host.fileExists.bind(host)
  host.readFile = (path) => (path === VIRTUAL ? text : readFile(path))
  host.fileExists = (path) => path === VIRTUAL || fileExists(path)
  const found = ts.getPreEmitDiagnostics(ts.createProgram([VIRTUAL], options, host))
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

test('the dashboards conform to the types that Grafana declares', () => {
  assert.deepEqual(complaints(program()), [])
})

test('undeclared properties are found', () => {
  const wrong = program().replace(`"colorMode":"none"`, `"colorMode":"loud"`)
  const [first, ...more] = complaints(wrong)
  assert.match(first, /loud/)
  assert.deepEqual(more, [])
})
