"""The starter as a GGUF file: EfficientNet-Lite0, its memory of concepts, and a text tower.

The text tower and its tokenizer are taken from an earlier starter as they are. The memory has
ImageNet's 1,000 classes and what memory.py has added (WORK/memory.npz). With the same inputs the
file is the same to the byte.
"""

import json
import runpy
from importlib.metadata import files
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter
from gguf.quants import quantize

import vision
from common import DIM, arguments
from model import Model

F32, F16, Q8_0 = (GGMLQuantizationType[name] for name in ("F32", "F16", "Q8_0"))
PROMPT = "a photo of a {}"
# What evaluate.py --fit has found.
SHARPNESS, LOGIT_SCALE = 0.5, 16.0


def class_names() -> list[str]:
    """ImageNet's 1,000, as OpenCLIP writes them. Of that package, this file alone is run."""
    name = "open_clip/zero_shot_metadata.py"
    path = next(f for f in files("open_clip_torch") if str(f) == name).locate()
    return list(runpy.run_path(str(path))["IMAGENET_CLASSNAMES"])


def weight_type(name: str, value: np.ndarray) -> GGMLQuantizationType:
    """Biases in f32, matrices whose rows are whole blocks in q8_0, all else in f16."""
    if name.endswith("bias"):
        return F32
    return Q8_0 if value.ndim == 2 and value.shape[1] % 32 == 0 else F16


def copy_facts(writer: GGUFWriter, starter: GGUFReader) -> None:
    """What describes the text tower, and its tokenizer as short as JSON can be.

    clip.cpp's list of tokens is left out, since the tokenizer has it.
    """
    facts = {key: field.contents() for key, field in starter.fields.items()}
    for name in ("embedding_length", "feed_forward_length", "projection_dim", "block_count", "context_length"):
        writer.add_uint32(f"clip.text.{name}", facts[f"clip.text.{name}"])
    writer.add_uint32("clip.text.attention.head_count", facts["clip.text.attention.head_count"])
    epsilon = "clip.text.attention.layer_norm_epsilon"
    writer.add_float32(epsilon, facts[epsilon])
    writer.add_bool("clip.use_gelu", facts["clip.use_gelu"])
    tokenizer = json.loads(facts["tokenizer.huggingface.json"])
    merges = tokenizer["model"]["merges"]
    tokenizer["model"]["merges"] = [m if isinstance(m, str) else " ".join(m) for m in merges]
    compact = json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))
    writer.add_string("tokenizer.huggingface.json", compact)


def write(path: Path, starter: GGUFReader, weights: dict, sharpness: float, logit_scale: float) -> None:
    """Writes the file; `weights` are those of the image tower, the memory's among them."""
    writer = GGUFWriter(path, "clip")
    writer.add_bool("clip.has_text_encoder", True)
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_file_type(7)
    writer.add_name("cliplet-starter")
    writer.add_description("EfficientNet-Lite0 with a memory of concepts, and a text tower")
    writer.add_license("Apache-2.0 AND MIT")
    copy_facts(writer, starter)
    writer.add_string("clip.vision.architecture", "efficientnet-lite")
    writer.add_uint32("clip.vision.image_size", vision.SIDE)
    writer.add_array("clip.vision.image_mean", [vision.MEAN] * 3)
    writer.add_array("clip.vision.image_std", [vision.STD] * 3)
    writer.add_uint32("clip.vision.projection_dim", DIM)
    writer.add_uint32("clip.vision.stem_width", vision.STEM_WIDTH)
    for name, values in vision.STAGES.items():
        key, kind = f"clip.vision.stage.{name}", GGUFValueType.UINT32
        writer.add_key_value(key, values, GGUFValueType.ARRAY, sub_type=kind)
    writer.add_uint32("clip.vision.feature_width", vision.FEATURES)
    writer.add_uint32("clip.vision.memory.count", len(weights["v.memory.value.weight"]))
    writer.add_float32("clip.vision.memory.sharpness", sharpness)
    writer.add_float32("clip.logit_scale", logit_scale)
    for tensor in starter.tensors:
        if tensor.name.startswith("t.") or tensor.name == "text_projection.weight":
            quantized = tensor.tensor_type not in (F32, F16)
            data = np.array(tensor.data)
            writer.add_tensor(tensor.name, data, raw_dtype=tensor.tensor_type if quantized else None)
    for name, value in weights.items():
        value = np.ascontiguousarray(value.numpy())
        kind = weight_type(name, value)
        if kind == Q8_0:
            writer.add_tensor(name, quantize(value, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, value.astype(np.float16 if kind == F16 else np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def memory(model: Model, added: Path) -> dict[str, torch.Tensor]:
    """ImageNet's classes, and the concepts of memory.py.

    A concept's value is the mean of its words' embeddings, made a unit vector again.
    """
    _, keys, biases = vision.published()
    concepts = np.load(added)
    words = [[name] for name in class_names()] + [some.split(", ") for some in concepts["words"].tolist()]
    values = [model.embed_texts([PROMPT.format(word) for word in some]).mean(0) for some in words]
    return {
        "v.memory.key.weight": torch.cat([keys, torch.from_numpy(concepts["keys"])]),
        "v.memory.key.bias": torch.cat([biases, torch.from_numpy(concepts["biases"])]),
        "v.memory.value.weight": torch.nn.functional.normalize(torch.stack(values), dim=-1),
    }


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("out", type=Path, help="file to write")
    parser.add_argument("--text", type=Path, required=True, help="a starter's GGUF file, for its text tower")
    parser.add_argument("--sharpness", type=float, default=SHARPNESS, help="(default: %(default)s)")
    parser.add_argument("--scale", type=float, default=LOGIT_SCALE, help="logit scale (default: %(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = memory(Model(options.text), options.work / "memory.npz")
    weights = vision.published()[0] | rows
    write(options.out, GGUFReader(options.text), weights, options.sharpness, options.scale)
    count = len(rows["v.memory.key.bias"])
    print(f"{options.out}: {count} rows of memory, {options.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
