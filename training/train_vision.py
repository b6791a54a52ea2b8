"""The vision tower learns to point at the text vectors of the 1,000 ImageNet classes.

The targets are Tiny ImageNet's labels and, where the teacher has seen a picture, its probabilities.  The blocks'
matrices are trained with Muon (Jordan, 2024), the rest with AdamW; patches are dropped for most of the time.  `first`
is the run from nothing, `refine` a shorter one from its averaged weights with a step size that falls from half to
zero. Reads WORK/X.npy, lab.npy, V.npy, vlab.npy, wn.txt, phr.json, txtE.npy, L.npy and Ldone.npy.  Writes the weights,
as they are (`model`) and averaged (`ema`).
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from common import IMAGE_SIZE, Phrases, arguments, class_places, normalise
from vision import VisionTower

BATCH = 256
MOMENTUM = 0.95


@dataclass
class Schedule:
    """What changes in the course of a run; times are parts of the whole."""

    peak: float
    warm_up_steps: int
    # From here the step size falls to zero.
    decay_from: float
    keep: float
    keep_all_from: float
    # Strength of the augmentation, and of the weaker one of the end.
    augment: float
    augment_less: float
    augment_less_from: float
    average: float
    report_every: int
    # Saves and evaluates every so many steps, if at all.
    save_every: int | None
    evaluated: int

    def rate(self, step: int, passed: float) -> float:
        """The step size as a part of its peak."""
        return self.peak * min(1, step / self.warm_up_steps) * min(1.0, (1 - passed) / (1 - self.decay_from))


FIRST = Schedule(
    peak=1.0,
    warm_up_steps=150,
    decay_from=0.4,
    keep=0.45,
    keep_all_from=0.82,
    augment=0.7,
    augment_less=0.4,
    augment_less_from=0.85,
    average=0.99,
    report_every=100,
    save_every=500,
    evaluated=10_000,
)
REFINE = Schedule(
    peak=0.5,
    warm_up_steps=15,
    decay_from=0.0,
    keep=0.5,
    keep_all_from=0.8,
    augment=0.5,
    augment_less=0.3,
    augment_less_from=0.8,
    average=0.9,
    report_every=25,
    save_every=None,
    evaluated=4000,
)


class Data:
    """Pictures, labels and the teacher's logits."""

    def __init__(self, work: Path, phrases: Phrases):
        def load(name):
            return torch.from_numpy(np.load(work / name))

        places = class_places(work, phrases.class_ids)
        print((places < 0).sum().item(), "of Tiny ImageNet's classes have no text vector")
        self.pictures = load("X.npy")
        self.truth = places[load("lab.npy")]
        self.labelled = self.truth >= 0
        self.logits = load("L.npy")
        self.taught = load("Ldone.npy")
        self.usable = torch.nonzero(self.labelled | self.taught)[:, 0]
        self.validation = load("V.npy")
        self.validation_labels = load("vlab.npy")
        self.places = places

    def targets(self, chosen: torch.Tensor) -> torch.Tensor:
        """A distribution over the 1,000 classes for each picture: the label, the teacher's, or both mixed."""
        labelled, taught = self.labelled[chosen], self.taught[chosen]
        labels = torch.zeros(len(chosen), 1000)
        labels[labelled, self.truth[chosen][labelled]] = 1.0
        teacher = F.softmax(self.logits[chosen].float(), -1)
        either = torch.where(taught[:, None], teacher, labels)
        return torch.where((taught & labelled)[:, None], 0.65 * labels + 0.35 * teacher, either)


def augment(pictures: torch.Tensor, strength: float) -> torch.Tensor:
    """Crops, stretches, mirrors, and changes of contrast and of colour."""
    count = pictures.shape[0]
    x = normalise(pictures)
    size = torch.sqrt(torch.empty(count).uniform_(1 - strength * 0.65, 1.0))
    aspect = torch.exp(torch.empty(count).uniform_(-0.25, 0.25) * strength)
    width, height = (size * aspect).clamp(max=1), (size / aspect).clamp(max=1)
    mirror = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    across, down = (torch.rand(count) * 2 - 1) * (1 - width), (torch.rand(count) * 2 - 1) * (1 - height)
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = width * mirror, height
    theta[:, 0, 2], theta[:, 1, 2] = across, down
    grid = F.affine_grid(theta, (count, 3, IMAGE_SIZE, IMAGE_SIZE), align_corners=False)
    x = F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    contrast = 1 + (torch.rand(count, 3, 1, 1) - 0.5) * 0.3 * strength
    return x * contrast + (torch.rand(count, 3, 1, 1) - 0.5) * 0.4 * strength


def orthogonal(gradient: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """The nearest matrix with all singular values near 1, by Muon's Newton-Schulz iteration."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = gradient.float()
    tall = gradient.size(0) > gradient.size(1)
    if tall:
        x = x.T
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return (x.T if tall else x).float()


class Optimiser:
    """Muon for the blocks' matrices, AdamW for the rest."""

    def __init__(self, model: VisionTower):
        self.matrices = [p for name, p in model.named_parameters() if name.startswith("blk") and p.ndim == 2]
        ids = {id(p) for p in self.matrices}
        self.others = [p for p in model.parameters() if id(p) not in ids]
        groups = [
            {"params": [p for p in self.others if p.ndim > 1], "weight_decay": 0.05},
            {"params": [p for p in self.others if p.ndim <= 1], "weight_decay": 0},
        ]
        self.adam = torch.optim.AdamW(groups, lr=2e-3, betas=(0.9, 0.98))
        self.momenta = [torch.zeros_like(p) for p in self.matrices]

    def zero_grad(self) -> None:
        for parameter in self.matrices + self.others:
            parameter.grad = None

    def step(self, rate: float) -> None:
        """`rate` is a part of the peak step size."""
        nn.utils.clip_grad_norm_(self.others, 1.0)
        for group in self.adam.param_groups:
            group["lr"] = 2e-3 * rate
        self.adam.step()
        for parameter, momentum in zip(self.matrices, self.momenta):
            momentum.mul_(MOMENTUM).add_(parameter.grad)
            gradient = parameter.grad + MOMENTUM * momentum
            parameter.data.mul_(1 - 0.02 * rate * 0.05)
            scale = max(1, parameter.size(0) / parameter.size(1)) ** 0.5
            parameter.data.add_(orthogonal(gradient) * scale, alpha=-0.02 * rate)


def accuracy(model: VisionTower, data: Data, class_targets: torch.Tensor, count: int) -> float:
    """Among Tiny ImageNet's classes, on its first `count` validation pictures."""
    model.eval()
    texts, right, total = class_targets[data.places], 0, 0
    with torch.inference_mode():
        for k in range(0, count, 500):
            labels = data.validation_labels[k : k + 500]
            embeddings = model(normalise(data.validation[k : k + 500]))
            valid = data.places[labels] >= 0
            right += ((embeddings @ texts.T).argmax(1) == labels)[valid].sum().item()
            total += valid.sum().item()
    model.train()
    return right / total


def train(model, data: Data, class_targets: torch.Tensor, schedule: Schedule, options) -> None:
    """Trains until the time is up."""
    optimiser = Optimiser(model)
    average = {name: value.clone() for name, value in model.state_dict().items()}
    start, step, seen, running = time.time(), 0, 0, 0
    if schedule is REFINE:
        torch.manual_seed(99)
    order, at = torch.randperm(len(data.usable)), 0
    while True:
        passed = (time.time() - start) / options.seconds
        if passed >= 1:
            break
        torch.set_num_threads(1 if time.time() - start < options.one_thread_seconds else 2)
        if at + BATCH > len(order):
            order, at = torch.randperm(len(data.usable)), 0
        chosen = data.usable[order[at : at + BATCH]]
        at += BATCH
        keep = schedule.keep if passed < schedule.keep_all_from else 1.0
        strength = schedule.augment if passed < schedule.augment_less_from else schedule.augment_less
        pictures = augment(data.pictures[chosen], strength)
        targets = data.targets(chosen)
        logits = model.scale.exp().clamp(max=60) * model(pictures, keep) @ class_targets.T
        loss = -(targets * F.log_softmax(logits, -1)).sum(1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step(schedule.rate(step, passed))
        step += 1
        seen += BATCH
        running = 0.98 * running + 0.02 * loss.item() if step > 1 else loss.item()
        if step % 10 == 0:
            for name, value in model.state_dict().items():
                average[name].mul_(schedule.average).add_(value, alpha=1 - schedule.average)
        if step % schedule.report_every == 0:
            took, epochs = time.time() - start, seen / len(data.pictures)
            scale = model.scale.exp().item()
            print(f"{took:.0f} s, step {step}, epoch {epochs:.2f}: loss {running:.3f}, scale {scale:.1f}", flush=True)
        if schedule.save_every and step % schedule.save_every == 0:
            torch.save({"model": model.state_dict(), "ema": average}, options.out)
            print(f"validation {accuracy(model, data, class_targets, 4000):.4f}", flush=True)
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    torch.save({"model": weights, "ema": average, "Tc": class_targets}, options.out)
    print(
        f"validation, weights as they are: {accuracy(model, data, class_targets, schedule.evaluated):.4f}", flush=True
    )
    model.load_state_dict(average)
    print(f"validation, averaged weights: {accuracy(model, data, class_targets, schedule.evaluated):.4f}")


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("run", choices=["first", "refine"], help="from nothing, or from the averaged weights of a run")
    parser.add_argument("--seconds", type=float, required=True, help="how long to train")
    parser.add_argument("--out", type=Path, required=True, help="weights to write")
    parser.add_argument("--start", type=Path, help="refine: weights of the first run")
    parser.add_argument("--one-thread-seconds", type=float, default=0, help="leave the other core free for so long")
    options = parser.parse_args()
    if (options.run == "refine") != (options.start is not None):
        parser.error("refine, and only refine, needs --start")
    torch.manual_seed(0)
    torch.set_num_threads(2)
    phrases = Phrases(options.work)
    data = Data(options.work, phrases)
    model = VisionTower()
    if options.start:
        model.load_state_dict(torch.load(options.start, weights_only=False)["ema"])
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f} million parameters")
    train(model, data, phrases.class_targets(), FIRST if options.run == "first" else REFINE, options)


if __name__ == "__main__":
    main()
