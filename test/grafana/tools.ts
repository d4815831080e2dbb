// Runs the tools of Prometheus, and reads the files that they are given.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { parse } from 'yaml'
import { ROOT } from '../source-tree.ts'

/** A rule: a recording with `record`, else an alert. */
export interface Rule {
  alert?: string
  record?: string
  expr: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
}

/** One alert. */
export interface Alert extends Rule {
  alert: string
  labels: Record<string, string>
  annotations: Record<string, string>
}

/** True where a tool is on PATH; else the test is skipped, or fails under CI. */
export function hasTool(tool: string, context: TestContext): boolean {
  const { error } = spawnSync(tool, ['--version'])
  if (error === undefined) return true
  assert.equal(process.env['CI'], undefined, `${tool} is not on PATH`)
  context.skip(`${tool} is not on PATH: its checks were skipped`)
  return false
}

/** Runs a tool in the checkout; fails with its output if the tool fails. */
export function runTool(context: TestContext, tool: string, ...argv: string[]): void {
  if (!hasTool(tool, context)) return
  const run = spawnSync(tool, argv, { cwd: ROOT, encoding: 'utf8' })
  assert.ifError(run.error)
  assert.equal(run.status, 0, `${run.stdout}${run.stderr}`)
}

/** Paths of the checkout that match a pattern. */
export const filesOf = (pattern: string): string[] => globSync(pattern, { cwd: ROOT }).sort()

/** The text of a file of the checkout. */
export const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** All rules of a file. */
export const rulesOf = (path: string): Rule[] =>
  (parse(textOf(path)) as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) => rules)

/** All alerts. */
export const alerts = (): Alert[] => rulesOf('grafana/rules/alerts.yml') as Alert[]
