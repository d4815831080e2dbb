# The pandas peer of the replay bench. "sums" reads the summed columns and sums them by subscriber.
# "aggregate" reads all columns that a replay reads and computes the same 21 numbers, with times.
# Neither validates, sums by hour or writes anything.
import sys

import pandas as pd
from pyarrow.fs import LocalFileSystem

APPLICATIONS = ["Social Media", "Google", "Email", "Youtube", "Netflix", "Gaming", "Other"]
KEY = "MSISDN/Number"
SUMS = ["Dur. (ms)", "Total DL (Bytes)", "Total UL (Bytes)"] + [
    f"{name} {way} (Bytes)" for name in APPLICATIONS for way in ("DL", "UL")
]
TIMES = ["Start", "Start ms", "End", "End ms"]


def moment(rows, name):
    times = pd.to_datetime(rows[name], format="%m/%d/%Y %H:%M", errors="coerce")
    return times + pd.to_timedelta(rows[f"{name} ms"], unit="ms")


aggregate = sys.argv[2] == "aggregate"
columns = [KEY, "Bearer Id", *SUMS, *(TIMES if aggregate else [])]
# Arrow opens the file itself. A file opened by Python is closed by a thread of Arrow that needs
# Python's lock; at the end of the interpreter this aborts the process (apache/arrow#34314).
rows = pd.read_parquet(sys.argv[1], columns=columns, filesystem=LocalFileSystem())
if aggregate:
    rows["first"], rows["last"] = moment(rows, "Start"), moment(rows, "End")
groups = rows.groupby(KEY, sort=False)
sums = groups[SUMS].sum()
sums["sessions"] = groups["Bearer Id"].count()
if aggregate:
    sums["records"] = groups.size()
    sums["first"], sums["last"] = groups["first"].min(), groups["last"].max()
print(len(rows), len(sums))
