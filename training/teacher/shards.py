"""Shards of performances for training: what is heard, the controls, the performance.

`python -m training.teacher.shards CORPUS OUT --count N` writes `shard-0000.npz` ... with half
floats `heard_BTH`, `controls_BTC`, `performance_BTP`: B windows of T steps at PERFORMANCE_RATE, cut
out of longer conversations so that what came before the window differs. Files that are there stay.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import numpy as np

from inference.contract import Float32Array
from training.motion.performance import PERFORMANCE_RATE
from training.speech.corpus import Corpus
from training.teacher.clip_facts import VoiceBook
from training.teacher.conversation import converse
from training.teacher.direction import BLOCK_S, direct
from training.teacher.hearing import hear
from training.teacher.performer import perform
from training.teacher.shapes import Rng

STEPS: Final = int(BLOCK_S * PERFORMANCE_RATE)
WINDOWS: Final = 64
_BLOCKS: Final = 13
"""Windows in a conversation."""

Windows = tuple[Float32Array, Float32Array, Float32Array]


def act(book: VoiceBook, rng: Rng, seconds: float) -> Windows:
    """A conversation acted out: heard (T, 8), controls (T, C), performance (T, P)."""
    conversation = converse(book, rng, seconds)
    direction = direct(rng, seconds)
    return hear(conversation, rng), direction.controls(), perform(conversation, direction, rng)


def write_shard(book: VoiceBook, file: Path, seed: int, windows: int = WINDOWS) -> None:
    """One file; the same seed and corpus give the same file."""
    rng = np.random.default_rng(seed)
    parts: list[list[Float32Array]] = [[], [], []]
    while len(parts[0]) < windows:
        # The odd seconds before the first window make windows begin anywhere in a conversation.
        skip = int(rng.integers(0, 2)) * int(rng.integers(0, STEPS))
        acted = act(book, rng, BLOCK_S * _BLOCKS + skip / PERFORMANCE_RATE)
        for part, track in zip(parts, acted, strict=True):
            whole = track[skip : skip + STEPS * _BLOCKS].reshape(_BLOCKS, STEPS, -1)
            part.extend(whole)
    order = rng.permutation(len(parts[0]))[:windows]
    heard, controls, performance = (
        np.stack([part[i] for i in order]).astype(np.float16) for part in parts
    )
    temporary = file.with_suffix(".part")
    with temporary.open("wb") as out:
        np.savez(out, heard_BTH=heard, controls_BTC=controls, performance_BTP=performance)
    temporary.replace(file)


def main() -> None:
    """Read the command line and write the shards that are missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=45, help=f"shards of {WINDOWS} x 40 s")
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    book = VoiceBook(Corpus(options.corpus))
    for i in range(options.first, options.first + options.count):
        file = options.out / f"shard-{i:04d}.npz"
        if not file.exists():
            write_shard(book, file, 5000 + i)
            print(file.name, flush=True)


if __name__ == "__main__":
    main()
