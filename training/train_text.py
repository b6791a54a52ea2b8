"""The text tower learns the text teacher's vectors of phrases, whatever the template around them.

It starts as a bag of words: token embeddings by ridge regression, a first block that averages, a projection that keeps.
Reads WORK/phr.json and WORK/txtE.npy.  Writes WORK/starter/tokenizer.json and the weights.
"""

import random
import time
from pathlib import Path

import numpy as np
import scipy.sparse
import torch
import torch.nn as nn
import torch.nn.functional as F

from common import DIM, TEXT_WIDTH, VOCABULARY_SIZE, Phrases, arguments
from text import PHOTO, PHOTO_SENTENCE, PLAIN, TEMPLATES, THIS_IS, Prompts, TextTower, batch

BATCH = 512
# In each batch so many phrases are names of ImageNet classes, and so many everyday nouns.
CLASS_NAMES, COMMON_NOUNS = 64, 32
LEARNING_RATE = 1.5e-3
HELD_OUT = 1000
REGULARISATION = 0.05


def bag_of_words(model: TextTower, prompts: Prompts, targets: torch.Tensor, threads: int) -> None:
    """Sets the model's weights so that it begins as the best linear function of which tokens a phrase has."""
    rows, columns, values = [], [], []
    for i, phrase in enumerate(prompts.phrases):
        for token in phrase:
            rows.append(i)
            columns.append(token)
            values.append(1 / max(1, len(phrase)))
    shape = (len(prompts.phrases), VOCABULARY_SIZE)
    counts = scipy.sparse.csr_matrix((values, (rows, columns)), shape=shape, dtype=np.float32)
    used = np.unique(columns)
    counts = counts[:, used]
    gram = torch.from_numpy((counts.T @ counts).toarray())
    gram += REGULARISATION * torch.eye(len(used))
    torch.set_num_threads(2)
    weights = torch.linalg.solve(gram, torch.from_numpy(np.asarray(counts.T @ targets.numpy())))
    torch.set_num_threads(threads)
    cosine = F.cosine_similarity(torch.from_numpy(counts @ weights.numpy()), targets).mean().item()
    print(f"bag of words: cosine {cosine:.3f}", flush=True)
    with torch.no_grad():
        model.emb.weight[torch.from_numpy(used)] = weights / weights.std() * 0.03 * 3
        first = model.blk[0]
        first.qkv.weight[: 2 * TEXT_WIDTH] *= 0.1
        first.qkv.weight[2 * TEXT_WIDTH :] = torch.eye(TEXT_WIDTH)
        first.o.weight.copy_(torch.eye(TEXT_WIDTH))
        for block in model.blk:
            block.f2.weight *= 0.3
        for block in model.blk[1:]:
            block.o.weight *= 0.3
        model.proj.weight.copy_(torch.eye(DIM) * 0.06 + torch.randn(DIM, TEXT_WIDTH) * 0.002)


def loss_of(embeddings: torch.Tensor, targets: torch.Tensor, phrases: list[int]) -> torch.Tensor:
    """Distance from the targets, and which of the batch's targets is whose, both ways round."""
    logits = 20 * embeddings @ targets.T
    labels, drawn = torch.arange(len(phrases)), torch.tensor(phrases)
    twice = (drawn[:, None] == drawn[None]) & ~torch.eye(len(phrases), dtype=torch.bool)
    logits = logits.masked_fill(twice, -1e4)
    distance = (1 - (embeddings * targets).sum(1)).mean()
    return distance * 4 + 0.25 * (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels))


def draw_template() -> int:
    """A place in TEMPLATES: mostly none, or a usual one."""
    if random.random() < 0.4:
        return PLAIN
    return random.choice((PHOTO_SENTENCE, PHOTO, PHOTO, THIS_IS, random.randrange(len(TEMPLATES))))


def evaluate(model: TextTower, prompts: Prompts, targets: torch.Tensor, held_out: list[int], names: list[int]) -> str:
    """How near phrases it never saw, and names of classes, come to their targets."""
    model.eval()
    with torch.inference_mode():
        embeddings = model(*batch([prompts.ids(i, PHOTO) for i in held_out]))
        unseen = (embeddings * targets[held_out]).sum(1).mean().item()
        found = ((embeddings @ targets.T).argmax(1) == torch.tensor(held_out)).float().mean().item()
        some = names[::3]
        embeddings = model(*batch([prompts.ids(i, PHOTO) for i in some]))
        known = (embeddings * targets[some]).sum(1).mean().item()
    model.train()
    return f"held out cosine {unseen:.3f}, found among {len(targets)} {found:.3f}, classes' cosine {known:.3f}"


def train(model: TextTower, prompts: Prompts, targets: torch.Tensor, phrases: Phrases, seconds: float, out: Path):
    """Trains until the time is up; the step size falls to zero with it."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": 0.02}, {"params": others, "weight_decay": 0}]
    optimiser = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.98))
    count = len(phrases.phrases)
    held_out = set(random.sample(range(len(phrases.common), count), HELD_OUT))
    names = [phrases.phrases.index(name) for synonyms in phrases.classes for name in synonyms]
    held_out = sorted(held_out - set(names))
    seen = sorted(set(range(count)) - set(held_out))
    common = list(range(len(phrases.common)))

    start, step, running = time.time(), 0, 0
    while True:
        passed = (time.time() - start) / seconds
        if passed >= 1:
            break
        rate = LEARNING_RATE * min(1, step / 300) * min(1, (1 - passed) / 0.7)
        drawn = random.sample(seen, BATCH - CLASS_NAMES - COMMON_NOUNS)
        drawn += random.sample(names, CLASS_NAMES) + random.sample(common, COMMON_NOUNS)
        rows = [prompts.ids(i, draw_template()) for i in drawn]
        # In four parts by length, so that little is padding.
        by_length = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        parts = [by_length[q * len(rows) // 4 : (q + 1) * len(rows) // 4] for q in range(4)]
        embeddings = torch.cat([model(*batch([rows[i] for i in part])) for part in parts])
        drawn = [drawn[i] for i in by_length]
        loss = loss_of(embeddings, targets[drawn], drawn)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.step()
        step += 1
        running = 0.98 * running + 0.02 * loss.item() if step > 1 else loss.item()
        if step % 100 == 0:
            report = evaluate(model, prompts, targets, held_out, names)
            print(f"{time.time() - start:.0f} s, step {step}: loss {running:.3f}, {report}", flush=True)
            torch.save(model.state_dict(), out)
    torch.save(model.state_dict(), out)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--seconds", type=float, required=True, help="how long to train")
    parser.add_argument("--out", type=Path, help="weights to write (default: WORK/txt.pt)")
    parser.add_argument("--threads", type=int, default=2, help="(default: %(default)s)")
    options = parser.parse_args()
    torch.manual_seed(0)
    random.seed(0)
    torch.set_num_threads(options.threads)
    phrases = Phrases(options.work)
    targets = torch.from_numpy(phrases.target(phrases.vectors)).float()
    prompts = Prompts(options.work, phrases.phrases)
    model = TextTower()
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f} million parameters, {len(targets)} phrases")
    bag_of_words(model, prompts, targets, options.threads)
    train(model, prompts, targets, phrases, options.seconds, options.out or options.work / "txt.pt")


if __name__ == "__main__":
    main()
