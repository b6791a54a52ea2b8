"""Phrases, and all-MiniLM-L6-v2's vectors of them.

Phrases are names from WordNet (Tiny ImageNet's words.txt) and everyday nouns with colours, actions and places.  The
1,000 ImageNet classes are taken, in order, from the names of the files in WORK/imagenet-sample-images; no picture is
read. Reads WORK/minilm, a model folder of transformers.  Writes WORK/txtE.npy (phrases x 384) and WORK/phr.json.
"""

import json
import random
import time
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

from common import arguments

COMMON = """
    cat dog bird horse car truck bus bicycle motorcycle airplane boat ship train house building bridge road street
    tree forest flower grass mountain river lake ocean beach sky cloud sun moon star snow rain person man woman
    child baby boy girl crowd face hand chair table sofa bed lamp desk computer laptop keyboard phone camera
    television book pen paper clock watch cup bottle glass plate bowl fork knife spoon pizza burger sandwich cake
    bread fruit apple banana orange strawberry vegetable tomato carrot potato cheese meat fish soup coffee tea wine
    beer shirt dress shoe hat bag umbrella ball guitar piano violin drum toy doll robot rocket tractor helicopter
    fire water ice rock sand city village castle church temple statue painting drawing logo sign map document
    screenshot text diagram chart landscape portrait selfie food animal insect butterfly bee spider snake lizard
    frog turtle fish shark whale dolphin elephant lion tiger bear wolf fox rabbit mouse squirrel monkey gorilla
    panda koala kangaroo deer cow sheep goat pig chicken duck goose swan eagle owl parrot penguin peacock
""".split()

ADJECTIVES = """
    red blue green yellow black white brown orange purple pink grey golden small big old new wooden metal striped
    spotted cute angry happy sleeping running flying broken empty colorful bright dark wet frozen
""".split()

VERBS = """
    playing riding eating holding driving reading watching cooking swimming climbing jumping dancing singing walking
    running sleeping drinking painting wearing throwing kicking
""".split()

# An underscore stands for a space. "pizza a ball" was a slip; it stays, since the starter's 101,545
# phrases have it.
OBJECTS = """
    music sports guitar piano football soccer basketball tennis baseball a_horse a_bike a_motorcycle a_book a_phone food
    pizza_a_ball a_hat a_computer a_car video games chess
""".split()

PREPOSITIONS = ["on", "in", "near", "under", "with", "behind"]


def wordnet_names(words: Path) -> dict[str, list[str]]:
    """Names by WordNet id."""
    names = {}
    with words.open() as lines:
        for line in lines:
            name, synonyms = line.rstrip("\n").split("\t")
            names[name] = [synonym.strip() for synonym in synonyms.split(",")]
    return names


def phrases(names: dict[str, list[str]]) -> list[str]:
    """The phrases, each once, the common nouns first.  The order of the random draws decides what they are."""
    lemmas = [lemma for synonyms in names.values() for lemma in synonyms[:3]]
    lemmas = [lemma for lemma in dict.fromkeys(lemmas) if len(lemma.split()) <= 3 and lemma.isascii()]
    lower = [lemma for lemma in lemmas if lemma == lemma.lower()]
    proper = [lemma for lemma in lemmas if lemma != lemma.lower()]
    random.shuffle(proper)
    single = [lemma for lemma in lower if len(lemma.split()) == 1 and len(lemma) <= 10]
    extra = []
    for adjective in ADJECTIVES:
        extra += [f"{adjective} {noun}" for noun in random.sample(COMMON, 40)]
    for verb in VERBS:
        extra.append(verb)
        extra += [f"{verb} {thing.replace('_', ' ')}" for thing in OBJECTS]
        extra += [f"{noun} {verb}" for noun in random.sample(COMMON, 12)]
    for _ in range(4000):
        extra.append(f"{random.choice(COMMON)} and {random.choice(COMMON)}")
    for _ in range(4000):
        extra.append(f"{random.choice(COMMON)} {random.choice(PREPOSITIONS)} a {random.choice(COMMON)}")
    plural = [noun + "s" for noun in COMMON]
    plural += [lemma + "s" for lemma in random.sample(single, 6000) if not lemma.endswith("s")]
    found = list(dict.fromkeys(COMMON + extra + lower + proper[:12000] + plural))
    print(f"{len(lower)} names, {len(proper)} proper names, {len(found)} phrases")
    return found


def vectors(folder: Path, texts: list[str]) -> np.ndarray:
    """The teacher's unit vectors: the mean over a text's tokens."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).eval()
    result = np.zeros((len(texts), 384), np.float32)
    by_length = np.argsort([len(text) for text in texts])
    start = time.time()
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        for first in range(0, len(texts), 256):
            chosen = by_length[first : first + 256]
            batch = tokenizer([texts[i] for i in chosen], padding=True, return_tensors="pt")
            states = model(**batch).last_hidden_state.float()
            mask = batch["attention_mask"][..., None]
            means = (states * mask).sum(1) / mask.sum(1)
            result[chosen] = torch.nn.functional.normalize(means, dim=-1).numpy()
            if first % 25600 == 0:
                print(f"{first} phrases, {time.time() - start:.0f} s", flush=True)
    return result


def main() -> None:
    work = arguments(__doc__).parse_args().work
    torch.set_num_threads(1)
    random.seed(0)
    names = wordnet_names(work / "tiny-imagenet-200/words.txt")
    found = phrases(names)
    files = sorted((work / "imagenet-sample-images").glob("*.JPEG"))
    class_ids = [file.name.split("_")[0] for file in files]
    classes = [names[class_id][:3] for class_id in class_ids]
    found = list(dict.fromkeys(found + [name for synonyms in classes for name in synonyms]))
    np.save(work / "txtE.npy", vectors(work / "minilm", found))
    stored = {"phrases": found, "cls": classes, "in_w": class_ids, "common": COMMON}
    (work / "phr.json").write_text(json.dumps(stored))


if __name__ == "__main__":
    main()
