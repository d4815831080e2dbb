// The phases of computing a snapshot, for timing.

/** top: totals, tops, applications, distributions; elbow: tree and all k; kmeans: the rest. */
export type Phase = 'top' | 'scale' | 'elbow' | 'kmeans'
