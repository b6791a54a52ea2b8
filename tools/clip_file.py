"""A CLIP as a GGUF file in clip.cpp's naming: a configuration and arrays in, a file out.

Neither torch nor transformers is needed for that; `clip_gguf.py` has what goes on with them.
"""

from dataclasses import dataclass, field

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import quantize

# clip.cpp's numbers for `general.file_type`.
FILE_TYPES = {"F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q5_0": 8, "Q5_1": 9}

# transformers' names to clip.cpp's, applied in this order. Note that clip.cpp calls the first
# matrix of the MLP `ffn_down` and the second `ffn_up`.
RENAMES = [
    ("text_model", "t"),
    ("vision_model", "v"),
    ("encoder.layers", "blk"),
    ("embeddings.", ""),
    ("_proj", ""),
    ("self_attn.", "attn_"),
    ("layer_norm", "ln"),
    ("layernorm", "ln"),
    ("mlp.fc1", "ffn_down"),
    ("mlp.fc2", "ffn_up"),
    ("embedding", "embd"),
    ("final", "post"),
    ("layrnorm", "ln"),
]


@dataclass
class Extras:
    """What a file holds beside the weights and the shapes of a CLIPModel."""

    tokens: list[str]
    tokenizer_json: str | None = None
    logit_scale: float | None = None
    image_mean: list[float] = field(default_factory=lambda: [0.48145466, 0.4578275, 0.40821073])
    image_std: list[float] = field(default_factory=lambda: [0.26862954, 0.26130258, 0.27577711])
    name: str | None = None
    license: str | None = None
    alignment: int | None = None
    # "argmax": the embedding of a text is read off its highest token, and not off the end of text.
    pool_type: str | None = None


def tensor_name(parameter: str) -> str:
    """clip.cpp's name of one of transformers' parameters."""
    if "projection" in parameter:
        return parameter
    for old, new in RENAMES:
        parameter = parameter.replace(old, new)
    return parameter


def default_type(name: str, value: np.ndarray, weight_type: GGMLQuantizationType) -> GGMLQuantizationType:
    """clip.cpp's choice: the patch convolution is f16, every other matrix has the file's type, vectors are f32."""
    if value.ndim == 4:
        return GGMLQuantizationType.F16
    if value.ndim == 2 and name.endswith("weight"):
        return weight_type
    return GGMLQuantizationType.F32


def write(
    path, config, weights: dict[str, np.ndarray], weight_type: GGMLQuantizationType, extras: Extras, type_of=default_type
) -> None:
    """Writes a model to `path`.

    `config` is transformers' CLIPConfig, or anything with its fields; `weights` has transformers' names.
    `type_of(name, value, weight_type)` chooses each tensor's type.
    """
    writer = GGUFWriter(path, "clip")
    if extras.alignment:
        writer.add_custom_alignment(extras.alignment)
    writer.add_bool("clip.has_text_encoder", True)
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_file_type(FILE_TYPES[weight_type.name])
    if extras.name:
        writer.add_name(extras.name)
    writer.add_description("two-tower CLIP model")
    if extras.license:
        writer.add_license(extras.license)
    for tower, shape in (("text", config.text_config), ("vision", config.vision_config)):
        writer.add_uint32(f"clip.{tower}.embedding_length", shape.hidden_size)
        writer.add_uint32(f"clip.{tower}.feed_forward_length", shape.intermediate_size)
        writer.add_uint32(f"clip.{tower}.projection_dim", config.projection_dim)
        writer.add_uint32(f"clip.{tower}.attention.head_count", shape.num_attention_heads)
        writer.add_float32(f"clip.{tower}.attention.layer_norm_epsilon", shape.layer_norm_eps)
        writer.add_uint32(f"clip.{tower}.block_count", shape.num_hidden_layers)
    writer.add_uint32("clip.text.context_length", config.text_config.max_position_embeddings)
    writer.add_token_list(extras.tokens)
    if extras.pool_type:
        writer.add_string("clip.text.pool_type", extras.pool_type)
    writer.add_uint32("clip.vision.image_size", config.vision_config.image_size)
    writer.add_uint32("clip.vision.patch_size", config.vision_config.patch_size)
    writer.add_array("clip.vision.image_mean", extras.image_mean)
    writer.add_array("clip.vision.image_std", extras.image_std)
    writer.add_bool("clip.use_gelu", config.text_config.hidden_act == "gelu")
    if extras.tokenizer_json is not None:
        writer.add_string("tokenizer.huggingface.json", extras.tokenizer_json)
    if extras.logit_scale is not None:
        writer.add_float32("clip.logit_scale", extras.logit_scale)
    for parameter, array in weights.items():
        name = tensor_name(parameter)
        kind = type_of(name, array, weight_type)
        if kind in (GGMLQuantizationType.F32, GGMLQuantizationType.F16):
            writer.add_tensor(name, array.astype(np.float32 if kind == GGMLQuantizationType.F32 else np.float16))
        else:
            writer.add_tensor(name, quantize(array, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
