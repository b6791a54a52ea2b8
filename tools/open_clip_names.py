"""A CLIP's tensors under OpenCLIP's names and under transformers', and from one to the other."""

import torch

FIXED = {
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "visual.ln_pre": "vision_model.pre_layrnorm",
    "visual.ln_post": "vision_model.post_layernorm",
    "visual.proj": "visual_projection.weight",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "ln_final": "text_model.final_layer_norm",
    "text_projection": "text_projection.weight",
    "logit_scale": "logit_scale",
}
IN_BLOCK = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "attn.out_proj": "self_attn.out_proj",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}
TURNED = {"visual.proj", "text_projection"}


def transformers_names(name: str) -> list[str]:
    """What transformers calls a tensor of OpenCLIP's: three names where it has three in one, none where it has none."""
    if "resblocks." in name:
        tower = "vision_model" if name.startswith("visual.") else "text_model"
        block, rest = name.split("resblocks.")[1].split(".", 1)
        before = f"{tower}.encoder.layers.{block}"
        if rest.startswith("attn.in_proj_"):
            part = rest.removeprefix("attn.in_proj_")
            return [f"{before}.self_attn.{letter}_proj.{part}" for letter in "qkv"]
        stem, _, part = rest.rpartition(".")
        return [f"{before}.{IN_BLOCK[stem]}.{part}"]
    stem, _, part = name.rpartition(".")
    if name in FIXED:
        return [FIXED[name]]
    return [f"{FIXED[stem]}.{part}"] if stem in FIXED else []


def to_transformers(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """OpenCLIP's weights under transformers' names."""
    renamed = {}
    for name, value in state.items():
        names = transformers_names(name)
        values = value.chunk(3) if len(names) == 3 else [value.T if name in TURNED else value] * len(names)
        renamed.update((to, part.contiguous()) for to, part in zip(names, values))
    return renamed


def to_open_clip(names, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """transformers' weights under those of OpenCLIP's names."""
    renamed = {}
    for name in names:
        values = [state[source] for source in transformers_names(name)]
        if values:
            value = torch.cat(values) if len(values) > 1 else values[0]
            renamed[name] = (value.T if name in TURNED else value).contiguous()
    return renamed
