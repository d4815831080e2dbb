// The compose file is valid, pinned, closed to other machines, and names only existing things.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'yaml'
import { OPTIONS } from '../../src/config.ts'
import { pulse } from '../e2e/command.ts'
import { ROOT } from '../source-tree.ts'
import { withDirectory } from '../state-directory.ts'

/** The fields of a service that the tests use. */
interface Service {
  image: string
  build?: { context: string; args: Record<string, string> }
  command?: string[]
  entrypoint?: string[]
  user?: string
  restart: string
  read_only?: boolean
  cap_drop: string[]
  security_opt: string[]
  healthcheck?: { test?: string[]; disable?: boolean }
  ports?: string[]
  volumes?: string[]
  depends_on?: Record<string, { condition: string }>
}

interface Compose {
  services: Record<string, Service>
  volumes: Record<string, unknown>
}

const FIXTURE = 'test/fixtures/compose/compose-spec.json'
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const readYaml = (path: string): unknown => parse(read(path), { merge: true })

const compose = readYaml('docker-compose.yml') as Compose
const services = Object.entries(compose.services)
const dockerfile = read('Dockerfile')

/** True for a service that runs once and ends. */
const isOnce = ({ restart }: Service): boolean => restart === 'no'
/** True for the image of this project; its Dockerfile has health check and user. */
const isOwn = ({ build }: Service): boolean => build !== undefined
/** The mounted paths of the checkout. */
const ownPaths = ({ volumes = [] }: Service): string[] =>
  volumes.map((volume) => volume.split(':')[0]).filter((source) => source.startsWith('.'))

test('it satisfies the schema of the Compose Specification', () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true, formats: { duration: true } })
  const validate = ajv.compile(JSON.parse(read(FIXTURE)) as object)
  assert.ok(validate(compose), JSON.stringify(validate.errors))
  assert.ok(!validate({ ...compose, services: { kafka: { image: 1 } } }))
})

describe('every service', () => {
  for (const [name, service] of services) {
    test(`${name}: is pinned, restricted, has a health check or ends`, () => {
      assert.match(service.image, /^[\w./-]+:v?\d+\.\d+\.\d+$/)
      assert.deepEqual(service.cap_drop, ['ALL'])
      assert.deepEqual(service.security_opt, ['no-new-privileges:true'])
      assert.ok(isOwn(service) || (service.user ?? 'root') !== 'root', 'not root')
      assert.ok(['no', 'unless-stopped'].includes(service.restart))
      const hasCheck = service.healthcheck?.test !== undefined || isOwn(service)
      assert.ok(isOnce(service) || hasCheck)
    })

    test(`${name}: publishes on 127.0.0.1 only`, () => {
      for (const port of service.ports ?? []) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/)
    })

    test(`${name}: waits for services in a way that they can satisfy`, () => {
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        const ends = isOnce(compose.services[other])
        const possible = ends ? 'service_completed_successfully' : 'service_healthy'
        assert.equal(condition, possible, `${name} on ${other}`)
      }
    })

    test(`${name}: mounts what exists`, () => {
      for (const path of ownPaths(service)) assert.ok(existsSync(join(ROOT, path)), path)
      const named = (service.volumes ?? []).map((volume) => volume.split(':')[0])
      for (const volume of named.filter((source) => !source.startsWith('.'))) {
        assert.ok(volume in compose.volumes, volume)
      }
    })
  }

  test('has a read-only root, unless its start script writes into the image', () => {
    const writable = services.filter(([, { read_only }]) => read_only !== true)
    assert.deepEqual(writable.map(([name]) => name).sort(), ['kafka', 'registry', 'topic'])
  })
})

test('the image is pinned, is not root, and checks readiness', () => {
  const from = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)
  assert.equal(new Set(from).size, 1)
  assert.match(from[0], /^node:24\.\d+\.\d+-bookworm-slim$/)
  assert.match(dockerfile, /^USER node$/m)
  assert.match(dockerfile, /^HEALTHCHECK [^]*\/readyz/m)
})

test('the image has the tag of the version, and all paths that it copies exist', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string }
  const own = services.map(([, service]) => service).filter(isOwn)
  assert.deepEqual([...new Set(own.map(({ image }) => image))], [`xdr-pulse:${version}`])
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)]
  const ignored = read('.dockerignore')
  for (const path of copied.flatMap(([, paths]) => paths.split(' '))) {
    assert.ok(existsSync(join(ROOT, path)), path)
    assert.ok(ignored.includes(`\n!${path}\n`), `.dockerignore lets ${path} pass`)
  }
})

test('the image has the revision that it was built from', () => {
  const own = services.map(([, service]) => service).filter(isOwn)
  for (const { build } of own) {
    assert.deepEqual(build, { context: '.', args: { REVISION: '${REVISION:-unknown}' } })
  }
  // A variable of the first stage would not be in the image.
  const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))
  assert.match(last, /^ARG REVISION=unknown\nENV XDR_PULSE_REVISION=\$REVISION$/m)
})

test('Grafana queries the Prometheus of the compose file, which scrapes the service', () => {
  const scraping = readYaml('grafana/prometheus.yml') as {
    global: { scrape_interval: string }
    scrape_configs: {
      authorization: { credentials_file: string }
      static_configs: { targets: string[] }[]
    }[]
  }
  const { datasources } = readYaml('grafana/provisioning/datasources/prometheus.yaml') as {
    datasources: { url: string; editable: boolean; jsonData: { timeInterval: string } }[]
  }
  assert.equal(datasources.length, 1)
  assert.equal(datasources[0].url, 'http://prometheus:9090')
  assert.equal(datasources[0].editable, false)
  assert.equal(datasources[0].jsonData.timeInterval, scraping.global.scrape_interval)
  const [{ static_configs, authorization }] = scraping.scrape_configs
  assert.deepEqual(static_configs, [{ targets: ['xdr-pulse:8480'] }])
  const { command = [] } = compose.services['xdr-pulse']
  assert.ok(command.includes('--allow-host=xdr-pulse'))
  const mounted = (compose.services.prometheus.volumes ?? []).map((volume) => volume.split(':')[1])
  assert.ok(mounted.includes(dirname(authorization.credentials_file)))
})

test('promtool accepts the configuration of Prometheus', (context) => {
  const argv = ['check', 'config', '--syntax-only', join(ROOT, 'grafana', 'prometheus.yml')]
  const run = spawnSync('promtool', argv, { encoding: 'utf8' })
  if (run.error !== undefined && process.env['CI'] === undefined) {
    context.skip('promtool is not on PATH: the configuration of Prometheus was not checked')
    return
  }
  assert.ifError(run.error)
  assert.equal(run.status, 0, run.stderr)
})

test('tokens are created once: one for everything, one for metrics', () =>
  withDirectory((directory) => {
    const [folder, metricsFolder] = [join(directory, 'xdr-pulse'), join(directory, 'metrics')]
    for (const path of [folder, metricsFolder]) mkdirSync(path)
    const [script] = compose.services.token.command ?? []
    // As Compose unescapes it.
    const source = script.replaceAll('$$', '$').replaceAll('/run/secrets', directory)
    const make = (): string[] => {
      const run = spawnSync(process.execPath, ['--eval', source], { encoding: 'utf8' })
      assert.equal(run.status, 0, run.stderr)
      const files = [join(folder, 'tokens'), join(metricsFolder, 'token')]
      return files.map((file) => readFileSync(file, 'utf8'))
    }
    const [tokens, metrics] = make()
    const [everything, scraping, ...more] = tokens.split('\n').filter((line) => /^[^#]/.test(line))
    assert.match(everything, /^[\w-]{43}$/)
    assert.match(metrics, /^[\w-]{43}$/)
    assert.equal(scraping, `${metrics} metrics`)
    assert.deepEqual(more, [])
    assert.deepEqual(make(), [tokens, metrics])
  }))

test('its commands use existing options with valid values', async () => {
  const byFlag = new Map(Object.values(OPTIONS).map((option) => [option.flag, option]))
  const own = services.filter(([, service]) => isOwn(service) && service.entrypoint === undefined)
  assert.deepEqual(own.map(([name]) => name).sort(), ['produce', 'sample', 'xdr-pulse'])
  for (const [name, { command = [] }] of own) {
    const { stdout } = await pulse([command[0], '--help'])
    for (const word of command.filter((part) => part.startsWith('--'))) {
      const [flag, value] = word.split('=')
      const option = byFlag.get(flag)
      assert.ok(option !== undefined && stdout.includes(`${flag} `), `${name}: ${word}`)
      assert.ok(option.schema.safeParse(value).success, `${name}: ${word}`)
    }
  }
})
