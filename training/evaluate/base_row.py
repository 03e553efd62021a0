"""The row about the student against the Base: Frechet distance on motion features."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from training.evaluate.table import Row

RATIO_BAR: Final = 1.5
_WHAT: Final = "student against Base: Frechet distance, against Base seed to seed"
_BAR: Final = "at most 1.5 times"


def judge(found: dict[str, dict[str, float]]) -> Row:
    """From what `training.evaluate.frechet.compare` found."""
    student, seeds = found["Base, student"]["all"], found["Base, other seed"]["all"]
    ratio = student / max(seeds, 1e-9)
    told = f"{ratio:.2f} times ({student:.4f} against {seeds:.4f})"
    return Row(_WHAT, _BAR, told, ratio <= RATIO_BAR, "", {"ratio": ratio, "distances": found})


def base_row(base: Path | None, student: Path | None, shards: Path | None, count: int) -> Row:
    """Sample both checkpoints under `count` conversations of the shards, if they are given."""
    if base is None or student is None or shards is None:
        return Row(_WHAT, _BAR, "needs --base, --student and --shards", None)
    from training.evaluate.frechet import compare

    return judge(compare(shards, base, student, count))
