"""Writes linear probes that scikit-learn has fitted, for comparison with ours.

The embeddings are points around a centre for each class, all of them near each other as those of pictures are, so that classes
overlap a little.  Fitted is `LogisticRegression` with its L-BFGS, to more digits than anybody needs; cross-validation goes over
the folds that are in the file.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, cross_val_predict

DEFAULT_OUT = Path(__file__).parent.parent / "crates/clip/tests/fixtures/linear_probe.json"
WIDTH = 24
SEED = 20_210_226  # The day CLIP's paper was published.

# Examples of each class, C, and how far the examples of a class are from each other.
CASES = [([12, 9, 7, 6], 100.0, 0.25), ([8, 8, 8], 1.0, 0.2), ([10, 5], 30.0, 0.3), ([3, 2, 4, 6, 2], 1000.0, 0.15)]
MOST_FOLDS = 5
ASKED = 6


def embeddings(rng: np.random.Generator, counts: list[int], spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors and their classes, in no order, rounded so that they are short to write."""
    common = rng.normal(size=WIDTH)
    centres = common + 0.5 * rng.normal(size=(len(counts), WIDTH))
    classes = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    points = centres[classes] + 4 * spread * rng.normal(size=(len(classes), WIDTH))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points.astype(np.float32).round(5), classes


def folds(classes: np.ndarray) -> np.ndarray:
    """The fold of each example: those of a class go round the folds, and the next class begins where it has ended."""
    count = min(MOST_FOLDS, np.bincount(classes).min())
    folds = np.empty(len(classes), int)
    folds[np.argsort(classes, kind="stable")] = np.arange(len(classes)) % count
    return folds


def regression(classes: int, c: float) -> LogisticRegression:
    # For two classes scikit-learn has one row of weights, the difference of the two that softmax
    # has; its square is twice the sum of theirs.
    return LogisticRegression(C=2 * c if classes == 2 else c, tol=1e-10, max_iter=100_000)


def case(rng: np.random.Generator, counts: list[int], c: float, spread: float) -> dict:
    points, classes = embeddings(rng, [count + 2 for count in counts], spread)
    asked, points, classes = points[:ASKED], points[ASKED:], classes[ASKED:]
    fold = folds(classes)
    model = regression(len(counts), c)
    told = cross_val_predict(model, points, classes, cv=PredefinedSplit(fold))
    model.fit(points, classes)
    return {
        "c": c,
        "examples": [[round(float(x), 5) for x in point] for point in points],
        "classes": classes.tolist(),
        "asked": [[round(float(x), 5) for x in point] for point in asked],
        "probabilities": model.predict_proba(asked).round(7).tolist(),
        "folds": fold.tolist(),
        "told": told.tolist(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    out = parser.parse_args().out
    rng = np.random.default_rng(SEED)
    cases = [case(rng, *settings) for settings in CASES]
    out.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
    for case_ in cases:
        right = np.equal(case_["told"], case_["classes"]).mean()
        print(f"{len(case_['classes'])} examples, C={case_['c']}: {right:.2f} by cross-validation")


if __name__ == "__main__":
    main()
