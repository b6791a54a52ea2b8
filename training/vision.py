"""The vision tower."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from common import DIM, IMAGE_SIZE, PATCH_SIZE, VISION_HEADS, VISION_LAYERS, VISION_WIDTH, Block


class VisionTower(nn.Module):
    """Normalised pictures to unit vectors of the shared space."""

    def __init__(self):
        super().__init__()
        patches = (IMAGE_SIZE // PATCH_SIZE) ** 2
        self.patch = nn.Conv2d(3, VISION_WIDTH, PATCH_SIZE, PATCH_SIZE, bias=False)
        self.cls = nn.Parameter(torch.randn(VISION_WIDTH) * 0.02)
        self.pos = nn.Parameter(torch.randn(patches + 1, VISION_WIDTH) * 0.02)
        self.pre = nn.LayerNorm(VISION_WIDTH)
        self.blk = nn.ModuleList([Block(VISION_WIDTH, VISION_HEADS) for _ in range(VISION_LAYERS)])
        self.post = nn.LayerNorm(VISION_WIDTH)
        self.proj = nn.Linear(VISION_WIDTH, DIM, bias=False)
        # Of the logit scale the logarithm, as in CLIP.
        self.scale = nn.Parameter(torch.tensor(math.log(12.0)))
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02 if module is not self.proj else 0.05)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        for block in self.blk:
            block.o.weight.data *= 1 / math.sqrt(2 * VISION_LAYERS)
            block.f2.weight.data *= 1 / math.sqrt(2 * VISION_LAYERS)

    def forward(self, pictures, keep: float = 1.0):
        """`pictures`: batch x 3 x side x side; `keep`: the part of the patches that is kept, drawn at random."""
        batch = pictures.shape[0]
        x = self.patch(pictures).flatten(2).transpose(1, 2) + self.pos[1:]
        if keep < 1:
            kept = torch.rand(batch, x.shape[1]).argsort(1)[:, : int(x.shape[1] * keep)]
            x = x.gather(1, kept[..., None].expand(-1, -1, VISION_WIDTH))
        x = torch.cat([(self.cls + self.pos[0]).expand(batch, 1, VISION_WIDTH), x], 1)
        x = self.pre(x)
        for block in self.blk:
            x = block(x)
        return F.normalize(self.proj(self.post(x[:, 0])).float(), dim=-1)
