"""Writes small CLIPs as OpenCLIP lays them out, and what OpenCLIP makes of them.

Each case is a folder as OpenCLIP pushes it to the Hugging Face Hub: `open_clip_config.json`, a tokenizer, and random weights in
`open_clip_model.safetensors`, `open_clip_pytorch_model.bin` or both, or in a checkpoint of a training. `expected.safetensors` beside them
holds pictures and the embeddings that OpenCLIP computes, in f32 on the CPU, after it has read the folder itself; `cases.json` says what each
case is. `pickle` is no model but a transformers' `pytorch_model.bin` for the case `f32-old` of `make_repositories.py`, with the same weights.
"""

import argparse
import collections
import json
import math
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import open_clip
import torch
from safetensors.torch import load_file, save_file

import clip_gguf
import clip_vocabulary
from make_golden import PROMPTS, VOCABULARY_SIZE, check_spread, normalise, random_pictures

FIXTURES = Path(__file__).parent.parent / "crates/clip/tests/fixtures"
DEFAULT_OUT = Path(__file__).parent.parent / "crates/cli/tests/fixtures/open_clip"


@dataclass
class Case:
    """One folder."""

    name: str
    model: dict
    dtype: torch.dtype
    # Which files there are.
    files: list[str]
    logit_scale: float
    mean: list[float]
    std: list[float]


CASES = [
    Case(
        "plain",
        {
            "embed_dim": 64,
            "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "head_width": 32, "patch_size": 8},
            "text_cfg": {"context_length": 77, "vocab_size": VOCABULARY_SIZE, "width": 32, "heads": 2, "layers": 2},
        },
        torch.float32,
        ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"],
        50.0,
        clip_gguf.Extras([]).image_mean,
        clip_gguf.Extras([]).image_std,
    ),
    # OpenAI's activation, an MLP of another width, the text tower as an object of its own, half
    # precision.
    Case(
        "custom-text",
        {
            "embed_dim": 32,
            "quick_gelu": True,
            "custom_text": True,
            "vision_cfg": {"image_size": 28, "layers": 1, "width": 96, "head_width": 32, "patch_size": 14, "mlp_ratio": 2.0},
            "text_cfg": {"context_length": 24, "vocab_size": VOCABULARY_SIZE, "width": 64, "heads": 4, "layers": 1},
        },
        torch.float16,
        ["open_clip_pytorch_model.bin"],
        100.0,
        [0.5, 0.45, 0.4],
        [0.5, 0.25, 0.2],
    ),
    # What a training leaves: more than weights, and another name before each of these.
    Case(
        "training",
        {
            "embed_dim": 32,
            "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16},
            "text_cfg": {"context_length": 77, "vocab_size": VOCABULARY_SIZE, "width": 64, "heads": 2, "layers": 1},
        },
        torch.float32,
        ["epoch_1.pt"],
        14.5,
        clip_gguf.Extras([]).image_mean,
        clip_gguf.Extras([]).image_std,
    ),
]


def randomise(model: torch.nn.Module, generator: torch.Generator, logit_scale: float) -> None:
    """Random weights as large as those of a trained model, so that activations spread."""
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.dim() >= 2:
                fan_in = value[0].numel() if value.dim() > 2 else value.shape[-1]
                value.normal_(0, 1.5 / math.sqrt(fan_in), generator=generator)
            elif name.endswith("weight"):
                value.normal_(1, 0.3, generator=generator)
            else:
                value.normal_(0, 0.3, generator=generator)
        model.logit_scale.fill_(math.log(logit_scale))


def weights(state: dict, dtype: torch.dtype) -> dict:
    return collections.OrderedDict((name, value.to(dtype).contiguous()) for name, value in state.items())


def make(case: Case, seed: int, out: Path) -> dict:
    """Writes one case and returns its line of cases.json."""
    folder = out / case.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    preprocess = {"mean": case.mean, "std": case.std, "interpolation": "bicubic", "resize_mode": "shortest"}
    config = {"model_cfg": case.model, "preprocess_cfg": preprocess}
    (folder / "open_clip_config.json").write_text(json.dumps(config, indent=2) + "\n")
    tokenizer = clip_vocabulary.published_tokenizer(VOCABULARY_SIZE)
    (folder / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")

    kind = open_clip.CustomTextCLIP if case.model.get("custom_text") else open_clip.CLIP
    settings = {key: value for key, value in case.model.items() if key != "custom_text"}
    model = kind(**settings).eval()
    randomise(model, torch.Generator().manual_seed(seed), case.logit_scale)
    state = weights(model.state_dict(), case.dtype)
    for name in case.files:
        if name.endswith(".safetensors"):
            save_file(state, folder / name, metadata={"format": "pt"})
        elif name.endswith(".pt"):
            distributed = collections.OrderedDict((f"module.{name}", value) for name, value in state.items())
            optimizer = {"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.98)}]}
            torch.save({"epoch": 1, "name": case.name, "state_dict": distributed, "optimizer": optimizer}, folder / name)
        else:
            torch.save(state, folder / name)
        (folder / name).chmod(0o644)

    # As the files have them.
    model.load_state_dict({name: value.float() for name, value in state.items()})
    extras = clip_gguf.Extras(tokens=[], image_mean=case.mean, image_std=case.std)
    context_length = case.model["text_cfg"]["context_length"]
    tokenizer.enable_truncation(context_length)
    ids = [tokenizer.encode(prompt).ids for prompt in PROMPTS]
    padded = torch.tensor([row + [0] * (context_length - len(row)) for row in ids])
    size = case.model["vision_cfg"]["image_size"]
    pictures = random_pictures(size, np.random.default_rng(seed))
    with torch.inference_mode():
        image_embeddings = model.encode_image(normalise(pictures, extras), normalize=True)
        text_embeddings = model.encode_text(padded, normalize=True)
    check_spread(f"{case.name}, pictures", image_embeddings)
    check_spread(f"{case.name}, texts", text_embeddings)
    expected = {
        "pictures": torch.from_numpy(pictures),
        "image_embeddings": image_embeddings.contiguous(),
        "text_embeddings": text_embeddings.contiguous(),
    }
    save_file(expected, folder / "expected.safetensors")
    (folder / "expected.safetensors").chmod(0o644)
    print(f"{case.name}: {sum(path.stat().st_size for path in folder.iterdir()):,} bytes")
    return {
        "name": case.name,
        "files": case.files,
        "quick_gelu": case.model.get("quick_gelu", False),
        "logit_scale": model.logit_scale.exp().item(),
        "prompts": [{"text": text, "ids": row} for text, row in zip(PROMPTS, ids)],
    }


def make_pickle(out: Path) -> None:
    """The weights of a transformers' repository as torch.save writes them."""
    folder = out / "pickle"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    state = load_file(FIXTURES / "hugging_face/f32-old/model.safetensors")
    torch.save(collections.OrderedDict(sorted(state.items())), folder / "pytorch_model.bin")
    # As PyTorch did it before version 1.6; one number is enough to be refused.
    torch.save({"x": torch.zeros(1)}, folder / "legacy.bin", _use_new_zipfile_serialization=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder to write (default: %(default)s)")
    out = parser.parse_args().out
    torch.set_num_threads(1)
    cases = [make(case, seed, out) for seed, case in enumerate(CASES, start=201)]
    make_pickle(out)
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    (out / "cases.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
