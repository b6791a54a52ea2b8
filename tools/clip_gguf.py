"""A transformers CLIPModel as a GGUF file in clip.cpp's naming, and back."""

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter
from gguf.quants import dequantize, quantize
from transformers import CLIPConfig, CLIPModel

# clip.cpp's numbers for `general.file_type`.
FILE_TYPES = {"F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q5_0": 8, "Q5_1": 9}

# transformers' names to clip.cpp's, applied in this order.  Note that clip.cpp calls the first matrix of the MLP
# `ffn_down` and the second `ffn_up`.
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


def tensor_name(parameter: str) -> str:
    """clip.cpp's name of one of transformers' parameters."""
    if "projection" in parameter:
        return parameter
    for old, new in RENAMES:
        parameter = parameter.replace(old, new)
    return parameter


def parameters(model: CLIPModel) -> dict[str, torch.Tensor]:
    """The parameters that are written, by transformers' names."""
    return {
        name: value
        for name, value in model.state_dict().items()
        if name != "logit_scale" and "position_ids" not in name
    }


def default_type(name: str, value: np.ndarray, weight_type: GGMLQuantizationType) -> GGMLQuantizationType:
    """clip.cpp's choice: the patch convolution is f16, every other matrix has the file's type, vectors are f32."""
    if value.ndim == 4:
        return GGMLQuantizationType.F16
    if value.ndim == 2 and name.endswith("weight"):
        return weight_type
    return GGMLQuantizationType.F32


def write(path, model: CLIPModel, weight_type: GGMLQuantizationType, extras: Extras, type_of=default_type) -> None:
    """Writes `model` to `path`; `type_of(name, value, weight_type)` chooses each tensor's type."""
    config = model.config
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
    writer.add_uint32("clip.vision.image_size", config.vision_config.image_size)
    writer.add_uint32("clip.vision.patch_size", config.vision_config.patch_size)
    writer.add_array("clip.vision.image_mean", extras.image_mean)
    writer.add_array("clip.vision.image_std", extras.image_std)
    writer.add_bool("clip.use_gelu", config.text_config.hidden_act == "gelu")
    if extras.tokenizer_json is not None:
        writer.add_string("tokenizer.huggingface.json", extras.tokenizer_json)
    if extras.logit_scale is not None:
        writer.add_float32("clip.logit_scale", extras.logit_scale)
    for parameter, value in parameters(model).items():
        name, array = tensor_name(parameter), value.detach().float().numpy()
        kind = type_of(name, array, weight_type)
        if kind in (GGMLQuantizationType.F32, GGMLQuantizationType.F16):
            writer.add_tensor(name, array.astype(np.float32 if kind == GGMLQuantizationType.F32 else np.float16))
        else:
            writer.add_tensor(name, quantize(array, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read(path) -> tuple[CLIPModel, Extras]:
    """The model of a GGUF file as transformers runs it in f32: each weight is what the file's bytes mean."""
    reader = GGUFReader(path)
    fact = {key: reader_field.contents() for key, reader_field in reader.fields.items()}
    activation = "gelu" if fact["clip.use_gelu"] else "quick_gelu"
    tokens = fact["tokenizer.ggml.tokens"]

    def tower(name):
        return dict(
            hidden_size=fact[f"clip.{name}.embedding_length"],
            intermediate_size=fact[f"clip.{name}.feed_forward_length"],
            num_hidden_layers=fact[f"clip.{name}.block_count"],
            num_attention_heads=fact[f"clip.{name}.attention.head_count"],
            layer_norm_eps=fact[f"clip.{name}.attention.layer_norm_epsilon"],
            projection_dim=fact[f"clip.{name}.projection_dim"],
            hidden_act=activation,
        )

    scale = fact.get("clip.logit_scale")
    model = CLIPModel(
        CLIPConfig(
            text_config=dict(
                tower("text"),
                vocab_size=len(tokens),
                max_position_embeddings=fact["clip.text.context_length"],
                bos_token_id=len(tokens) - 2,
                eos_token_id=len(tokens) - 1,
                pad_token_id=len(tokens) - 1,
            ),
            vision_config=dict(
                tower("vision"),
                image_size=fact["clip.vision.image_size"],
                patch_size=fact["clip.vision.patch_size"],
            ),
            projection_dim=fact["clip.text.projection_dim"],
            logit_scale_init_value=math.log(100.0 if scale is None else scale),
        )
    ).eval()
    stored = {tensor.name: tensor for tensor in reader.tensors}
    weights = {}
    for parameter, value in parameters(model).items():
        tensor = stored.pop(tensor_name(parameter))
        array = dequantize(np.asarray(tensor.data), tensor.tensor_type).astype(np.float32)
        weights[parameter] = torch.from_numpy(array.copy()).reshape(value.shape)
    if stored:
        raise ValueError(f"{path}: tensors that no CLIPModel has: {sorted(stored)}")
    weights["logit_scale"] = model.logit_scale.detach()
    missing, unexpected = model.load_state_dict(weights, strict=False)
    if [name for name in missing if "position_ids" not in name] or unexpected:
        raise ValueError(f"{path}: missing {missing}, unexpected {unexpected}")
    extras = Extras(
        tokens=tokens,
        tokenizer_json=fact.get("tokenizer.huggingface.json"),
        logit_scale=scale,
        image_mean=fact["clip.vision.image_mean"],
        image_std=fact["clip.vision.image_std"],
    )
    return model, extras


def embed_images(model: CLIPModel, pixels: torch.Tensor) -> torch.Tensor:
    """Unit-length embeddings, one row a picture; `pixels` is (pictures, 3, size, size), normalised."""
    with torch.inference_mode():
        return torch.nn.functional.normalize(features(model.get_image_features(pixel_values=pixels)), dim=-1)


def embed_texts(model: CLIPModel, ids: list[list[int]]) -> torch.Tensor:
    """Unit-length embeddings, one row a list of token ids; each is run alone, so nothing is padded."""
    with torch.inference_mode():
        rows = [features(model.get_text_features(input_ids=torch.tensor([row]))) for row in ids]
        return torch.nn.functional.normalize(torch.cat(rows), dim=-1)


def features(output) -> torch.Tensor:
    """The projected features: some releases of transformers wrap them, some do not."""
    return getattr(output, "pooler_output", output)
