"""Embeds a collection with Ray Data (pip install "ray[data]"): a folder's pictures, on every machine of the cluster.

    python examples/ray_data.py MODEL OUT FOLDER

Each task hands some thousand paths to a `cliplet embed` of its own, which must be on the PATH of every machine, as MODEL and FOLDER
must be under the same names. Ray starts on this machine alone if no cluster is named in RAY_ADDRESS.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import ray

PICTURES = {".jpg", ".jpeg", ".png", ".webp"}


def embed(batch: dict[str, np.ndarray], model: str) -> dict[str, np.ndarray]:
    """Paths in, paths and embeddings out. What cannot be read is named on stderr and left out."""
    paths = "\0".join(batch["path"])
    command = ["cliplet", "embed", "--model", model, "--null", "--files-from", "-"]
    run = subprocess.run(command, input=paths, stdout=subprocess.PIPE, text=True)
    if run.returncode not in (0, 1):
        raise RuntimeError(f"cliplet ended with {run.returncode}")
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    if not rows and run.returncode:
        raise RuntimeError("cliplet could use none of the pictures; its own message says why")
    embeddings = np.array([row["embedding"] for row in rows], dtype=np.float32)
    return {"path": np.array([row["image"] for row in rows]), "embedding": embeddings}


def main() -> None:
    model, out, folder = sys.argv[1:]
    found = sorted(Path(folder).rglob("*"))
    paths = [{"path": str(path)} for path in found if path.suffix.lower() in PICTURES]
    # A task has all cores of a machine, as cliplet takes them.
    cores = min(int(node["Resources"].get("CPU", 1)) for node in ray.nodes())
    embedded = ray.data.from_items(paths).map_batches(embed, batch_size=4096, fn_kwargs={"model": model}, num_cpus=cores)
    embedded.write_parquet(out)


if __name__ == "__main__":
    ray.init()
    main()
