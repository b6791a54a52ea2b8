"""Measures `cliplet embed` beside OpenCLIP in PyTorch and ONNX Runtime in Python: pictures per second and peak memory. `cargo xtask bench --native`
runs it, with a plan of what lies where, and makes a table of what it writes.

Everybody has the same weights, of ViT-B/32's shapes, and the same processors: as many as it has threads. Two figures are taken:

- `forward`: the image tower alone, on pixels that are ready in memory, in batches of the size that each is fastest with;
- `files`: from JPEG files on a disk to embeddings. For the rivals that is Python's usual way, Pillow and torchvision in a DataLoader with as
  many workers as threads, or none where that is faster, and the time without starting Python and loading the model. For Cliplet it is the whole
  command, with the start, the model and the file it writes.

Each measurement is a process of its own. One after the other has a turn, and then all again, so that a machine that grows slower does so for all.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
PHOTOGRAPHS = [*sorted((ROOT / "public/samples").glob("*.jpg"))]

# Files that are embedded, and their size and quality: those of pictures as collections have them.
FILES, FILE_SIZE, QUALITY = 192, (640, 480), 90
# Pictures whose pixels are ready, and the batches that are tried.
READY, BATCHES = 32, (1, 4, 8, 16, 32)
# Seconds that a batch is repeated for.
SECONDS = 1.5
# What contestants' embeddings must have in common at least. Eight bits cost something, and
# everybody decodes and resizes a little otherwise.
LEAST_COSINE = {"open-clip": 0.999, "ort-int8": 0.99}


def write_files(folder: Path) -> list[Path]:
    """Parts of the samples, each another one."""
    from PIL import Image

    paths = []
    for number in range(FILES):
        photograph = Image.open(PHOTOGRAPHS[number % len(PHOTOGRAPHS)]).convert("RGB")
        width, height = photograph.size
        part = 0.5 + number * 37 % FILES / FILES / 2
        w = min(width, height * 4 // 3) * part
        left, top = (width - w) * (number * 13 % 100) / 100, (height - w * 3 / 4) * (number * 29 % 100) / 100
        path = folder / f"{number:03}.jpg"
        box = (left, top, left + w, top + w * 3 / 4)
        photograph.resize(FILE_SIZE, Image.Resampling.LANCZOS, box).save(path, quality=QUALITY)
        paths.append(path)
    return paths


def preparation():
    """OpenCLIP's, which is torchvision's over Pillow."""
    from open_clip.transform import image_transform

    return image_transform(224, is_train=False, interpolation="bicubic", resize_mode="shortest")


class Files:
    """Pictures' files as a torch dataset of what the model takes."""

    def __init__(self, paths):
        self.paths, self.prepare = paths, preparation()

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, at):
        from PIL import Image

        return self.prepare(Image.open(self.paths[at]))


def open_clip_tower(plan, threads):
    """A function from pixels to embeddings: OpenCLIP in f32 with the weights of the ONNX graph, which are everybody's."""
    import onnx
    import open_clip
    import torch
    from onnx import numpy_helper

    from open_clip_names import to_open_clip

    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    found = {}
    constants = []
    for initializer in onnx.load(plan["onnx_f32"]).graph.initializer:
        array = torch.from_numpy(numpy_helper.to_array(initializer).copy())
        name = initializer.name.removesuffix(".T")
        found[name] = array.T if name != initializer.name else array
        constants.append(array)
    # The graph has these two as constants without names.
    embeddings = "vision_model.embeddings"
    found[f"{embeddings}.class_embedding"] = next(array[0, 0] for array in constants if array.shape == (1, 1, 768))
    found[f"{embeddings}.position_embedding.weight"] = next(array[0] for array in constants if array.shape == (1, 50, 768))
    model = open_clip.create_model("ViT-B-32", precision="fp32").eval()
    names = [name for name in model.state_dict() if name.startswith("visual.")]
    model.load_state_dict(to_open_clip(names, found), strict=False)
    tower = model.visual

    def encode(pixels):
        with torch.inference_mode():
            return torch.nn.functional.normalize(tower(torch.as_tensor(pixels)), dim=-1).numpy()

    return encode


def onnx_tower(plan, threads):
    """The same by ONNX Runtime with the int8 graph."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(plan["onnx_int8"], options, providers=["CPUExecutionProvider"])

    def encode(pixels):
        (embeddings,) = session.run(None, {"pixel_values": np.asarray(pixels)})
        return embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)

    return encode


TOWERS = {"open-clip": open_clip_tower, "ort-int8": onnx_tower}


def per_second(encode, pixels) -> float:
    """Pictures per second, in the batches that are fastest."""
    rates = []
    for batch in BATCHES:
        encode(pixels[:batch])
        done, started = 0, time.perf_counter()
        while (passed := time.perf_counter() - started) < SECONDS:
            begin = done % (len(pixels) - batch + 1)
            encode(pixels[begin : begin + batch])
            done += batch
        rates.append(done / passed)
    return max(rates)


def rival(plan, name: str, figure: str, threads: int) -> dict:
    """Measures a rival, in a process that has nothing else to do."""
    encode = TOWERS[name](plan, threads)
    if figure == "forward":
        return {"per_second": per_second(encode, np.load(plan["pixels"]))}
    import torch

    torch.set_num_threads(threads)
    paths = sorted(Path(plan["files"]).iterdir())
    rates = []
    for workers in sorted({0, threads if threads > 1 else 0}):
        encode(np.zeros((1, 3, 224, 224), np.float32))
        started = time.perf_counter()
        embeddings = [
            encode(pixels.numpy()) for pixels in torch.utils.data.DataLoader(Files(paths), batch_size=16, num_workers=workers)
        ]
        rates.append(len(paths) / (time.perf_counter() - started))
    np.save(plan["embeddings"], np.concatenate(embeddings))
    return {"per_second": max(rates)}


def measured(command, threads: int, **options):
    """What a command prints, its seconds and its peak memory in bytes, on as many processors as it has threads."""
    processors = sorted(os.sched_getaffinity(0))[:threads]
    environment = dict(os.environ, RAYON_NUM_THREADS=str(threads), OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=lambda: os.sched_setaffinity(0, processors),
        **options,
    )
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        raise SystemExit(f"{command[0]} failed, with the status {status}.")
    return printed, seconds, usage.ru_maxrss * 1024


def measure(plan, contestant: str, figure: str, threads: int) -> dict:
    if contestant != "cliplet":
        again = [sys.executable, __file__, plan["itself"], "--rival", contestant, figure, threads]
        printed, _, memory = measured(again, threads, stderr=subprocess.DEVNULL)
        return {**json.loads(printed), "memory": memory}
    if figure == "forward":
        command = [plan["forward"], plan["gguf"], plan["raw_pixels"], SECONDS, *BATCHES]
        printed, _, memory = measured(command, threads)
        return {**json.loads(printed), "memory": memory}
    command = [plan["cliplet"], "embed", "--model", plan["gguf"], "--out", plan["embeddings"], plan["files"]]
    _, seconds, memory = measured(command, threads)
    return {"per_second": FILES / seconds, "memory": memory}


def unit_cosines(a, b):
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def prepare(folder: Path) -> None:
    """Writes the files, and the pixels of some of them, into a folder."""
    files = folder / "files"
    files.mkdir()
    prepared = Files(write_files(files))
    pixels = np.stack([prepared[at].numpy() for at in range(READY)])
    np.save(folder / "pixels.npy", pixels)
    pixels.astype("<f4").tofile(folder / "pixels.raw")


def compare(plan) -> dict:
    plan_of = json.loads(Path(plan).read_text())
    threads, rounds = plan_of["threads"], plan_of["rounds"]
    contestants = ["cliplet", *TOWERS]
    samples = []
    with tempfile.TemporaryDirectory(dir=Path(plan).parent) as temporary:
        temporary = Path(temporary)
        # In a process of its own: what this one has had in memory counts as the peak of those that
        # it starts.
        subprocess.run([sys.executable, __file__, plan, "--prepare", temporary], check=True)
        itself = temporary / "plan.json"
        plan_of |= {
            "itself": str(itself),
            "files": str(temporary / "files"),
            "pixels": str(temporary / "pixels.npy"),
            "raw_pixels": str(temporary / "pixels.raw"),
            "embeddings": str(temporary / "embeddings.npy"),
        }
        itself.write_text(json.dumps(plan_of))
        embeddings = {}
        for round_number in range(rounds):
            for count in threads:
                for figure in ("forward", "files"):
                    for contestant in contestants:
                        sample = measure(plan_of, contestant, figure, count)
                        samples.append({"contestant": contestant, "figure": figure, "threads": count, **sample})
                        print(
                            f"    round {round_number + 1}, {figure}, threads {count}, {contestant}: "
                            f"{sample['per_second']:.1f} a second, {sample['memory'] / 1e6:.0f} MB",
                            file=sys.stderr,
                        )
                        if figure == "files":
                            embeddings[contestant] = np.load(plan_of["embeddings"])
    cosines = {name: float(unit_cosines(embeddings["cliplet"], embeddings[name]).min()) for name in TOWERS}
    for name, cosine in cosines.items():
        if cosine < LEAST_COSINE[name]:
            raise SystemExit(f"{name} computes something else: its embeddings have cosines of {cosine:.5f} with Cliplet's.")
    return {"samples": samples, "cosines": cosines, "model_bytes": Path(plan_of["gguf"]).stat().st_size}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plan", type=Path, help="a JSON file that says what lies where, how often and with how many threads")
    parser.add_argument("--rival", nargs=3, metavar=("NAME", "FIGURE", "THREADS"), help="measure one rival, and print what came of it")
    parser.add_argument("--prepare", type=Path, metavar="FOLDER", help="write the pictures")
    arguments = parser.parse_args()
    if arguments.prepare:
        prepare(arguments.prepare)
        return
    if arguments.rival:
        name, figure, threads = arguments.rival
        print(json.dumps(rival(json.loads(arguments.plan.read_text()), name, figure, int(threads))))
        return
    results = compare(arguments.plan)
    Path(json.loads(arguments.plan.read_text())["results"]).write_text(json.dumps(results))


if __name__ == "__main__":
    main()
