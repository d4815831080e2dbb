// The health of a pipeline as of now: its throughput, and why it is not ready.
import type { PipelineView } from '../view.ts'
import { createReadiness, watchReadiness } from './readiness.ts'
import { createThroughputMeter, meterView, type Throughput } from './throughput.ts'

/** What the server derives from the messages of the pipeline. */
export interface Health {
  throughput: Throughput
  /** Why the pipeline is not ready, in a sentence; null when it is ready. */
  notReady: string | null
}

/** Follows the messages of a pipeline. */
export interface HealthWatch {
  /** The health as of now. */
  read(): Health
  /** Unsubscribes from the pipeline. */
  stop(): void
}

/** Follows `view` from now on; `now` returns milliseconds since 1970. */
export function watchHealth(view: PipelineView, now: () => number): HealthWatch {
  const meter = createThroughputMeter()
  const readiness = createReadiness(view)
  const unsubscribers = [meterView(view, meter, now), watchReadiness(view, readiness, now)]
  return {
    read: () => ({ throughput: meter.read(now()), notReady: readiness.reason(now()) }),
    stop() {
      for (const unsubscribe of unsubscribers) unsubscribe()
    },
  }
}
