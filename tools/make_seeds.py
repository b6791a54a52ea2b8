"""Writes crates/fuzz-inputs/seeds/: right files, as small as they can be, that hostile ones begin as.

A fuzzer changes a few bytes of a file and looks whether that led somewhere new, many thousand times a second. So what it begins with has next
to no weights, a vocabulary of some letters and pictures of some pixels, and one file of each kind that is read otherwise: each type of weights,
each way of writing pixels down. The weights are random, which is all the same here.
"""

import argparse
import collections
import io
import json
import shutil
import struct
import zipfile
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from gguf import GGUFReader
from PIL import Image
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

import clip_file
import clip_vocabulary
import make_efficientnet as efficientnet
import random_clip
from make_pictures import png_of_sixteen_bits
from open_clip_names import to_open_clip

DEFAULT_OUT = Path(__file__).parent.parent / "crates/fuzz-inputs/seeds"

MERGES = [("a", "t"), ("c", "at</w>"), ("o", "f</w>"), ("a", "t</w>")]
LETTERS = list("acfhopt'") + [chr(0x120)]


def entries() -> list[str]:
    ends = [letter + clip_vocabulary.END_OF_WORD for letter in LETTERS]
    merged = [left + right for left, right in MERGES if left + right != "cat</w>"] + ["cat</w>"]
    return LETTERS + ends + merged + [clip_vocabulary.START_OF_TEXT, clip_vocabulary.END_OF_TEXT]


def tokenizer() -> Tokenizer:
    return clip_vocabulary.tokenizer_of(entries(), [*MERGES[:1], *MERGES[2:], ("c", "at</w>")])


def configuration(width: int) -> dict:
    """A CLIP of one block a tower, for pictures of 4 x 4 pixels and texts of 8 tokens."""
    shape = {"width": width, "depth": 1, "heads": 2}
    whole = random_clip.configuration(shape, shape, width, 4, 2, len(entries()))
    for tower in ("text_config", "vision_config"):
        whole[tower]["intermediate_size"] = width
    whole["text_config"]["max_position_embeddings"] = 8
    return whole


def small(text: str) -> str:
    return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))


def make_models(out: Path) -> None:
    for kind in (Type.F32, Type.F16, Type.Q8_0, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1):
        # A row of a quantised matrix has at least a block.
        config = configuration(4 if kind in (Type.F32, Type.F16) else 32)
        # A file without a tokenizer.json has its tokenizer from its tokens.
        json_inside = kind in (Type.F32, Type.Q8_0)
        extras = clip_file.Extras(
            tokens=entries(),
            tokenizer_json=small(tokenizer().to_str()) if json_inside else None,
            logit_scale=50.0 if json_inside else None,
            alignment=64 if kind == Type.F16 else None,
        )
        weights = random_clip.weights(config, seed=1, outliers=False)
        clip_file.write(out / f"{kind.name.lower()}.gguf", random_clip.attributes(config), weights, kind, extras)
    make_efficientnet(out / "efficientnet.gguf", GGUFReader(out / "f32.gguf"))


def make_efficientnet(path: Path, other: GGUFReader) -> None:
    """With the text tower of the other."""
    stages = [efficientnet.Stage(1, 1, 3, 1, 3), efficientnet.Stage(2, 2, 3, 2, 4)]
    case = efficientnet.Case("seed", Type.F32, 8, 3, stages, 5, 6, other.fields["clip.text.projection_dim"].contents())
    tower = efficientnet.RandomTower(case)
    with torch.inference_mode():
        tower.embed(torch.rand((2, 3, 8, 8), generator=tower.generator))
    efficientnet.write(path, case, tower.weights, other)


def weights() -> dict[str, np.ndarray]:
    config = configuration(4)
    return {**random_clip.weights(config, seed=1, outliers=False), "logit_scale": np.array(np.log(50.0), np.float32)}


OPEN_CLIP = [
    "positional_embedding", "text_projection", "logit_scale", "token_embedding.weight", "ln_final.weight", "ln_final.bias",
    "visual.class_embedding", "visual.positional_embedding", "visual.proj", "visual.conv1.weight",
    *(f"visual.{norm}.{part}" for norm in ("ln_pre", "ln_post") for part in ("weight", "bias")),
    *(
        f"{tower}transformer.resblocks.0.{name}"
        for tower in ("", "visual.")
        for name in (
            "attn.in_proj_weight", "attn.in_proj_bias",
            *(f"{layer}.{part}" for layer in ("ln_1", "ln_2", "attn.out_proj", "mlp.c_fc", "mlp.c_proj") for part in ("weight", "bias")),
        )
    ),
]  # fmt: skip


def open_clip_weights() -> dict[str, torch.Tensor]:
    return to_open_clip(OPEN_CLIP, {name: torch.from_numpy(value) for name, value in weights().items()})


def make_repository(out: Path) -> None:
    """The small files for `make_weights`."""
    (out / "config.json").write_text(json.dumps(configuration(4)) + "\n")
    (out / "tokenizer.json").write_text(small(tokenizer().to_str()) + "\n", encoding="utf-8")
    pixels = {"size": {"shortest_edge": 4}, "crop_size": {"height": 4, "width": 4}, "resample": 3}
    (out / "preprocessor_config.json").write_text(json.dumps(pixels) + "\n")


def make_weights(out: Path) -> None:
    for name, dtype in (("f32", np.float32), ("f16", np.float16)):
        save_file({key: value.astype(dtype) for key, value in weights().items()}, out / f"{name}.safetensors")
    fused = {key: value.numpy() for key, value in open_clip_weights().items()}
    save_file(fused, out / "open_clip.safetensors", metadata={"format": "pt"})


def make_pickles(out: Path) -> None:
    def write(name: str, saved) -> None:
        """An archive as PyTorch writes it."""
        torch.save(saved, out / name)

    def write_pickle(name: str, saved) -> None:
        """The pickle alone: the target puts it into an archive."""
        buffer = io.BytesIO()
        torch.save(saved, buffer)
        with zipfile.ZipFile(buffer) as archive:
            (out / name).write_bytes(archive.read("archive/data.pkl"))

    write_pickle("transformers.pkl", {name: torch.from_numpy(value) for name, value in weights().items()})
    # What a training leaves.
    module = collections.OrderedDict((f"module.{name}", value.half()) for name, value in open_clip_weights().items())
    optimizer = {"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.98)}]}
    write_pickle("training.pkl", {"epoch": 1, "name": "small", "state_dict": module, "optimizer": optimizer})
    # Tensors that share their numbers, one of them turned.
    matrix = torch.arange(12.0).reshape(3, 4)
    shared = {"a": matrix, "b": matrix.T, "c": torch.nn.Parameter(matrix.bfloat16())}
    write_pickle("shared.pkl", shared)
    write("shared.bin", shared)
    write("one.bin", collections.OrderedDict(x=torch.zeros(1)))


def make_tokenizers(out: Path) -> None:
    def write(name: str, tokenizer: Tokenizer) -> None:
        (out / f"{name}.json").write_text(small(tokenizer.to_str()), encoding="utf-8")

    write("clip", tokenizer())
    ends = [clip_vocabulary.START_OF_TEXT, clip_vocabulary.END_OF_TEXT]
    around = processors.TemplateProcessing(single=f"{ends[0]} $A {ends[1]}", special_tokens=[(ends[0], 8), (ends[1], 9)])
    words = {word: place for place, word in enumerate(["[UNK]", "a", "photo", "of", "cat", "##t", "'", "s", *ends])}
    piece = Tokenizer(models.WordPiece(words, unk_token="[UNK]"))
    piece.normalizer = normalizers.BertNormalizer()
    piece.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    piece.post_processor = around
    piece.add_special_tokens(ends)
    write("word-piece", piece)
    unigram = Tokenizer(models.Unigram([(word, -float(place)) for word, place in words.items()], unk_id=0))
    unigram.normalizer = normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Strip()])
    unigram.pre_tokenizer = pre_tokenizers.Metaspace()
    unigram.post_processor = around
    unigram.add_special_tokens(ends)
    write("unigram", unigram)
    level = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    level.normalizer = normalizers.Sequence([normalizers.Prepend("a"), normalizers.Nmt(), normalizers.ByteLevel()])
    level.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Digits(True), pre_tokenizers.Punctuation(), pre_tokenizers.UnicodeScripts()]
    )
    level.post_processor = around
    level.add_special_tokens(ends)
    write("word-level", level)


def make_pictures(out: Path) -> None:
    random = np.random.default_rng(1)
    smooth = np.add.outer(np.arange(11), np.arange(9))[..., None] * np.array([9, 5, 2]) + random.integers(0, 30, (11, 9, 3))
    colour = Image.fromarray(smooth.astype(np.uint8))
    see_through = colour.copy()
    see_through.putalpha(Image.fromarray(random.integers(0, 256, (11, 9), dtype=np.uint8)))
    grey, palette, bilevel = colour.convert("L"), colour.convert("P", colors=16), colour.convert("1")
    orientation = Image.Exif()
    orientation[0x0112] = 6

    def save(name: str, picture: Image.Image, **options) -> None:
        picture.save(out / name, **options)

    save("baseline.jpg", colour, quality=60, exif=orientation)
    save("progressive.jpg", colour, quality=60, progressive=True, subsampling=0)
    save("grey.jpg", grey, quality=60, restart_marker_blocks=1)
    save("cmyk.jpg", colour.convert("CMYK"), quality=60)
    save("rgb.png", colour)
    save("rgba.png", see_through)
    save("palette.png", palette, transparency=3)
    save("bilevel.png", bilevel)
    (out / "sixteen-bits.png").write_bytes(png_of_sixteen_bits(colour))
    save("lossy.webp", colour, quality=50)
    save("lossless.webp", colour, lossless=True)
    save("alpha.webp", see_through, quality=50, exif=orientation)
    save("animated.webp", colour, save_all=True, append_images=[colour.rotate(180)], lossless=True)
    save("interlaced.gif", palette)
    save("animated.gif", palette, save_all=True, append_images=[colour.rotate(180).convert("P", colors=16)], transparency=3)
    save("rgb.bmp", colour)
    save("palette.bmp", palette)
    save("bilevel.bmp", bilevel)
    for compression in ("raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "jpeg"):
        save(f"{compression}.tif", colour, compression=compression)
    save("group4.tif", bilevel, compression="group4")
    save("rgba.tif", see_through, exif=orientation)
    save("float.tif", grey.convert("F"))


def make_sizes(out: Path) -> None:
    """Width, height, image size, orientation and grain, each one less than is meant, and a seed."""
    sizes = {
        "square": (225, 225, 224, 1, 1),
        "wide": (160, 116, 112, 6, 9),
        "tall": (27, 36, 336, 3, 2),
        "panorama": (2003, 2, 64, 8, 1),
        "same": (64, 64, 64, 2, 4),
        "pixel": (1, 1, 17, 5, 1),
    }
    for name, (width, height, image_size, orientation, grain) in sizes.items():
        numbers = (width - 1, height - 1, image_size - 1, orientation - 1, grain - 1, 7)
        (out / f"{name}.bin").write_bytes(struct.pack("<HHHBBB", *numbers))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder to write (default: %(default)s)")
    out = parser.parse_args().out
    makers = {
        "gguf": make_models,
        "repository": make_repository,
        "safetensors": make_weights,
        "tokenizer": make_tokenizers,
        "pickle": make_pickles,
        "picture": make_pictures,
        "sizes": make_sizes,
    }
    for name, make in makers.items():
        folder = out / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder)
        for path in folder.iterdir():
            path.chmod(0o644)
        print(f"{name}: {sum(path.stat().st_size for path in folder.iterdir()):,} bytes in {len(list(folder.iterdir()))} files")


if __name__ == "__main__":
    main()
