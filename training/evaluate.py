"""Zero-shot accuracy of exported folders on Tiny ImageNet's validation pictures, and which logit scale suits lists of
ten.

Neither tower was trained on these pictures.  Reads WORK/phr.json, wn.txt, V.npy and vlab.npy.
"""

import json
import random
from pathlib import Path

import numpy as np
import torch
from transformers import CLIPModel, CLIPTokenizerFast

from common import CONTEXT_LENGTH, arguments, class_places, normalise

SCALES = (6, 8, 10, 12, 14, 16, 20, 25)


def features(output) -> torch.Tensor:
    """Unit vectors; some releases of transformers wrap the features, some do not."""
    return torch.nn.functional.normalize(getattr(output, "pooler_output", output), dim=-1)


def cosines(folder: Path, names: list[str], pictures: torch.Tensor) -> torch.Tensor:
    """Pictures x names, with the prompt `a photo of a ...`."""
    model = CLIPModel.from_pretrained(folder).eval()
    tokenizer = CLIPTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), model_max_length=CONTEXT_LENGTH, pad_token="<|endoftext|>"
    )
    with torch.inference_mode():
        prompts = [tokenizer([f"a photo of a {name}"], return_tensors="pt") for name in names]
        texts = torch.cat([features(model.get_text_features(**prompt)) for prompt in prompts])
        images = [
            features(model.get_image_features(pixel_values=normalise(pictures[k : k + 250])))
            for k in range(0, len(pictures), 250)
        ]
    return torch.cat(images) @ texts.T


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("out", type=Path, nargs="+", help="folders that export.py wrote")
    options = parser.parse_args()
    work = options.work
    torch.set_num_threads(2)
    stored = json.loads((work / "phr.json").read_text())
    places = class_places(work, stored["in_w"]).tolist()
    # A class of Tiny ImageNet that ImageNet's 1,000 have not gets the name "None", and is wrong.
    names = [stored["cls"][place][0] if place >= 0 else "None" for place in places]
    pictures = torch.from_numpy(np.load(work / "V.npy"))
    labels = torch.from_numpy(np.load(work / "vlab.npy"))
    for out in options.out:
        found = cosines(out / "hf", names, pictures)
        first = (found.argmax(1) == labels).float().mean()
        five = (found.topk(5, 1).indices == labels[:, None]).any(1).float().mean()
        print(f"{out}: among {len(names)} classes top-1 {first:.4f}, top-5 {five:.4f}")
        draw = random.Random(5)
        others = range(len(names))
        lists = [[int(c), *draw.sample([k for k in others if k != c], 9)] for c in labels.tolist()]
        tens = found.gather(1, torch.tensor(lists))
        right = torch.zeros(len(tens), dtype=torch.long)
        print(f"  among ten: {(tens.argmax(1) == 0).float().mean():.4f}; cross-entropy by logit scale:")
        for scale in SCALES:
            print(f"  {scale}: {torch.nn.functional.cross_entropy(scale * tens, right).item():.3f}")


if __name__ == "__main__":
    main()
