"""EfficientNet-Lite2's logits of the 1,000 ImageNet classes for as many training pictures as fit the time.

Reads WORK/X.npy and WORK/efficientnet-lite2.pth.  Writes WORK/L.npy (N x 1000, half precision) and WORK/Ldone.npy
(which rows are filled).
"""

import time

import numpy as np
import torch
from efficientnet_lite_pytorch import EfficientNet

from common import arguments

BATCH = 50
# The teacher saw larger pictures; this is what two cores can afford.
SIDE = 128


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=1400, help="when to stop (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="(default: %(default)s)")
    options = parser.parse_args()
    work = options.work
    torch.set_num_threads(options.threads)
    pictures = np.load(work / "X.npy", mmap_mode="r")
    model = EfficientNet.from_name("efficientnet-lite2")
    model.load_state_dict(torch.load(work / "efficientnet-lite2.pth"))
    model.eval().to(memory_format=torch.channels_last)
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    std = torch.tensor([0.229, 0.224, 0.225])[:, None, None]

    logits = np.zeros((len(pictures), 1000), np.float16)
    done = np.zeros(len(pictures), bool)
    order = np.random.RandomState(0).permutation(len(pictures))
    start = time.time()
    with torch.inference_mode():
        for batch, first in enumerate(range(0, len(pictures), BATCH)):
            chosen = np.sort(order[first : first + BATCH])
            x = torch.from_numpy(pictures[chosen]).permute(0, 3, 1, 2).float() / 255
            x = torch.nn.functional.interpolate(x, size=(SIDE, SIDE), mode="bilinear")
            x = ((x - mean) / std).contiguous(memory_format=torch.channels_last)
            logits[chosen] = model(x).half().numpy()
            done[chosen] = True
            if batch % 100 == 0:
                print(f"{first} pictures, {time.time() - start:.0f} s", flush=True)
            if time.time() - start > options.seconds:
                break
    np.save(work / "L.npy", logits)
    np.save(work / "Ldone.npy", done)
    print(f"{done.sum()} pictures, {time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
