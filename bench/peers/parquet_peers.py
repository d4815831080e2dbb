# Peers of a replay, on the same work: the same cleaning and the same 21 numbers of each subscriber.
#
#   python parquet_peers.py ENGINE FILE SECONDS_OR_MS
#
# Each engine reads Parquet, rejects the rows that a replay rejects, counts missing numbers as 0, rounds
# the others, and keeps the result per subscriber in memory, with two threads. None of them checks units
# and formats, keeps rejected rows, sums by hour, writes a state, or can continue after a crash.
# Prints one line of JSON: the version, and totals that must equal those of the replay.
import json
import os
import sys

ENGINE, FILE, UNIT = sys.argv[1:4]
THREADS = 2
os.environ["POLARS_MAX_THREADS"] = str(THREADS)

APPLICATIONS = ["Social Media", "Google", "Email", "Youtube", "Netflix", "Gaming", "Other"]
MSISDN, BEARER, DURATION = "MSISDN/Number", "Bearer Id", "Dur. (ms)"
AMOUNTS = [DURATION, "Total DL (Bytes)", "Total UL (Bytes)"] + [
    f"{name} {way} (Bytes)" for name in APPLICATIONS for way in ("DL", "UL")
]
TIMES = ["Start", "Start ms", "End", "End ms"]
LIMIT = 2**53
FACTOR = 1000 if UNIT == "s" else 1
PLACES = range(len(AMOUNTS))


def factor(place):
    return FACTOR if place == 0 else 1


def report(version, totals):
    names = ["subscribers", "records", "sessions", "durationMs", "downlinkBytes", "uplinkBytes"]
    names += ["firstStartMs", "lastEndMs"]
    print(json.dumps({"version": version, **dict(zip(names, [int(n or 0) for n in totals]))}))


TOTALS = """SELECT count(*), sum(records), sum(sessions), sum(a0), sum(a1), sum(a2), {first}, {last}"""


def duckdb_peer():
    import duckdb

    def moment(name):
        part = f'"{name} ms"'
        time = f"epoch_ms(try_strptime(\"{name}\", '%m/%d/%Y %H:%M'))"
        return f"{time} + CASE WHEN {part} > 0 AND {part} < 1000 THEN {part} ELSE 0 END"

    valid = [f'm > 0 AND m < 1e15 AND m = floor(m)'] + [
        f"(isnan(x{i}) OR x{i} IS NULL OR (x{i} >= 0 AND x{i} < {LIMIT}))" for i in PLACES
    ]
    raw = [f'"{name}" * {factor(i)} AS x{i}' for i, name in enumerate(AMOUNTS)]
    clean = [f"sum(CASE WHEN isnan(x{i}) THEN 0 ELSE round(x{i}) END) AS a{i}" for i in PLACES]
    con = duckdb.connect(config={"threads": THREADS})
    con.execute(
        f"""CREATE TEMP TABLE found AS SELECT m, count(*) AS records,
            count(*) FILTER (b IS NOT NULL AND NOT isnan(b)) AS sessions, {", ".join(clean)},
            min(first) AS first, max(last) AS last
        FROM (SELECT "{MSISDN}" AS m, "{BEARER}" AS b, {", ".join(raw)},
            {moment("Start")} AS first, {moment("End")} AS last FROM read_parquet('{FILE}'))
        WHERE {" AND ".join(valid)} GROUP BY m"""
    )
    totals = TOTALS.format(first="min(first)", last="max(last)")
    report(duckdb.__version__, con.execute(f"{totals} FROM found").fetchone())


def polars_peer():
    import polars as pl

    def moment(name):
        part = pl.col(f"{name} ms")
        time = pl.col(name).str.strptime(pl.Datetime("ms"), "%m/%d/%Y %H:%M", strict=False)
        known = (part > 0) & (part < 1000)
        return time.dt.epoch("ms") + pl.when(known).then(part).otherwise(0)

    m = pl.col(MSISDN)
    xs = [pl.col(name) * factor(i) for i, name in enumerate(AMOUNTS)]
    valid = (m > 0) & (m < 1e15) & (m == m.floor())
    for x in xs:
        valid &= x.is_null() | x.is_nan() | ((x >= 0) & (x < LIMIT))
    sums = [
        (x.fill_nan(0).fill_null(0) + 0.5).floor().sum().alias(f"a{i}") for i, x in enumerate(xs)
    ]
    found = (
        pl.scan_parquet(FILE)
        .select([MSISDN, BEARER, *AMOUNTS, *TIMES])
        .filter(valid)
        .group_by(MSISDN)
        .agg(
            pl.len().alias("records"),
            pl.col(BEARER).fill_nan(None).count().alias("sessions"),
            *sums,
            moment("Start").min().alias("first"),
            moment("End").max().alias("last"),
        )
        .collect(engine="streaming")
    )
    sum_of = [found[name].sum() for name in ["records", "sessions", "a0", "a1", "a2"]]
    report(pl.__version__, [found.height, *sum_of, found["first"].min(), found["last"].max()])


def chdb_peer():
    import chdb

    def moment(name):
        part = f"`{name} ms`"
        time = f"toUnixTimestamp(parseDateTimeOrNull(`{name}`, '%c/%e/%Y %k:%i', 'UTC')) * 1000"
        return f"{time} + if({part} > 0 AND {part} < 1000, {part}, 0)"

    valid = ["m > 0 AND m < 1e15 AND m = floor(m)"] + [
        f"(isNull(x{i}) OR isNaN(x{i}) OR (x{i} >= 0 AND x{i} < {LIMIT}))" for i in PLACES
    ]
    raw = [f"`{name}` * {factor(i)} AS x{i}" for i, name in enumerate(AMOUNTS)]
    clean = [f"sum(if(isNaN(ifNull(x{i}, 0)), 0, floor(ifNull(x{i}, 0) + 0.5))) AS a{i}" for i in PLACES]
    totals = TOTALS.format(first="min(first)", last="max(last)")
    answer = chdb.query(
        f"""{totals} FROM (SELECT m, count() AS records,
            countIf(b IS NOT NULL AND NOT isNaN(assumeNotNull(b))) AS sessions, {", ".join(clean)},
            min(first) AS first, max(last) AS last
        FROM (SELECT `{MSISDN}` AS m, `{BEARER}` AS b, {", ".join(raw)},
            {moment("Start")} AS first, {moment("End")} AS last FROM file('{FILE}', Parquet))
        WHERE {" AND ".join(valid)} GROUP BY m)
        SETTINGS max_threads = {THREADS} FORMAT TabSeparated""",
    )
    numbers = [float(text) for text in str(answer).strip().split("\t")]
    report(f"{chdb.__version__} (ClickHouse {chdb.engine_version})", numbers)


def pandas_peer():
    import numpy as np
    import pandas as pd
    from pyarrow.fs import LocalFileSystem

    def moment(name):
        times = pd.to_datetime(rows[name], format="%m/%d/%Y %H:%M", errors="coerce")
        part = rows[f"{name} ms"]
        part = part.where((part > 0) & (part < 1000), 0)
        return (times - pd.Timestamp(0)) / pd.Timedelta(milliseconds=1) + part

    # Arrow opens the file itself: see pandas_groupby.py.
    columns = [MSISDN, BEARER, *AMOUNTS, *TIMES]
    rows = pd.read_parquet(FILE, columns=columns, filesystem=LocalFileSystem())
    rows[DURATION] *= FACTOR
    m = rows[MSISDN]
    valid = (m > 0) & (m < 1e15) & (m == np.floor(m))
    for name in AMOUNTS:
        valid &= ~((rows[name] < 0) | (rows[name] >= LIMIT))
    rows = rows[valid]
    numbers = np.floor(rows[AMOUNTS].fillna(0) + 0.5)
    numbers[MSISDN], numbers[BEARER] = rows[MSISDN], rows[BEARER]
    numbers["first"], numbers["last"] = moment("Start"), moment("End")
    groups = numbers.groupby(MSISDN, sort=False)
    found = groups[AMOUNTS].sum()
    found["records"], found["sessions"] = groups.size(), groups[BEARER].count()
    found["first"], found["last"] = groups["first"].min(), groups["last"].max()
    sums = [found[name].sum() for name in ["records", "sessions", *AMOUNTS[:3]]]
    report(pd.__version__, [len(found), *sums, found["first"].min(), found["last"].max()])


{"duckdb": duckdb_peer, "polars": polars_peer, "chdb": chdb_peer, "pandas": pandas_peer}[ENGINE]()
