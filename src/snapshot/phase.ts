// The phases of computing a snapshot, for timing.

/** top: totals, top lists, applications, distributions; elbow: the tree and all k; kmeans: the rest. */
export type Phase = 'top' | 'scale' | 'elbow' | 'kmeans'
