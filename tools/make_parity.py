"""Writes what OpenCLIP computes with models of well-known shapes, and what it predicts for 500 pictures.

`shapes.safetensors` and `shapes.json` have embeddings of models as wide as ViT-B/32 and ViT-L/14, with few blocks and weights that follow
from their names: `weight` below, which the test repeats, so that no weights need to be kept. The same is asked of transformers, which must
agree.

`predictions.json` has the best of some labels for 500 crops of the photographs, by PyTorch with the weights of the starter, and by OpenCLIP
with those of the test model of 224 pixels, and with OpenCLIP's own preparation of pictures. Crops whose middle OpenCLIP and
transformers cut out one pixel apart are left out: Cliplet does as transformers.

With `--full CLIPLET`, a program, nothing is written: a ViT-B/32 with all of its blocks and random weights is saved by OpenCLIP, by
transformers and as a pickle, converted and asked for embeddings by that program, and the cosines are printed.
"""

import argparse
import collections
import json
import math
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import open_clip
import torch
from open_clip.transform import image_transform
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPModel

import clip_gguf
import clip_vocabulary
from make_golden import PROMPTS, VOCABULARY_SIZE, check_spread, normalise
from open_clip_names import to_open_clip, to_transformers
from reference import REAL_SHAPE, ROOT, Reference
from starter import Starter

DEFAULT_OUT = ROOT / "crates/checkpoints/tests/fixtures"
PHOTOGRAPHS = "crates/clip/tests/fixtures/photographs"

SHAPES = {
    "b-32": {
        "embed_dim": 512,
        "vision_cfg": {"image_size": 224, "layers": 2, "width": 768, "patch_size": 32},
        "text_cfg": {"context_length": 77, "vocab_size": VOCABULARY_SIZE, "width": 512, "heads": 8, "layers": 2},
    },
    "l-14": {
        "embed_dim": 768,
        "quick_gelu": True,
        "vision_cfg": {"image_size": 224, "layers": 1, "width": 1024, "patch_size": 14},
        "text_cfg": {"context_length": 77, "vocab_size": VOCABULARY_SIZE, "width": 768, "heads": 12, "layers": 1},
    },
}

LABELS = [
    "cat", "dog", "bird", "cup of coffee", "spoon", "table", "rocket", "launch pad", "sky", "beach", "mountain", "city", "forest",
    "person", "camera", "grass", "fruit", "flower", "bee", "panda",
]  # fmt: skip
TEMPLATE = "a photo of a {}"
CROPS = 500


def splitmix(state: np.ndarray) -> np.ndarray:
    """The output of splitmix64 (Steele, Lea and Flood, 2014) for each state."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def weight(name: str, dims: list[int]) -> np.ndarray:
    """The weights of a tensor, which follow from its name: as large as those of a trained model, so that activations spread."""
    with np.errstate(over="ignore"):
        seed = np.uint64(0xCBF29CE484222325)
        for byte in name.encode():
            seed = (seed ^ np.uint64(byte)) * np.uint64(0x100000001B3)
        count = math.prod(dims)
        random = splitmix(seed + np.arange(count, dtype=np.uint64))
    # From -1 up to 1, exactly.
    uniform = (random >> np.uint64(40)).astype(np.float64) / 2.0**23 - 1.0
    if len(dims) >= 2:
        values = uniform * (2.5 / math.sqrt(math.prod(dims[1:])))
    elif name.endswith("weight"):
        values = 1.0 + 0.5 * uniform
    else:
        values = 0.5 * uniform
    return values.astype(np.float32).reshape(dims)


def open_clip_model(config: dict) -> open_clip.CLIP:
    model = open_clip.CLIP(**config).eval()
    state = {
        name: torch.from_numpy(weight(name, list(value.shape))) if name != "logit_scale" else torch.tensor(math.log(50.0))
        for name, value in model.state_dict().items()
        if name != "attn_mask"
    }
    model.load_state_dict(state, strict=False)
    return model


def transformers_model(config: dict, model: open_clip.CLIP) -> CLIPModel:
    """The same model in transformers."""
    activation = "quick_gelu" if config.get("quick_gelu") else "gelu"
    vision, text = config["vision_cfg"], config["text_cfg"]
    last = text["vocab_size"] - 1
    same = CLIPModel(
        CLIPConfig(
            vision_config=dict(
                hidden_size=vision["width"],
                intermediate_size=4 * vision["width"],
                num_hidden_layers=vision["layers"],
                num_attention_heads=vision["width"] // 64,
                image_size=vision["image_size"],
                patch_size=vision["patch_size"],
                hidden_act=activation,
            ),
            text_config=dict(
                hidden_size=text["width"],
                intermediate_size=4 * text["width"],
                num_hidden_layers=text["layers"],
                num_attention_heads=text["heads"],
                vocab_size=text["vocab_size"],
                max_position_embeddings=text["context_length"],
                hidden_act=activation,
                bos_token_id=last - 1,
                eos_token_id=last,
                pad_token_id=last,
            ),
            projection_dim=config["embed_dim"],
        )
    ).eval()
    missing, unexpected = same.load_state_dict(to_transformers(model.state_dict()), strict=False)
    if [name for name in missing if "position_ids" not in name] or unexpected:
        raise ValueError(f"missing {missing}, unexpected {unexpected}")
    return same


def token_ids(tokenizer, prompts: list[str], context_length: int) -> list[list[int]]:
    tokenizer.enable_truncation(context_length)
    return [tokenizer.encode(prompt).ids for prompt in prompts]


def padded(ids: list[list[int]], context_length: int) -> torch.Tensor:
    return torch.tensor([row + [0] * (context_length - len(row)) for row in ids])


def least_cosine(a: torch.Tensor, b: torch.Tensor) -> float:
    return torch.nn.functional.cosine_similarity(a.double(), b.double()).min().item()


def make_shapes(out: Path) -> None:
    tensors, cases = {}, []
    extras = clip_gguf.Extras([])
    for seed, (name, config) in enumerate(SHAPES.items(), start=301):
        model = open_clip_model(config)
        ids = token_ids(clip_vocabulary.published_tokenizer(VOCABULARY_SIZE), PROMPTS, config["text_cfg"]["context_length"])
        # One picture is made of few numbers, so that it need not be kept: the test makes it again.
        size = config["vision_cfg"]["image_size"]
        pictures = np.stack([picture(size, seed + i) for i in range(2)])
        pixels = normalise(pictures, extras)
        with torch.inference_mode():
            images = model.encode_image(pixels, normalize=True)
            texts = model.encode_text(padded(ids, 77), normalize=True)
        check_spread(f"{name}, pictures", images)
        check_spread(f"{name}, texts", texts)
        other = transformers_model(config, model)
        cosines = least_cosine(images, clip_gguf.embed_images(other, pixels)), least_cosine(texts, clip_gguf.embed_texts(other, ids))
        print(f"{name}: cosines with transformers {cosines}")
        if min(cosines) < 0.99999:
            raise SystemExit("OpenCLIP and transformers disagree")
        tensors[f"{name}.images"], tensors[f"{name}.texts"] = images.contiguous(), texts.contiguous()
        shapes = {key: list(value.shape) for key, value in model.state_dict().items() if key not in ("attn_mask", "logit_scale")}
        cases.append({"name": name, "config": {"model_cfg": config}, "seed": seed, "ids": ids, "shapes": shapes})
    save_file(tensors, out / "shapes.safetensors")
    (out / "shapes.safetensors").chmod(0o644)
    (out / "shapes.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


def picture(size: int, seed: int) -> np.ndarray:
    """Stripes and noise."""
    with np.errstate(over="ignore"):
        count = 3 * size * size
        random = splitmix(np.uint64(seed) * np.uint64(0x10000000) + np.arange(count, dtype=np.uint64))
    noise = (random >> np.uint64(58)).astype(np.int64).reshape(size, size, 3)
    y, x, channel = np.meshgrid(np.arange(size), np.arange(size), np.arange(3), indexing="ij")
    stripes = (x * (seed % 5 + 1) + y * (channel + 1)) % 192
    return (stripes + noise).astype(np.uint8)


def in_open_clip(reference: Reference) -> open_clip.CLIP:
    config = reference.model.config
    vision, text = config.vision_config, config.text_config
    # The file has it in f32.
    if {np.float32(vision.layer_norm_eps), np.float32(text.layer_norm_eps)} != {np.float32(1e-5)}:
        raise SystemExit(f"OpenCLIP has another epsilon than {vision.layer_norm_eps}")
    model = open_clip.CLIP(
        embed_dim=config.projection_dim,
        quick_gelu=vision.hidden_act == "quick_gelu",
        vision_cfg=dict(
            image_size=vision.image_size,
            layers=vision.num_hidden_layers,
            width=vision.hidden_size,
            head_width=vision.hidden_size // vision.num_attention_heads,
            patch_size=vision.patch_size,
            mlp_ratio=vision.intermediate_size / vision.hidden_size,
        ),
        text_cfg=dict(
            context_length=text.max_position_embeddings,
            vocab_size=text.vocab_size,
            width=text.hidden_size,
            heads=text.num_attention_heads,
            layers=text.num_hidden_layers,
            mlp_ratio=text.intermediate_size / text.hidden_size,
        ),
    ).eval()
    missing, _ = model.load_state_dict(to_open_clip(model.state_dict(), reference.model.state_dict()), strict=False)
    if missing not in ([], ["attn_mask"]):
        raise SystemExit(f"missing {missing}")
    return model


def crops() -> list[tuple[str, int, int, int, int]]:
    """Parts of the photographs: name, left, top, width and height, by a rule without chance in it."""
    names = ["cat", "coffee", "rocket", "square", "wide", "tall", "grey"]
    sizes = {name: Image.open(ROOT / PHOTOGRAPHS / f"{name}.png").size for name in names}
    found = []
    i = 0
    while len(found) < CROPS:
        name = names[i % len(names)]
        width, height = sizes[name]
        w = width * (40 + i * 7 % 60) // 100
        h = height * (40 + i * 11 % 60) // 100
        if crops_alike(w, h):
            found.append((name, (width - w) * (i * 13 % 100) // 100, (height - h) * (i * 29 % 100) // 100, w, h))
        i += 1
    return found


def crops_alike(width: int, height: int, side: int = 224) -> bool:
    """Whether OpenCLIP and transformers cut out the same middle of a picture. Where it begins at half a pixel, transformers rounds down, and
    so does Cliplet; torchvision, and with it OpenCLIP, takes the even one."""
    longer = int(side * max(width, height) / min(width, height))
    return (longer - side) // 2 == round((longer - side) / 2)


def make_predictions(out: Path) -> None:
    reference = Reference(REAL_SHAPE)
    model = in_open_clip(reference)
    config = reference.model.config
    processor = reference.processor
    prepare = image_transform(
        config.vision_config.image_size,
        is_train=False,
        mean=tuple(processor.image_mean),
        std=tuple(processor.image_std),
        interpolation="bicubic",
        resize_mode="shortest",
    )
    context_length = config.text_config.max_position_embeddings
    ids = token_ids(reference.tokenizer, [TEMPLATE.replace("{}", label) for label in LABELS], context_length)
    with torch.inference_mode():
        texts = model.encode_text(padded(ids, context_length), normalize=True)
        starter = Starter()
        starter_texts = starter.embed_texts([TEMPLATE.replace("{}", label) for label in LABELS])
        cosines, starter_cosines = [], []
        for name, left, top, width, height in crops():
            photograph = Image.open(ROOT / PHOTOGRAPHS / f"{name}.png").convert("RGB")
            part = photograph.crop((left, top, left + width, top + height))
            image = model.encode_image(prepare(part)[None], normalize=True)
            cosines.append((image @ texts.T)[0])
            starter_cosines.append(starter_texts @ starter.embed_picture(part))
    fixture = {
        "template": TEMPLATE,
        "labels": LABELS,
        "crops": crops(),
        "open_clip": best_labels(torch.stack(cosines), reference.logit_scale),
        "starter": best_labels(torch.stack(starter_cosines), starter.logit_scale),
    }
    lines = ",\n".join(f'"{key}": {json.dumps(value)}' for key, value in fixture.items())
    (out / "predictions.json").write_text("{\n" + lines + "\n}\n")


def best_labels(cosines: torch.Tensor, logit_scale: float) -> dict:
    """Of each row, a picture, the best label's number and score."""
    best = cosines.argmax(1)
    scores = (logit_scale * cosines).softmax(1)
    print(f"predictions: {len(best.unique())} labels are the best of some picture")
    return {
        "best": best.tolist(),
        "scores": [round(score, 5) for score in scores.gather(1, best[:, None])[:, 0].tolist()],
    }


def compare_full(program: Path) -> None:
    """A whole ViT-B/32 from every input format."""
    config = {
        "embed_dim": 512,
        "vision_cfg": {"image_size": 224, "layers": 12, "width": 768, "patch_size": 32},
        "text_cfg": {"context_length": 77, "vocab_size": VOCABULARY_SIZE, "width": 512, "heads": 8, "layers": 12},
    }
    model = open_clip_model(config)
    photographs = sorted((ROOT / PHOTOGRAPHS).glob("[crstw]*.png"))
    photographs = [path for path in photographs if path.stem != "transparent"]
    extras = clip_gguf.Extras([])
    prepare = image_transform(224, is_train=False, mean=tuple(extras.image_mean), std=tuple(extras.image_std), interpolation="bicubic")
    tokenizer = clip_vocabulary.published_tokenizer(VOCABULARY_SIZE)
    ids = token_ids(tokenizer, PROMPTS, 77)
    tokenizer.no_truncation()
    with torch.inference_mode():
        images = model.encode_image(torch.stack([prepare(Image.open(path).convert("RGB")) for path in photographs]), normalize=True)
        texts = model.encode_text(padded(ids, 77), normalize=True)
    with tempfile.TemporaryDirectory() as temporary:
        temporary = Path(temporary)
        preprocessing = {"size": {"shortest_edge": 224}, "crop_size": {"height": 224, "width": 224}, "resample": 3}
        preprocessing |= {"image_mean": extras.image_mean, "image_std": extras.image_std}
        state = collections.OrderedDict((name, value.contiguous()) for name, value in model.state_dict().items())
        same = transformers_model(config, model)
        inputs = {}
        for name in ["open_clip.safetensors", "open_clip.bin", "transformers.safetensors", "transformers.bin"]:
            layout, _, kind = name.partition(".")
            folder = temporary / name
            folder.mkdir()
            (folder / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
            if layout == "open_clip":
                (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config}))
                if kind == "bin":
                    torch.save(state, folder / "open_clip_pytorch_model.bin")
                else:
                    save_file(state, folder / "open_clip_model.safetensors")
            else:
                same.save_pretrained(folder)
                (folder / "preprocessor_config.json").write_text(json.dumps(preprocessing))
                if kind == "bin":
                    (folder / "model.safetensors").unlink()
                    torch.save(same.state_dict(), folder / "pytorch_model.bin")
            inputs[name] = folder
        f32 = temporary / "f32.gguf"
        for name, folder in [*inputs.items(), ("gguf", f32)]:
            for weights, options in [("f32", ["--reference"]), ("f16", ["--reference"]), ("q8_0", [])]:
                gguf = temporary / "model.gguf"
                subprocess.run([program, "convert", "--weights", weights, folder, gguf], check=True, stderr=subprocess.DEVNULL)
                if weights == "f32" and name == "open_clip.safetensors":
                    f32.write_bytes(gguf.read_bytes())
                command = [program, "embed", "--model", gguf, *options]
                command += [part for path in photographs for part in ("--image", path)]
                command += [part for prompt in PROMPTS for part in ("--text", prompt)]
                lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
                rows = torch.tensor([json.loads(line)["embedding"] for line in lines])
                found = least_cosine(rows[: len(images)], images), least_cosine(rows[len(images) :], texts)
                print(f"{name}, {weights}{' --reference' * bool(options)}: pictures {found[0]:.6f}, texts {found[1]:.6f}", flush=True)
                gguf.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder to write (default: %(default)s)")
    parser.add_argument("--full", type=Path, metavar="CLIPLET", help="compare this program with a whole ViT-B/32, and write nothing")
    parser.add_argument("--only", choices=["shapes", "predictions"], help="write one of the two alone")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    if arguments.full:
        compare_full(arguments.full)
        return
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.only != "predictions":
        make_shapes(arguments.out)
    if arguments.only != "shapes":
        make_predictions(arguments.out)


if __name__ == "__main__":
    main()
