"""Reads a folder of parts with other people's programs, as a folder and as a pattern, and prints the paths that each finds, sorted.

    python read_collection.py FORMAT FOLDER

A reader that fails ends this with its own message.
"""

import glob
import json
import sys

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq

form, folder = sys.argv[1:]
pattern = f"{folder}/*.{form}"
column = {"parquet": "path"}.get(form, "image")


def duck(what: str) -> list[str]:
    rows = duckdb.connect().sql(f"SELECT {column} FROM {what}").fetchall()
    return [row[0] for row in rows]


def arrow(table) -> list[str]:
    return table.column(column).to_pylist()


def each(read) -> list[str]:
    """pandas reads one file of these at a time."""
    return pd.concat([read(path) for path in glob.glob(pattern)])[column].tolist()


readers = {
    "parquet": {
        "DuckDB, pattern": lambda: duck(f"'{pattern}'"),
        "DuckDB, all files": lambda: duck(f"read_parquet('{folder}/*')"),
        "DuckDB, below": lambda: duck(f"read_parquet('{folder}/**/*.parquet')"),
        "Polars, folder": lambda: pl.read_parquet(folder)[column].to_list(),
        "Polars, lazily": lambda: pl.scan_parquet(folder).collect()[column].to_list(),
        "Polars, pattern": lambda: pl.read_parquet(pattern)[column].to_list(),
        "pandas, folder": lambda: pd.read_parquet(folder)[column].tolist(),
        "pandas, pattern": lambda: each(pd.read_parquet),
        "pyarrow, folder": lambda: arrow(pq.read_table(folder)),
        "pyarrow, dataset": lambda: arrow(ds.dataset(folder, format="parquet").to_table()),
        "pyarrow, pattern": lambda: arrow(pq.read_table(glob.glob(pattern))),
    },
    # Among names that are numbers DuckDB does not look for a header by itself.
    "csv": {
        "DuckDB, pattern": lambda: duck(f"read_csv('{pattern}', header = true)"),
        "DuckDB, all files": lambda: duck(f"read_csv('{folder}/*', header = true)"),
        "Polars, folder": lambda: pl.scan_csv(folder).collect()[column].to_list(),
        "Polars, pattern": lambda: pl.read_csv(pattern)[column].to_list(),
        "pandas, pattern": lambda: each(pd.read_csv),
        "pyarrow, dataset": lambda: arrow(ds.dataset(folder, format="csv").to_table()),
    },
    "jsonl": {
        "DuckDB, pattern": lambda: duck(f"read_json('{pattern}')"),
        "Polars, folder": lambda: pl.scan_ndjson(folder).collect()[column].to_list(),
        "Polars, pattern": lambda: pl.scan_ndjson(pattern).collect()[column].to_list(),
        "pandas, pattern": lambda: each(lambda path: pd.read_json(path, lines=True)),
        "pyarrow, dataset": lambda: arrow(ds.dataset(folder, format="json").to_table()),
    },
}
for name, read in readers[form].items():
    print(json.dumps({"reader": name, "paths": sorted(read())}))
