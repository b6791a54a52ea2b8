"""The trained towers as GGUF files in clip.cpp's naming (f32, f16, q8_0, q4_0) and as a CLIPModel folder of
transformers.

Reads the weights of both towers and WORK/starter/tokenizer.json.
"""

import json
import math
import shutil
from pathlib import Path

import torch
from gguf import GGMLQuantizationType
from transformers import CLIPConfig, CLIPModel

from common import (
    CONTEXT_LENGTH,
    DIM,
    IMAGE_MEAN,
    IMAGE_SIZE,
    IMAGE_STD,
    PATCH_SIZE,
    TEXT_HEADS,
    TEXT_LAYERS,
    TEXT_WIDTH,
    VISION_HEADS,
    VISION_LAYERS,
    VISION_WIDTH,
    VOCABULARY_SIZE,
    arguments,
)
from text import END_OF_TEXT, START_OF_TEXT, clip_vocabulary

import clip_gguf  # isort: skip  (found through `text`, which adds the folder `tools`)

TYPES = [
    GGMLQuantizationType.F32,
    GGMLQuantizationType.F16,
    GGMLQuantizationType.Q8_0,
    GGMLQuantizationType.Q4_0,
]

# transformers' names of a block's parts, and ours.
BLOCK_PARTS = [
    ("self_attn.out_proj", "o"),
    ("layer_norm1", "ln1"),
    ("layer_norm2", "ln2"),
    ("mlp.fc1", "f1"),
    ("mlp.fc2", "f2"),
]


def config(scale: float) -> CLIPConfig:
    """The starter's shape."""
    return CLIPConfig(
        text_config=dict(
            vocab_size=VOCABULARY_SIZE,
            hidden_size=TEXT_WIDTH,
            intermediate_size=4 * TEXT_WIDTH,
            num_hidden_layers=TEXT_LAYERS,
            num_attention_heads=TEXT_HEADS,
            max_position_embeddings=CONTEXT_LENGTH,
            hidden_act="gelu",
            projection_dim=DIM,
            bos_token_id=START_OF_TEXT,
            eos_token_id=END_OF_TEXT,
            pad_token_id=END_OF_TEXT,
        ),
        vision_config=dict(
            hidden_size=VISION_WIDTH,
            intermediate_size=4 * VISION_WIDTH,
            num_hidden_layers=VISION_LAYERS,
            num_attention_heads=VISION_HEADS,
            image_size=IMAGE_SIZE,
            patch_size=PATCH_SIZE,
            hidden_act="gelu",
            projection_dim=DIM,
        ),
        projection_dim=DIM,
        logit_scale_init_value=math.log(scale),
    )


def blocks(tower: str, weights: dict, layers: int) -> dict[str, torch.Tensor]:
    """The weights of a tower's blocks by transformers' names."""
    renamed = {}
    for layer in range(layers):
        ours, theirs = f"blk.{layer}", f"{tower}.encoder.layers.{layer}"
        for kind in ("weight", "bias"):
            for name, part in zip("qkv", weights[f"{ours}.qkv.{kind}"].chunk(3)):
                renamed[f"{theirs}.self_attn.{name}_proj.{kind}"] = part
            for their_part, our_part in BLOCK_PARTS:
                renamed[f"{theirs}.{their_part}.{kind}"] = weights[f"{ours}.{our_part}.{kind}"]
    return renamed


def clip_model(vision: dict, text: dict, scale: float) -> CLIPModel:
    """Both towers as a CLIPModel."""
    weights = {
        **blocks("vision_model", vision, VISION_LAYERS),
        **blocks("text_model", text, TEXT_LAYERS),
        "vision_model.embeddings.patch_embedding.weight": vision["patch.weight"],
        "vision_model.embeddings.class_embedding": vision["cls"],
        "vision_model.embeddings.position_embedding.weight": vision["pos"],
        "visual_projection.weight": vision["proj.weight"],
        "text_model.embeddings.token_embedding.weight": text["emb.weight"],
        "text_model.embeddings.position_embedding.weight": text["pos"],
        "text_projection.weight": text["proj.weight"],
        "logit_scale": torch.tensor(math.log(scale)),
    }
    for kind in ("weight", "bias"):
        weights[f"vision_model.pre_layrnorm.{kind}"] = vision[f"pre.{kind}"]
        weights[f"vision_model.post_layernorm.{kind}"] = vision[f"post.{kind}"]
        weights[f"text_model.final_layer_norm.{kind}"] = text[f"post.{kind}"]
    model = CLIPModel(config(scale)).eval()
    missing, unexpected = model.load_state_dict(weights, strict=False)
    missing = [name for name in missing if "position_ids" not in name]
    if missing or unexpected:
        raise SystemExit(f"missing {missing}, unexpected {unexpected}")
    return model


def save_folder(model: CLIPModel, tokenizer: Path, folder: Path) -> None:
    """As transformers reads it."""
    model.save_pretrained(folder)
    shutil.copy(tokenizer, folder / "tokenizer.json")
    preprocessor = {
        "crop_size": {"height": IMAGE_SIZE, "width": IMAGE_SIZE},
        "do_center_crop": True,
        "do_convert_rgb": True,
        "do_normalize": True,
        "do_rescale": True,
        "do_resize": True,
        "image_mean": IMAGE_MEAN,
        "image_std": IMAGE_STD,
        "image_processor_type": "CLIPImageProcessor",
        "resample": 3,
        "rescale_factor": 1 / 255,
        "size": {"shortest_edge": IMAGE_SIZE},
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor))


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--vision", type=Path, help="weights of train_vision.py (default: WORK/vis.pt)")
    parser.add_argument("--text", type=Path, help="weights of train_text.py (default: WORK/txt.pt)")
    parser.add_argument("--weights", choices=["ema", "model"], default="ema", help="averaged, or as they are")
    parser.add_argument("--scale", type=float, help="logit scale (default: the one that was learned)")
    options = parser.parse_args()
    work, out = options.work, options.out
    vision = torch.load(options.vision or work / "vis.pt")[options.weights]
    text = torch.load(options.text or work / "txt.pt")
    scale = options.scale or float(vision["scale"].exp())
    model = clip_model(vision, text, scale)
    tokenizer = work / "starter/tokenizer.json"
    save_folder(model, tokenizer, out / "hf")
    extras = clip_gguf.Extras(
        tokens=clip_vocabulary.tokens(VOCABULARY_SIZE),
        tokenizer_json=tokenizer.read_text(),
        logit_scale=scale,
        image_mean=IMAGE_MEAN,
        image_std=IMAGE_STD,
        name="cliplet-starter",
        license="mit",
    )
    for kind in TYPES:
        path = out / f"starter-{kind.name.lower()}.gguf"
        clip_gguf.write(path, model, kind, extras)
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
