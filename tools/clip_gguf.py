"""A transformers CLIPModel as a GGUF file in clip.cpp's naming, and back."""

import math

import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFReader
from gguf.quants import dequantize
from transformers import CLIPConfig, CLIPModel

import clip_file
from clip_file import Extras, default_type, tensor_name


def parameters(model: CLIPModel) -> dict[str, torch.Tensor]:
    """The parameters that are written, by transformers' names."""
    return {
        name: value
        for name, value in model.state_dict().items()
        if name != "logit_scale" and "position_ids" not in name
    }


def write(path, model: CLIPModel, weight_type: GGMLQuantizationType, extras: Extras, type_of=default_type) -> None:
    """Writes `model` to `path`; `type_of(name, value, weight_type)` chooses each tensor's type."""
    weights = {name: value.detach().float().numpy() for name, value in parameters(model).items()}
    clip_file.write(path, model.config, weights, weight_type, extras, type_of)


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
