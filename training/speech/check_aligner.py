"""How far an aligner's boundaries lie from the truth, on voices whose timing is exact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.contract import Float32Array
from training.speech.corpus import Clip, Corpus
from training.speech.phone_net import FRAME_S
from training.speech.phones import Segments
from training.teacher.mouth import viseme_track

Aligner = Callable[[Float32Array, list[str]], tuple[Segments, float]]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """`errors_s`: found minus true start of each phone, seconds; `viseme`, `phone`: agreement.

    `viseme` is the share of the 10 ms frames with the same viseme (Oculus' 15, silence included);
    `skipped` counts clips whose phones did not come out in the same order.
    """

    errors_s: NDArray[np.float64]
    viseme: float
    skipped: int


def accuracy(corpus: Corpus, clips: list[Clip], aligner: Aligner) -> Accuracy:
    """Align clips of known timing from their phone lists and compare."""
    errors: list[float] = []
    same, frames, skipped = 0, 0, 0
    for clip in clips:
        found, _ = aligner(corpus.audio(clip), [name for _, _, name in clip.phones])
        if not found:
            skipped += 1
            continue
        time_T = np.arange(0, clip.duration, FRAME_S)
        agree_T = viseme_track(found, time_T) == viseme_track(clip.phones, time_T)
        same, frames = same + int(agree_T.sum()), frames + len(time_T)
        truth = [p for p in clip.phones if p[2] != "SIL"]
        spoken = [p for p in found if p[2] != "SIL"]
        if [p[2] for p in truth] != [p[2] for p in spoken]:
            skipped += 1
            continue
        errors += [f[0] - t[0] for f, t in zip(spoken, truth, strict=True)]
    return Accuracy(np.array(errors), same / max(frames, 1), skipped)


def report(found: Accuracy) -> str:
    """One line of figures."""
    if not len(found.errors_s):
        return "nothing to compare"
    error = found.errors_s * 1e3
    size = np.abs(error)
    return (
        f"{len(error)} boundaries, bias {np.median(error):+.0f} ms, median size"
        f" {np.median(size):.0f} ms, 90% within {np.percentile(size, 90):.0f} ms, within 20 ms"
        f" {(size < 20).mean():.2f}; frames of the same viseme {found.viseme:.3f};"
        f" {found.skipped} clips left out"
    )
