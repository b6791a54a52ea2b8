"""Writes the models that `cargo xtask bench` measures with: CLIPs of ViT-B/32's shapes and random weights, the same
weights once as clip.cpp's GGUF in q8_0 and once as the ONNX files that Transformers.js loads from a hub.

    OUT/{outliers,plain}/model.gguf
    OUT/{outliers,plain}/hub/{config,preprocessor_config,tokenizer,tokenizer_config}.json
    OUT/{outliers,plain}/hub/onnx/{vision_model,text_model}{,_quantized}.onnx
    OUT/outliers/hub/onnx/model{,_quantized}.onnx

`outliers` has channels that are much larger than the rest, as trained transformers have; `plain` has none, and serves the
figures on exactness alone. With `--check CLIPLET`, the path of the program `cliplet`, a small model is written first,
and what ONNX Runtime computes of its graphs is compared with what `cliplet embed --reference` computes of its GGUF.
"""

import argparse
import json
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from gguf import GGMLQuantizationType

import clip_file
import clip_onnx
import clip_vocabulary
import random_clip

VOCABULARY = Path(__file__).parent.parent / "crates/clip/tests/fixtures/tokens/clip-vocabulary.txt"
TOKENS = VOCABULARY.read_text(encoding="utf-8").removesuffix("\n").split("\n")

VIT_B_32 = random_clip.configuration(
    vision={"width": 768, "depth": 12, "heads": 12},
    text={"width": 512, "depth": 12, "heads": 8},
    projection=512,
    image_size=224,
    patch_size=32,
    vocabulary=len(TOKENS),
)
SMALL = random_clip.configuration(
    vision={"width": 96, "depth": 3, "heads": 3},
    text={"width": 64, "depth": 2, "heads": 2},
    projection=32,
    image_size=96,
    patch_size=16,
    vocabulary=len(TOKENS),
)
EXTRAS = clip_file.Extras(tokens=TOKENS, name="random weights of ViT-B/32's shapes")

# How well two f32 computations of the same graph must agree.
LEAST_COSINE = 0.9999

PROMPTS = [
    "",
    "a photo of a cat",
    "a photo of a giant panda beside a tree trunk",
    "isn't it?",
    " ".join(f"word{n}" for n in range(60)),
]


def write_gguf(path: Path, configuration: dict, weights: dict, kind: GGMLQuantizationType) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    clip_file.write(path, random_clip.attributes(configuration), weights, kind, EXTRAS)


def write_hub(folder: Path, configuration: dict, tokenizer) -> None:
    """The files beside the weights, as a CLIP repository of a hub has them."""
    size = configuration["vision_config"]["image_size"]
    preprocessor = {
        "image_processor_type": "CLIPImageProcessor",
        "do_resize": True,
        "size": {"shortest_edge": size},
        "resample": 3,
        "do_center_crop": True,
        "crop_size": {"height": size, "width": size},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": EXTRAS.image_mean,
        "image_std": EXTRAS.image_std,
        "do_convert_rgb": True,
    }
    end = clip_vocabulary.END_OF_TEXT
    tokenizer_config = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": configuration["text_config"]["max_position_embeddings"],
        "do_lower_case": True,
        "bos_token": clip_vocabulary.START_OF_TEXT,
        "eos_token": end,
        "pad_token": end,
        "unk_token": end,
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in [
        ("config", configuration),
        ("preprocessor_config", preprocessor),
        ("tokenizer_config", tokenizer_config),
    ]:
        (folder / f"{name}.json").write_text(json.dumps(value, indent=2) + "\n")
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)


def write_onnx(folder: Path, name: str, model: onnx.ModelProto) -> None:
    """A graph in f32 and in int8."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / f"{name}.onnx")
    onnx.save(clip_onnx.quantised(model), folder / f"{name}_quantized.onnx")


def write_vit_b_32(out: Path, tokenizer) -> None:
    for seed, (variant, outliers) in enumerate([("outliers", True), ("plain", False)], start=1):
        weights = random_clip.weights(VIT_B_32, seed, outliers)
        write_gguf(out / variant / "model.gguf", VIT_B_32, weights, GGMLQuantizationType.Q8_0)
        hub = out / variant / "hub"
        write_hub(hub, VIT_B_32, tokenizer)
        write_onnx(hub / "onnx", "vision_model", clip_onnx.vision_model(VIT_B_32, weights))
        write_onnx(hub / "onnx", "text_model", clip_onnx.text_model(VIT_B_32, weights))
        if outliers:
            write_onnx(hub / "onnx", "model", clip_onnx.whole_model(VIT_B_32, weights))


def png(pixels: np.ndarray) -> bytes:
    """An RGB8 picture of (height, width, 3) as a PNG file."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def random_pictures(size: int) -> list[np.ndarray]:
    """RGB8: noise, a gradient, blocks of colour."""
    random = np.random.default_rng(3)
    noise = random.integers(0, 256, (size, size, 3))
    ramp = np.linspace(0, 255, size)
    gradient = np.stack(np.broadcast_arrays(ramp, ramp[:, None], 90.0), -1)
    blocks = random.integers(0, 256, (4, 4, 3)).repeat(size // 4, 0).repeat(size // 4, 1)
    return [picture.astype(np.uint8) for picture in (noise, gradient, blocks)]


def run(session: onnxruntime.InferenceSession, **inputs: np.ndarray) -> dict[str, np.ndarray]:
    return dict(zip((output.name for output in session.get_outputs()), session.run(None, inputs)))


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def least_cosine(left: np.ndarray, right: np.ndarray) -> float:
    return float(np.min(np.sum(unit(left) * unit(right), -1)))


def check(cliplet: Path, tokenizer) -> None:
    """Compares ONNX Runtime with `cliplet embed --reference` on a small model, for each graph there is."""
    weights = random_clip.weights(SMALL, seed=1)
    size = SMALL["vision_config"]["image_size"]
    pictures = random_pictures(size)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        write_gguf(folder / "small.gguf", SMALL, weights, GGMLQuantizationType.F32)
        command = [cliplet, "embed", "--reference", "--model", folder / "small.gguf"]
        for number, picture in enumerate(pictures):
            (folder / f"{number}.png").write_bytes(png(picture))
            command += ["--image", folder / f"{number}.png"]
        command += [f"--text={prompt}" for prompt in PROMPTS]
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    reference = np.array([json.loads(line)["embedding"] for line in printed.splitlines()])
    images, texts = reference[: len(pictures)], reference[len(pictures) :]
    spread = unit(images) @ unit(images).T
    if len(reference) != len(pictures) + len(PROMPTS) or spread[~np.eye(len(images), dtype=bool)].max() > 0.999:
        raise SystemExit("The small model maps different pictures to the same point: it would prove nothing.")

    def session(model):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    mean, std = np.float32(EXTRAS.image_mean), np.float32(EXTRAS.image_std)
    pixels = ((np.stack(pictures) / np.float32(255) - mean) / std).transpose(0, 3, 1, 2).astype(np.float32)
    tokenizer.enable_truncation(77)
    alone = [np.array([tokenizer.encode(prompt).ids]) for prompt in PROMPTS]
    tokenizer.enable_padding(pad_id=len(TOKENS) - 1, pad_token=clip_vocabulary.END_OF_TEXT)
    padded = tokenizer.encode_batch(PROMPTS)
    ids = np.array([encoding.ids for encoding in padded])
    mask = np.array([encoding.attention_mask for encoding in padded])

    text = session(clip_onnx.text_model(SMALL, weights))
    vision = session(clip_onnx.vision_model(SMALL, weights))
    whole = run(session(clip_onnx.whole_model(SMALL, weights)), input_ids=ids, attention_mask=mask, pixel_values=pixels)
    of_each = np.concatenate([run(text, input_ids=row)["text_embeds"] for row in alone])
    scores = 100 * unit(images) @ unit(texts).T
    found = {
        "vision_model.onnx": least_cosine(run(vision, pixel_values=pixels)["image_embeds"], images),
        "text_model.onnx, prompts alone": least_cosine(of_each, texts),
        "text_model.onnx, prompts padded": least_cosine(run(text, input_ids=ids)["text_embeds"], texts),
        "model.onnx, pictures": least_cosine(whole["image_embeds"], images),
        "model.onnx, prompts": least_cosine(whole["text_embeds"], texts),
        "model.onnx, scores": least_cosine(whole["logits_per_image"], scores),
    }
    for name, cosine in found.items():
        print(f"{name}: least cosine with cliplet embed --reference {cosine:.7f}")
    if min(found.values()) < LEAST_COSINE:
        raise SystemExit(f"The graphs do not compute what Cliplet computes: each cosine should be {LEAST_COSINE} or more.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0], formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write")
    parser.add_argument("--check", type=Path, metavar="CLIPLET", help="the program to compare a small model with first")
    arguments = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    tokenizer = clip_vocabulary.tokenizer_of(TOKENS, clip_vocabulary.recovered_merges(TOKENS))
    if arguments.check:
        # Its own copy, since padding and truncation are settings of a tokenizer.
        check(arguments.check, clip_vocabulary.Tokenizer.from_str(tokenizer.to_str()))
    write_vit_b_32(arguments.out, tokenizer)


if __name__ == "__main__":
    main()
