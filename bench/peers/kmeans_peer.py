# The peer of k-means with the elbow: scikit-learn on the same points, for k = 1 to MOST.
#   python kmeans_peer.py POINTS MOST STARTS,STARTS
# Ten starts per k are what its users choose when the result matters; one is its default for k-means++.
import json
import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = "2"
import numpy as np
import sklearn
from sklearn.cluster import KMeans

points = np.fromfile(sys.argv[1], dtype=np.float64).reshape(-1, 3)
inits = [int(text) for text in sys.argv[3].split(",")]
answers = []
for n_init in inits:
    wall, cpu = time.perf_counter(), time.process_time()
    inertia = [
        float(KMeans(n_clusters=k, n_init=n_init, random_state=1).fit(points).inertia_)
        for k in range(1, int(sys.argv[2]) + 1)
    ]
    answers.append(
        {
            "version": f"{sklearn.__version__}, n_init={n_init}",
            "wallSeconds": time.perf_counter() - wall,
            "cpuSeconds": time.process_time() - cpu,
            "inertia": inertia,
        }
    )
print(json.dumps(answers))
