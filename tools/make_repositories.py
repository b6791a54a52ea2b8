"""Writes small CLIPs as Hugging Face transformers lays them out, and what transformers makes of them.

Each case is a folder as a repository of the Hugging Face Hub has it: configuration, tokenizer, and random weights in one
safetensors file or several. `expected.safetensors` beside them holds pictures and the embeddings that transformers computes,
in f32 on the CPU, after it has read the folder itself; `cases.json` says what each case is, and which bytes gguf's own writer
and quantiser make of it. The cases differ in what repositories differ in: the type of the numbers, how many files there are,
how old the version of transformers was that wrote them, what their configuration leaves to its defaults.
"""

import argparse
import hashlib
import json
import math
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import CLIPModel, CLIPTokenizerFast

import clip_gguf
import clip_vocabulary
from make_golden import PROMPTS, VOCABULARY_SIZE, Case, Tower, check_spread, normalise, random_model, random_pictures

DEFAULT_OUT = Path(__file__).parent.parent / "crates/clip/tests/fixtures/hugging_face"

WEIGHT_TYPES = [Type.F32, Type.F16, Type.Q8_0, Type.Q5_1, Type.Q5_0, Type.Q4_1, Type.Q4_0]


@dataclass
class Repository:
    """One folder."""

    shape: Case
    dtype: torch.dtype
    # Bytes of a file at most; None: all in one.
    max_shard: int | None = None
    # As in the repositories of 2022: each tower's configuration twice, sizes as bare numbers,
    # buffers among the weights.
    old: bool = False
    # Without the keys that have the value that transformers takes if they are not there.
    sparse: bool = False
    image_mean: list[float] | None = None
    image_std: list[float] | None = None
    # Tokens above the end of text: a padding token, words that were learnt later.
    pad: str | None = None
    words: list[str] = field(default_factory=list)
    # Whether `eos_token_id` is 2, as in all configurations before transformers 4.32: the embedding
    # is then read off the highest id.
    legacy_end: bool = False


WORDS = ["<cat-toy>", "xyloword", "SKS"]

# What learnt words and special tokens do where they are typed.
PROMPTS_WITH_TOKENS = [
    "a photo of a <cat-toy>",
    "a photo of a <cat-toy> on a xyloword.",
    "a xyloword and a <cat-toy>",
    "Xyloword XYLOWORD<CAT-TOY>s",
    "a photo of sks dog, sksdog",
    "<pad>",
    "a cat<pad>and a <pad> dog",
    "a <cat-toy><|endoftext|> and a xyloword",
    "<|startoftext|>a photo<|endoftext|>",
    " ".join(f"word{n} <cat-toy>" for n in range(30)),
]


REPOSITORIES = [
    # Rows of 48 and 80 numbers, which are no whole number of blocks.
    Repository(
        Case("f32-old", Type.F32, "gelu", Tower(48, 1, 3, 80), 32, 8, Tower(32, 1, 2, 64), 77, 32, logit_scale=50.0),
        torch.float32,
        old=True,
    ),
    Repository(
        Case(
            "f16-sharded",
            Type.F16,
            "gelu",
            Tower(64, 1, 2, 128),
            28,
            14,
            Tower(64, 1, 4, 128),
            24,
            64,
            logit_scale=100.0,
            epsilon=1e-3,
            tokenizer="transformers",
        ),
        torch.float16,
        max_shard=100_000,
        image_mean=[0.5, 0.45, 0.4],
        image_std=[0.5, 0.25, 0.2],
    ),
    Repository(
        Case(
            "bf16-sparse", Type.F16, "quick_gelu", Tower(64, 1, 2, 128), 32, 16, Tower(32, 2, 2, 64), 77, 512, logit_scale=14.5
        ),
        torch.bfloat16,
        sparse=True,
    ),
    Repository(
        Case("f16-words", Type.F16, "gelu", Tower(32, 1, 2, 64), 16, 8, Tower(64, 1, 4, 128), 40, 32, tokenizer="transformers"),
        torch.float16,
        pad="<pad>",
        words=WORDS,
    ),
    Repository(
        Case("f16-words-legacy", Type.F16, "gelu", Tower(32, 1, 2, 64), 16, 8, Tower(64, 1, 4, 128), 40, 32),
        torch.float16,
        pad="<pad>",
        words=WORDS,
        legacy_end=True,
    ),
]

TOWERS = ["text", "vision"]


def rewrite(path: Path, change) -> None:
    """Changes a JSON file."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content, indent=2) + "\n")


def make_old(folder: Path, case: Case) -> None:
    """Makes a folder look as if an old transformers had written it."""

    def twice(config):
        for tower in TOWERS:
            config[f"{tower}_config_dict"] = config[f"{tower}_config"]
            # What is in the other alone is not read.
            config[f"{tower}_config"] = dict(config[f"{tower}_config_dict"], hidden_size=1, hidden_act="quick_gelu")

    rewrite(folder / "config.json", twice)
    rewrite(folder / "preprocessor_config.json", lambda it: it.update(size=case.image_size, crop_size=case.image_size))
    weights = load_file(folder / "model.safetensors")
    positions = {"text": case.context_length, "vision": (case.image_size // case.patch_size) ** 2 + 1}
    for tower, count in positions.items():
        weights[f"{tower}_model.embeddings.position_ids"] = torch.arange(count).expand((1, -1)).contiguous()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def make_sparse(folder: Path) -> None:
    """Takes out what says the default."""
    defaults = {
        "hidden_act": "quick_gelu",
        "layer_norm_eps": 1e-05,
        "max_position_embeddings": 77,
        "patch_size": 32,
        "projection_dim": 512,
        "num_channels": 3,
    }

    def sparse(config):
        for part in [config, *(config[f"{tower}_config"] for tower in TOWERS)]:
            for key, default in defaults.items():
                if part.get(key) == default:
                    del part[key]

    rewrite(folder / "config.json", sparse)
    for key in ["image_mean", "image_std", "resample", "rescale_factor", "do_rescale", "do_normalize", "do_center_crop"]:
        rewrite(folder / "preprocessor_config.json", lambda it: it.pop(key))


def add_rows(model: CLIPModel, tokenizer: Tokenizer, tokens: list[str], generator: torch.Generator) -> None:
    """Adds random rows to the token embedding for what the tokenizer has learnt, up to a multiple of eight, and names them."""
    model.text_model.resize_token_embeddings(tokenizer.get_vocab_size(), pad_to_multiple_of=8, mean_resizing=False)
    rows = model.text_model.embeddings.token_embedding.weight
    model.config.text_config.vocab_size = len(rows)
    with torch.no_grad():
        rows[len(tokens) :] = torch.randn(rows[len(tokens) :].shape, generator=generator) * 0.3
    added = {place: token for token, place in tokenizer.get_vocab().items()}
    for place in range(len(tokens), len(rows)):
        tokens.append(added.get(place, f"[PAD{place}]"))


def check_older_files(folder: Path, prompts: list[str], ids: list[list[int]], context_length: int) -> None:
    """Fails unless transformers gives the same ids from vocab.json, merges.txt and added_tokens.json."""
    content = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    added = {token["content"]: token["id"] for token in content["added_tokens"] if token["id"] >= VOCABULARY_SIZE}
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in content["model"]["merges"]]
    with tempfile.TemporaryDirectory() as older:
        older = Path(older)
        (older / "vocab.json").write_text(json.dumps(content["model"]["vocab"]))
        (older / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]), encoding="utf-8")
        (older / "added_tokens.json").write_text(json.dumps(added))
        tokenizer = CLIPTokenizerFast.from_pretrained(older)
        found = [tokenizer(text, truncation=True, max_length=context_length).input_ids for text in prompts]
    assert found == ids, "the older files give other ids"


def save_wrapped(folder: Path, weights: dict[str, torch.Tensor]) -> None:
    """Writes the weights as a training saves those of a compiled model that it distributes, and beginnings of two sets of them."""
    wrapped = {f"module._orig_mod.{name}": value for name, value in weights.items()}
    torch.save({"epoch": 3, "model": wrapped, "optimizer": {"step": torch.tensor(7)}}, folder / "wrapped.bin")
    scale = {"logit_scale": weights["logit_scale"]}
    torch.save({"model": scale, "ema_model": scale}, folder / "averaged.bin")


def make(repository: Repository, seed: int, out: Path) -> dict:
    """Writes one case and returns its line of cases.json."""
    case = repository.shape
    folder = out / case.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model = random_model(case, torch.Generator().manual_seed(seed))
    if case.tokenizer == "transformers":
        backend = clip_vocabulary.transformers_tokenizer(VOCABULARY_SIZE).backend_tokenizer
        tokenizer = Tokenizer.from_str(backend.to_str())
    else:
        tokenizer = clip_vocabulary.published_tokenizer(VOCABULARY_SIZE)
    if repository.pad:
        tokenizer.add_special_tokens([repository.pad])
        model.config.text_config.pad_token_id = tokenizer.token_to_id(repository.pad)
    tokenizer.add_tokens(repository.words)
    if repository.legacy_end:
        model.config.text_config.eos_token_id = 2
    tokens = clip_vocabulary.tokens(VOCABULARY_SIZE)
    if tokenizer.get_vocab_size() > VOCABULARY_SIZE:
        add_rows(model, tokenizer, tokens, torch.Generator().manual_seed(seed + 1000))
    prompts = PROMPTS + PROMPTS_WITH_TOKENS * bool(repository.pad or repository.words)
    with torch.no_grad():
        model.logit_scale.fill_(math.log(case.logit_scale))
    shard = repository.max_shard or 1_000_000_000
    model.to(repository.dtype).save_pretrained(folder, max_shard_size=shard)
    size = case.image_size
    processor = {
        "crop_size": {"height": size, "width": size},
        "do_center_crop": True,
        "do_convert_rgb": True,
        "do_normalize": True,
        "do_rescale": True,
        "do_resize": True,
        "image_mean": repository.image_mean or clip_gguf.Extras([]).image_mean,
        "image_processor_type": "CLIPImageProcessor",
        "image_std": repository.image_std or clip_gguf.Extras([]).image_std,
        "resample": 3,
        "rescale_factor": 1 / 255,
        "size": {"shortest_edge": size},
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor, indent=2) + "\n")
    (folder / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
    if repository.old:
        make_old(folder, case)
    if repository.sparse:
        make_sparse(folder)
    for path in folder.iterdir():
        path.chmod(0o644)

    model = CLIPModel.from_pretrained(folder, dtype=torch.float32).eval()
    extras = clip_gguf.Extras(
        tokens=tokens,
        pool_type="argmax" if repository.legacy_end else None,
        tokenizer_json=(folder / "tokenizer.json").read_text(encoding="utf-8"),
        logit_scale=math.exp(model.logit_scale.item()),
        image_mean=processor["image_mean"],
        image_std=processor["image_std"],
    )
    tokenizer.enable_truncation(case.context_length)
    ids = [tokenizer.encode(prompt).ids for prompt in prompts]
    if prompts != PROMPTS:
        theirs = CLIPTokenizerFast.from_pretrained(folder, pad_token=repository.pad or clip_vocabulary.END_OF_TEXT)
        assert [theirs(text, truncation=True, max_length=case.context_length).input_ids for text in prompts] == ids
        check_older_files(folder, prompts, ids, case.context_length)
    if case.name == "f16-words":
        save_wrapped(folder, load_file(folder / "model.safetensors"))
    pictures = random_pictures(size, np.random.default_rng(seed))
    image_embeddings = clip_gguf.embed_images(model, normalise(pictures, extras))
    text_embeddings = clip_gguf.embed_texts(model, ids)
    check_spread(f"{case.name}, pictures", image_embeddings)
    check_spread(f"{case.name}, texts", text_embeddings)
    save_file(
        {
            "pictures": torch.from_numpy(pictures),
            "image_embeddings": image_embeddings,
            "text_embeddings": text_embeddings,
        },
        folder / "expected.safetensors",
    )
    (folder / "expected.safetensors").chmod(0o644)
    files = sorted(path.name for path in folder.glob("model*.safetensors"))
    print(f"{case.name}: {files}, {sum(path.stat().st_size for path in folder.iterdir()):,} bytes")
    return {
        "name": case.name,
        "files": files,
        "quick_gelu": case.activation == "quick_gelu",
        "logit_scale": extras.logit_scale,
        "image_size": size,
        "prompts": [{"text": text, "ids": row} for text, row in zip(prompts, ids)],
        "sha256": {kind.name.lower(): sha256(model, kind, extras) for kind in WEIGHT_TYPES},
    }


def sha256(model: CLIPModel, kind: Type, extras: clip_gguf.Extras) -> str:
    """Of the GGUF that gguf's own writer makes."""

    def type_of(name, value, weight_type):
        if weight_type == Type.F32:
            # Other than clip.cpp's own, a file of f32 has the patch convolution in it too.
            return Type.F32
        chosen = clip_gguf.default_type(name, value, weight_type)
        # gguf refuses these, and Cliplet keeps them in half precision.
        quantised = chosen not in (Type.F32, Type.F16)
        return Type.F16 if quantised and value.shape[-1] % 32 else chosen

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.gguf"
        clip_gguf.write(path, model, kind, extras, type_of)
        return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder to write (default: %(default)s)")
    out = parser.parse_args().out
    torch.set_num_threads(1)
    cases = [make(repository, seed, out) for seed, repository in enumerate(REPOSITORIES, start=101)]
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    (out / "cases.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
