// The script of a thread of the snapshot thread's crew: it takes starts that are left.
//
// It sleeps in Atomics.wait instead of its event loop, because the snapshot thread computes without
// returning to its own. It is terminated with that thread, at any point: it never touches the state.
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { assert } from '../errors.ts'
import { createFilters, takeStartsFor, type Filters } from '../snapshot/kmeans/descents.ts'
import type { CrewData, CrewRequest } from './descent-crew.ts'
import { lowerPriority } from './thread-priority.ts'

assert(parentPort !== null, 'the script of the crew is started as a worker thread')
const { sent } = workerData as CrewData
let filters: Filters | null = null

function answer(request: CrewRequest): void {
  if (request.type === 'trees') {
    // The first search has the usual priority, as the first snapshot.
    if (filters !== null) lowerPriority()
    filters = createFilters(request.trees)
  } else if (filters !== null) {
    takeStartsFor(filters, request.descents)
  }
}

for (let seen = 0; ; seen = Atomics.load(sent, 0)) {
  for (let next; (next = receiveMessageOnPort(parentPort)) !== undefined;) {
    answer(next.message as CrewRequest)
  }
  Atomics.wait(sent, 0, seen)
}
