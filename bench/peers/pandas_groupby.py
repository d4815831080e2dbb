# pandas beside a replay. "sums": reads the columns that are summed and sums them by subscriber.
# "aggregate": reads all the columns a replay reads and makes the same 21 numbers, times included.
# Neither cleans, keeps hours, or writes anything.
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
# Arrow opens the file itself. A file that Python opens is closed by a thread of Arrow's that wants
# Python's lock, and when that meets the end of Python, the process aborts (apache/arrow#34314).
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
