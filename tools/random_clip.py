"""CLIPs with random weights that behave like trained ones where it matters to speed and exactness.

Activations keep their size from block to block, different inputs give different embeddings, and a few channels of the
residual stream are 30 to 100 times larger than the rest, as in trained transformers. There these channels hold nearly
the same large value at every token, and LayerNorm's gains make them smaller, though not small, on their way into a
matrix. What is quantised with one scale for all channels loses precision by that; what has a scale per block of
channels does not.
"""

from types import SimpleNamespace

import numpy as np

# Channels of the residual stream that are larger than the rest, and by how much where it begins.
# The rest doubles on its way through twelve blocks, so that at the end they are still 30 times as
# large.
OUTLIER_CHANNELS = 6  # Of 768.
OUTLIER_SIZES = (80.0, 100.0)
# What LayerNorm's gain leaves of them, relative to the other channels.
OUTLIER_GAIN = 0.1
# How much a token's value differs from the channel's mean, relative to it.
OUTLIER_SPREAD = 0.05


def configuration(vision: dict, text: dict, projection: int, image_size: int, patch_size: int, vocabulary: int) -> dict:
    """transformers' config.json of a CLIPModel; a tower is `width`, `depth` and `heads`."""

    def tower(shape):
        return {
            "hidden_size": shape["width"],
            "intermediate_size": 4 * shape["width"],
            "num_hidden_layers": shape["depth"],
            "num_attention_heads": shape["heads"],
            "hidden_act": "gelu",
            "layer_norm_eps": 1e-5,
            "projection_dim": projection,
        }

    return {
        "architectures": ["CLIPModel"],
        "model_type": "clip",
        "projection_dim": projection,
        "logit_scale_init_value": float(np.log(100.0)),
        "text_config": {
            **tower(text),
            "model_type": "clip_text_model",
            "vocab_size": vocabulary,
            "max_position_embeddings": 77,
            "bos_token_id": vocabulary - 2,
            "eos_token_id": vocabulary - 1,
            "pad_token_id": vocabulary - 1,
        },
        "vision_config": {
            **tower(vision),
            "model_type": "clip_vision_model",
            "image_size": image_size,
            "patch_size": patch_size,
        },
    }


def attributes(configuration: dict) -> SimpleNamespace:
    """A configuration with attributes instead of keys, as transformers' own classes have."""
    return SimpleNamespace(
        **{
            key: attributes(value) if isinstance(value, dict) else value
            for key, value in configuration.items()
        }
    )


class Draw:
    """Draws the weights of one model. Its order of drawing is part of what a seed means."""

    def __init__(self, seed: int, outliers: bool):
        self.random = np.random.default_rng(seed)
        self.outliers = outliers

    def normal(self, shape, size: float) -> np.ndarray:
        return self.random.standard_normal(shape, dtype=np.float32) * np.float32(size)

    def matrix(self, rows: int, columns: int, gain: float = 1.0) -> np.ndarray:
        """A matrix that keeps the size of what it is multiplied with, times `gain`."""
        return self.normal((rows, columns), gain * columns**-0.5)

    def channels(self, width: int) -> np.ndarray:
        """The mean value of every channel of a residual stream whose channels are of size one: zero but for outliers."""
        means = np.zeros(width, np.float32)
        if self.outliers:
            chosen = self.random.choice(width, max(1, width * OUTLIER_CHANNELS // 768), replace=False)
            sizes = np.exp(self.random.uniform(*np.log(OUTLIER_SIZES), len(chosen)))
            means[chosen] = sizes * self.random.choice([-1.0, 1.0], len(chosen))
        return means

    def gains(self, means: np.ndarray) -> np.ndarray:
        """LayerNorm's gains: its output has ordinary channels of size one although outliers make up most of its input."""
        size = np.sqrt(1 + np.mean(means**2))
        gains = size * (1 + self.normal(means.shape, 0.1))
        return np.where(means != 0, OUTLIER_GAIN * gains, gains).astype(np.float32)


def weights(configuration: dict, seed: int, outliers: bool = True) -> dict[str, np.ndarray]:
    """Random weights in f32 by transformers' names, in the order in which transformers writes them."""
    draw = Draw(seed, outliers)
    text, vision = configuration["text_config"], configuration["vision_config"]
    projection = configuration["projection_dim"]
    found = {}

    width = text["hidden_size"]
    means = draw.channels(width)
    words = draw.normal((text["vocab_size"], width), 0.9)
    words[-1] *= 0.2  # The end of text, at which the embedding is read.
    words *= np.where(means != 0, np.abs(means) * OUTLIER_SPREAD, 1)
    found["text_model.embeddings.token_embedding.weight"] = words
    positions = means + draw.normal((text["max_position_embeddings"], width), 0.3)
    found["text_model.embeddings.position_embedding.weight"] = positions.astype(np.float32)
    _blocks(found, "text_model", text, means, draw)
    _norm(found, "text_model.final_layer_norm", means, draw)

    width, patch = vision["hidden_size"], vision["patch_size"]
    means = draw.channels(width)
    found["vision_model.embeddings.class_embedding"] = draw.normal(width, 0.5)
    # Neighbouring pixels are nearly alike, so that what a patch gives is mostly its colour: smooth
    # filters, small weights.
    filters = draw.normal((width, 3, patch, patch), (3 * patch * patch) ** -0.5)
    found["vision_model.embeddings.patch_embedding.weight"] = filters
    patches = (vision["image_size"] // patch) ** 2
    found["vision_model.embeddings.position_embedding.weight"] = draw.normal((patches + 1, width), 0.3)
    # The first LayerNorm brings the outliers in: an offset, and a gain that lets tokens differ.
    gain = 1 + draw.normal(width, 0.1)
    found["vision_model.pre_layrnorm.weight"] = np.where(means != 0, OUTLIER_SPREAD * np.abs(means), gain).astype(
        np.float32
    )
    found["vision_model.pre_layrnorm.bias"] = means + draw.normal(width, 0.1)
    _blocks(found, "vision_model", vision, means, draw)
    _norm(found, "vision_model.post_layernorm", means, draw)
    found["visual_projection.weight"] = draw.matrix(projection, vision["hidden_size"])
    found["text_projection.weight"] = draw.matrix(projection, text["hidden_size"])
    return found


def _norm(found, name, means, draw):
    found[f"{name}.weight"] = draw.gains(means)
    found[f"{name}.bias"] = draw.normal(means.shape, 0.1)


def _blocks(found, tower, shape, means, draw):
    width, inner = shape["hidden_size"], shape["intermediate_size"]
    # What LayerNorm gives is larger than one by its outliers, which would saturate what comes next.
    listen = (1 + np.mean((OUTLIER_GAIN * means) ** 2)) ** -0.5
    # Outlier channels move as much in relation to their mean as at the start.
    rows = np.where(means != 0, OUTLIER_SPREAD * np.abs(means), 1)[:, None].astype(np.float32)
    for block in range(shape["num_hidden_layers"]):
        name = f"{tower}.encoder.layers.{block}"
        # Queries and keys are large enough for attention to choose. The embedding is read at a
        # token that all inputs share, so that all it tells of its input it has from attention.
        for matrix, gain in (("k_proj", 1.4), ("v_proj", 1.0), ("q_proj", 1.4)):
            found[f"{name}.self_attn.{matrix}.weight"] = draw.matrix(width, width, gain * listen)
            found[f"{name}.self_attn.{matrix}.bias"] = draw.normal(width, 0.1)
        found[f"{name}.self_attn.out_proj.weight"] = draw.matrix(width, width, 0.5) * rows
        found[f"{name}.self_attn.out_proj.bias"] = draw.normal(width, 0.05)
        _norm(found, f"{name}.layer_norm1", means, draw)
        found[f"{name}.mlp.fc1.weight"] = draw.matrix(inner, width, listen)
        found[f"{name}.mlp.fc1.bias"] = draw.normal(inner, 0.1)
        found[f"{name}.mlp.fc2.weight"] = draw.matrix(width, inner, 0.2) * rows
        found[f"{name}.mlp.fc2.bias"] = draw.normal(width, 0.05)
        _norm(found, f"{name}.layer_norm2", means, draw)
