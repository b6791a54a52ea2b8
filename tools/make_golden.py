"""Writes the golden models: small CLIPs with random weights, and what transformers makes of them.

Each case is a GGUF file as clip.cpp writes it and a safetensors file with pictures and the embeddings that
transformers computes, in f32 on the CPU, from the very weights that are in the GGUF file.  `cases.json` says what each
case is. The weights are drawn from a seed.  They are of such sizes that different inputs give clearly different
outputs, which the script checks, and some channels are many times larger than the rest, as in trained CLIPs.
"""

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from transformers import CLIPConfig, CLIPModel

import clip_gguf
import clip_vocabulary

DEFAULT_OUT = Path(__file__).parent.parent / "crates/clip/tests/fixtures/golden"

VOCABULARY_SIZE = 768

PROMPTS = [
    "",
    "a photo of a cat",
    "a photo of a dog",
    "A Photo  of\tan ÉCLAIR, isn't it? 42!",
    "猫 🐈‍⬛ und naïve cafe\u0301s",
    "one<|endoftext|>two",
    "x",
    " ".join(f"word{n}" for n in range(60)),
]


@dataclass
class Tower:
    """Width, blocks, heads and width of the MLP."""

    width: int
    depth: int
    heads: int
    mlp: int


@dataclass
class Case:
    """One file."""

    name: str
    type: Type
    activation: str
    vision: Tower
    image_size: int
    patch_size: int
    text: Tower
    context_length: int
    projection: int
    logit_scale: float | None = 50.0
    epsilon: float = 1e-5
    # "published": as in CLIP's repositories; "transformers": as transformers 5 writes it; None: no
    # tokenizer.json.
    tokenizer: str | None = "published"
    gguf_version: int = 3
    alignment: int | None = None
    # Other types than the usual for tensors whose names end so.
    types: dict[str, Type] = field(default_factory=dict)
    image_mean: list[float] | None = None
    image_std: list[float] | None = None


F32_POSITIONS = {"position_embd.weight": Type.F32}

CASES = [
    Case("f32-gelu", Type.F32, "gelu", Tower(64, 2, 4, 128), 32, 8, Tower(32, 2, 2, 128), 77, 96),
    Case(
        "f32-quick",
        Type.F32,
        "quick_gelu",
        Tower(64, 1, 1, 128),
        48,
        16,
        Tower(32, 2, 2, 128),
        20,
        48,
        logit_scale=14.5,
    ),
    Case(
        "f32-patch-v2",
        Type.F32,
        "gelu",
        Tower(48, 3, 3, 100),
        56,
        14,
        Tower(32, 2, 4, 64),
        16,
        64,
        epsilon=1e-3,
        gguf_version=2,
        tokenizer="transformers",
        types={"patch_embd.weight": Type.F32},
        image_mean=[0.5, 0.45, 0.4],
        image_std=[0.5, 0.25, 0.2],
    ),
    Case("f16-quick", Type.F16, "quick_gelu", Tower(96, 1, 3, 192), 56, 14, Tower(64, 2, 4, 128), 32, 64),
    Case("f16-gelu", Type.F16, "gelu", Tower(64, 1, 2, 128), 32, 16, Tower(96, 1, 1, 192), 77, 32, alignment=64),
    Case(
        "q8_0-gelu", Type.Q8_0, "gelu", Tower(96, 2, 2, 192), 48, 8, Tower(64, 3, 2, 256), 77, 32, types=F32_POSITIONS
    ),
    # Positions quantised too, as clip.cpp does it; neither tokenizer.json nor logit scale; GGUF
    # version 2.
    Case(
        "q8_0-quick-bare-v2",
        Type.Q8_0,
        "quick_gelu",
        Tower(64, 3, 2, 256),
        56,
        14,
        Tower(96, 1, 3, 384),
        77,
        64,
        logit_scale=None,
        tokenizer=None,
        gguf_version=2,
    ),
    Case("q4_0-gelu", Type.Q4_0, "gelu", Tower(96, 2, 3, 384), 56, 14, Tower(96, 2, 3, 384), 77, 64),
    Case("q4_0-quick", Type.Q4_0, "quick_gelu", Tower(64, 2, 1, 256), 48, 16, Tower(64, 3, 1, 128), 24, 96),
    Case("q4_1-gelu", Type.Q4_1, "gelu", Tower(64, 2, 4, 256), 32, 8, Tower(64, 2, 2, 256), 77, 32),
    Case("q5_0-quick", Type.Q5_0, "quick_gelu", Tower(96, 1, 4, 192), 28, 14, Tower(64, 2, 4, 256), 77, 64),
    Case("q5_1-gelu", Type.Q5_1, "gelu", Tower(64, 2, 2, 256), 48, 8, Tower(96, 2, 2, 192), 40, 96),
    # Each matrix of another type, as tools that quantise by sensitivity write them.
    Case(
        "mixed-gelu",
        Type.Q4_0,
        "gelu",
        Tower(64, 2, 2, 256),
        32,
        8,
        Tower(64, 2, 2, 256),
        77,
        96,
        types={
            "token_embd.weight": Type.F16,
            "position_embd.weight": Type.Q8_0,
            "attn_v.weight": Type.Q8_0,
            "attn_out.weight": Type.Q5_1,
            "ffn_up.weight": Type.Q5_0,
            "visual_projection.weight": Type.F32,
            "text_projection.weight": Type.Q4_1,
        },
    ),
]


def random_model(case: Case, generator: torch.Generator) -> CLIPModel:
    """A CLIP of the case's shape with random weights."""

    def tower(shape: Tower):
        return dict(
            hidden_size=shape.width,
            intermediate_size=shape.mlp,
            num_hidden_layers=shape.depth,
            num_attention_heads=shape.heads,
            hidden_act=case.activation,
            layer_norm_eps=case.epsilon,
            projection_dim=case.projection,
        )

    model = CLIPModel(
        CLIPConfig(
            text_config=dict(
                tower(case.text),
                vocab_size=VOCABULARY_SIZE,
                max_position_embeddings=case.context_length,
                bos_token_id=VOCABULARY_SIZE - 2,
                eos_token_id=VOCABULARY_SIZE - 1,
                pad_token_id=VOCABULARY_SIZE - 1,
            ),
            vision_config=dict(tower(case.vision), image_size=case.image_size, patch_size=case.patch_size),
            projection_dim=case.projection,
        )
    ).eval()

    def draw(shape, size):
        return torch.randn(shape, generator=generator) * size

    with torch.no_grad():
        for name, value in clip_gguf.parameters(model).items():
            if "norm.weight" in name or "norm1.weight" in name or "norm2.weight" in name:
                new = 1 + draw(value.shape, 0.2)
                new[torch.randperm(len(new), generator=generator)[:2]] *= 3 if "layers" in name else 2
            elif value.ndim == 1:
                new = draw(value.shape, 0.5 if "class_embedding" in name else 0.1)
            elif "embedding" in name and value.ndim == 2:
                new = draw(value.shape, 0.3)
            else:
                # Attention's output is made large, because the embedding is read at a token that
                # all inputs share.
                gain = 1.5 if "v_proj" in name or "out_proj" in name else 1.0
                new = draw(value.shape, gain * value[0].numel() ** -0.5)
                if "fc2" in name:
                    new[torch.randperm(len(new), generator=generator)[:2]] *= 4
            value.copy_(new)
    return model


def random_pictures(size: int, generator: np.random.Generator) -> np.ndarray:
    """RGB8 pictures: noise, a smooth gradient, blocks of colour, black."""
    noise = generator.integers(0, 256, (size, size, 3))
    ramp = np.linspace(0, 255, size)
    gradient = np.stack([np.tile(ramp, (size, 1)), np.tile(ramp[:, None], (1, size)), np.full((size, size), 90.0)], -1)
    coarse = generator.integers(0, 256, (4, 4, 3)).repeat(-(-size // 4), 0).repeat(-(-size // 4), 1)[:size, :size]
    return np.stack([noise, gradient, coarse, np.zeros_like(noise)]).astype(np.uint8)


def normalise(pictures: np.ndarray, extras: clip_gguf.Extras) -> torch.Tensor:
    """RGB8 to the planar, normalised f32 that the model takes."""
    mean, std = (np.float32(value) for value in (extras.image_mean, extras.image_std))
    planar = ((pictures.astype(np.float32) / np.float32(255) - mean) / std).transpose(0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(planar))


def check_spread(name: str, embeddings: torch.Tensor) -> None:
    """Fails unless the rows differ: a model that maps everything to one point would prove nothing."""
    cosines = embeddings @ embeddings.T
    cosines.fill_diagonal_(-1)
    if not torch.isfinite(cosines).all() or cosines.max() > 0.998 or cosines.mean() > 0.9:
        raise SystemExit(f"{name}: degenerate, cosines up to {cosines.max():.4f}")


def make(case: Case, seed: int, out: Path) -> dict:
    """Writes one case and returns its line of cases.json."""
    if case.tokenizer == "transformers":
        backend = clip_vocabulary.transformers_tokenizer(VOCABULARY_SIZE).backend_tokenizer
        tokenizer = Tokenizer.from_str(backend.to_str())
    else:
        tokenizer = clip_vocabulary.published_tokenizer(VOCABULARY_SIZE)
    extras = clip_gguf.Extras(
        tokens=clip_vocabulary.tokens(VOCABULARY_SIZE),
        tokenizer_json=None if case.tokenizer is None else tokenizer.to_str(),
        logit_scale=case.logit_scale,
        name=f"golden {case.name}",
        alignment=case.alignment,
    )
    extras.image_mean = case.image_mean or extras.image_mean
    extras.image_std = case.image_std or extras.image_std

    def type_of(name, value, weight_type):
        for ending, kind in case.types.items():
            if name.endswith(ending):
                return kind
        return clip_gguf.default_type(name, value, weight_type)

    model = random_model(case, torch.Generator().manual_seed(seed))
    path = out / f"{case.name}.gguf"
    clip_gguf.write(path, model, case.type, extras, type_of)
    if case.gguf_version != 3:
        # Version 2 lays a little-endian file out as version 3 does.
        with open(path, "r+b") as file:
            file.seek(4)
            file.write(case.gguf_version.to_bytes(4, "little"))

    model, extras = clip_gguf.read(path)
    tokenizer.enable_truncation(case.context_length)
    ids = [tokenizer.encode(prompt).ids for prompt in PROMPTS]
    tokenizer.no_truncation()
    cut = [len(tokenizer.encode(prompt).ids) > case.context_length for prompt in PROMPTS]
    generator = np.random.default_rng(seed)
    sequences = [
        [VOCABULARY_SIZE - 2, *generator.integers(0, VOCABULARY_SIZE - 2, length - 2).tolist(), VOCABULARY_SIZE - 1]
        for length in (2, 9, case.context_length)
    ]
    pictures = random_pictures(case.image_size, generator)
    image_embeddings = clip_gguf.embed_images(model, normalise(pictures, extras))
    text_embeddings = clip_gguf.embed_texts(model, ids)
    sequence_embeddings = clip_gguf.embed_texts(model, sequences)
    check_spread(f"{case.name}, pictures", image_embeddings)
    check_spread(f"{case.name}, texts", text_embeddings)
    scale = 100.0 if extras.logit_scale is None else extras.logit_scale
    probabilities = (scale * image_embeddings @ text_embeddings.T).softmax(-1)
    save_file(
        {
            "pictures": pictures,
            "image_embeddings": image_embeddings.numpy(),
            "text_embeddings": text_embeddings.numpy(),
            "sequence_embeddings": sequence_embeddings.numpy(),
            "probabilities": probabilities.numpy(),
        },
        out / f"{case.name}.safetensors",
    )
    print(f"{case.name}: {path.stat().st_size:,} bytes")
    return {
        "name": case.name,
        "type": case.type.name.lower(),
        "quick_gelu": case.activation == "quick_gelu",
        "logit_scale": scale,
        "image_size": case.image_size,
        "patch_size": case.patch_size,
        "context_length": case.context_length,
        "prompts": [{"text": t, "ids": i, "cut": c} for t, i, c in zip(PROMPTS, ids, cut)],
        "sequences": sequences,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder to write (default: %(default)s)")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    cases = [make(case, seed, out) for seed, case in enumerate(CASES, start=1)]
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    (out / "cases.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
