// Grafana and Prometheus find the shipped files where the compose file mounts them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { textOf } from './tools.ts'

test('the dashboards are provisioned, and cannot be changed in Grafana', () => {
  const path = 'grafana/provisioning/dashboards/xdr-pulse.yaml'
  const { providers } = parse(textOf(path)) as {
    providers: { type: string; folder: string; allowUiUpdates: boolean; options: object }[]
  }
  assert.equal(providers.length, 1)
  const [{ type, folder, allowUiUpdates, options }] = providers
  assert.deepEqual([type, folder, allowUiUpdates], ['file', 'xdr-pulse', false])
  assert.deepEqual(options, { path: '/etc/grafana/dashboards' })
  const compose = textOf('docker-compose.yml')
  assert.ok(compose.includes('./grafana/dashboards:/etc/grafana/dashboards:ro'))
  assert.ok(compose.includes('./grafana/rules:/etc/prometheus/rules:ro'))
})
