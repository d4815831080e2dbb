// What a simulation is about: each must be reached by some seed, or the run proves nothing.

/** Situations, each as a sentence. */
export const SITUATIONS = {
  'kill-before-commit': 'a process is killed within a commit, of which nothing is durable',
  'kill-after-commit': 'a process is killed between a commit and its report',
  'kill-anywhere': 'a process is killed while it waits',
  'commit-failed': 'a commit fails as a whole',
  'write-failed': 'a write within a commit fails',
  'commit-unknown': 'a commit is reported as failed, and is durable',
  'between-partitions': 'one partition is committed, and the next one not',
  redelivery: 'a response begins before the position of its log',
  'void-delivery': 'a delivery is void when it arrives',
  'partial-batch': 'a response ends within a batch',
  'fetch-error': 'a broker answers a fetch with an error',
  'given-back': 'a partition is given back',
  'given-back-with-rows': 'a partition is given back with rows that are not committed',
  regained: 'a partition is read again after it was given back',
  'lease-over': 'the lease of a member ends while there is something to read',
  'excluded-member': 'a member is excluded from its group',
  'schema-wait': 'a log waits for a schema',
  'looked-at': 'rows are looked at before they are applied',
  'gap-passed': 'offsets were deleted before they were read',
  aborted: 'a transaction was aborted',
  holes: 'offsets are missing between records',
  outbox: 'a rejected row is in the outbox after a crash',
  'letter-again': 'a dead letter is sent again after a crash',
  'letters-refused': 'the dead-letter topic refuses a message',
  journal: 'the journal has entries after a crash',
  swept: 'a commit removes entries of the journal',
  'history-crash': 'a process is killed during a history',
  'time-order': 'files are read in the order of time',
  'order-kept': 'a file begun in the order of time is finished in it',
  paused: 'a replay is paused',
  'file-changed': 'a file changes while it is read',
  stopped: 'a process is stopped, and restarted',
  'two-topics': 'one partition of the state takes rows of two topics',
} as const

/** Name of a situation. */
export type Situation = keyof typeof SITUATIONS

/** All names. */
export const SITUATION_NAMES = Object.keys(SITUATIONS) as Situation[]
