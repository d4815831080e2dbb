// k-means with the elbow as a process: `node bench/kmeans-own.ts POINTS MOST` prints the inertia per k.
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { clusterUpTo, createSearch } from '../src/snapshot/kmeans/kmeans.ts'
import { buildTree } from '../src/snapshot/kmeans/tree.ts'

/** Features of each point. */
const DIMENSIONS = 3

const [path, most] = process.argv.slice(2)
const bytes = readFileSync(path)
const points = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8)
const order = Uint32Array.from({ length: points.length / DIMENSIONS }, (_, at) => at)
const [start, cpu] = [performance.now(), process.cpuUsage()]
const tree = buildTree(points, order, DIMENSIONS)
const found = clusterUpTo(createSearch(tree, Number(most), 1), Number(most))
const { user, system } = process.cpuUsage(cpu)
const answer = {
  version: 'own',
  wallSeconds: (performance.now() - start) / 1000,
  cpuSeconds: (user + system) / 1e6,
  inertia: found.map(({ inertia }) => inertia),
}
process.stdout.write(`${JSON.stringify(answer)}\n`)
