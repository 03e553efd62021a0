"""Pictures of a performance: mouth over the waveform, nods over the other's speech, histograms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np

from inference.contract import AUDIO_RATE, MOTION_INDEX, MOTION_RATE
from training.evaluate import events
from training.evaluate.life_rows import STATES, Scene, look_seconds
from training.evaluate.mouth_score import GRID_S, ScoredClip
from training.evaluate.prompts import Prompt
from training.evaluate.published import BLINKS, LOOKS, SACCADE_SIZE

mpl.use("Agg")
import matplotlib.pyplot as plt

_EXCERPT_S: Final = 60.0
_COLOURS: Final = {"listening": "tab:blue", "idle": "0.5", "speaking": "tab:red"}


def _save(figure: Any, file: Path) -> None:
    figure.tight_layout()
    figure.savefig(file, dpi=80)
    plt.close(figure)


def plot_mouth(prompts: Sequence[Prompt], clips: Sequence[ScoredClip], file: Path) -> None:
    """Waveform, wanted openness and the track's aperture of a few clips, one above another."""
    figure, rows = plt.subplots(len(clips), 1, figsize=(15, 2.6 * len(clips)), squeeze=False)
    for axis, prompt, clip in zip(rows[:, 0], prompts, clips, strict=True):
        at_N = np.arange(len(prompt.audio_N)) / AUDIO_RATE
        axis.plot(at_N, prompt.audio_N / np.abs(prompt.audio_N).max() * 0.5, lw=0.3, color="0.7")
        at_T = np.arange(len(clip.wanted_T)) * GRID_S
        axis.plot(at_T, clip.wanted_T, color="tab:green", lw=1, label="asked for by the phones")
        axis.plot(at_T, clip.aperture_T * 2, color="tab:red", lw=1.2, label="aperture x 2")
        axis.plot(at_T, clip.rounding_T, color="tab:purple", lw=0.8, label="pucker + funnel")
        for start, end, name in prompt.phones:
            axis.text((start + end) / 2, -0.62, name, fontsize=6, ha="center")
            if name in "PBM":
                axis.axvspan(start, end, color="tab:blue", alpha=0.15, lw=0)
        axis.set_ylim(-0.68, 1.15)
        axis.set_title(prompt.id, fontsize=8, loc="left")
    rows[0, 0].legend(loc="upper right", fontsize=7)
    _save(figure, file)


def plot_listening(scene: Scene, file: Path, rows: int = 3) -> None:
    """Head pitch, brows, nods and raises over both sides' speech, a minute a row."""
    motion_TD, dialogue = scene.track.motion_TD, scene.dialogue
    rows = min(rows, max(1, int(len(motion_TD) / MOTION_RATE / _EXCERPT_S)))
    pitch_T = np.degrees(motion_TD[:, MOTION_INDEX["headPitch"]])
    brow_T = motion_TD[:, MOTION_INDEX["browInnerUp"]]
    figure, axes = plt.subplots(rows, 1, figsize=(16, 3 * rows), squeeze=False)
    for row, axis in enumerate(axes[:, 0]):
        start = row * _EXCERPT_S
        for audio_N, colour, sign in (
            (dialogue.other_N, "tab:blue", 1), (dialogue.self_N, "tab:red", -1),
        ):  # fmt: skip
            part_N = audio_N[int(start * AUDIO_RATE) : int((start + _EXCERPT_S) * AUDIO_RATE)]
            peaks = np.abs(part_N[: len(part_N) // 320 * 320]).reshape(-1, 320).max(1)
            at = start + np.arange(len(peaks)) / 50
            axis.fill_between(at, 0, sign * peaks * 8, color=colour, alpha=0.25, lw=0)
        span = slice(int(start * MOTION_RATE), int((start + _EXCERPT_S) * MOTION_RATE))
        axis.plot(scene.track.time_T[span], pitch_T[span], "k", lw=0.9, label="head pitch (deg)")
        axis.plot(
            scene.track.time_T[span], brow_T[span] * 10, "tab:green", lw=0.9, label="brow x 10"
        )
        for found, marker in ((events.nods(motion_TD), "v"), (events.brow_raises(motion_TD), "^")):
            here = found[(found >= span.start) & (found < span.stop)]
            axis.plot(here / MOTION_RATE, np.full(len(here), 6.5), marker, color="k")
        for pause in dialogue.pauses_S:
            if start <= pause < start + _EXCERPT_S:
                axis.axvline(pause, color="tab:blue", lw=0.4, alpha=0.6)
        axis.set_ylim(-8, 8)
        axis.set_xlim(start, start + _EXCERPT_S)
    axes[0, 0].legend(loc="lower right", fontsize=7)
    axes[0, 0].set_title(
        "other (blue, up), self (red, down); v nods, ^ brow raises; lines: the other pauses",
        fontsize=9, loc="left",
    )  # fmt: skip
    _save(figure, file)


def _normal(axis: Any, mean: float, sd: float, colour: str) -> None:
    axis.axvline(mean, color=colour, lw=1.2, ls="--")
    axis.axvspan(mean - sd, mean + sd, color=colour, alpha=0.12, lw=0)


def plot_life(scenes: Sequence[Scene], file: Path) -> None:
    """Blink rates per minute, looks at and away, saccade sizes; published mean and deviation."""
    figure, axes = plt.subplots(2, 3, figsize=(16, 8))
    for axis, state in zip(axes[0], STATES, strict=True):
        rates = np.concatenate([_rates_by_minute(s, state) for s in scenes])
        axis.hist(rates, bins=np.arange(0, 50, 3), color=_COLOURS[state], alpha=0.7)
        _normal(axis, BLINKS[state].mean, BLINKS[state].sd, "k")
        axis.set_title(f"blinks a minute, {state} ({len(rates)} minutes)", fontsize=9)
    for axis, kind in zip(axes[1], ("mutual", "away"), strict=False):
        for state in ("listening", "speaking"):
            found = look_seconds(scenes, state, kind == "away")
            published, high = LOOKS[state, kind], 16 if kind == "mutual" else 4
            _normal(axis, published.mean, published.sd, _COLOURS[state])
            if not found:
                continue
            axis.hist(
                found, bins=np.linspace(0, high, 33), density=True, alpha=0.5,
                color=_COLOURS[state], label=f"{state} ({len(found)})",
            )  # fmt: skip
        axis.set_title(f"seconds of a look: {kind}", fontsize=9)
        axis.legend(fontsize=7)
    sizes = np.concatenate([events.saccades(s.track.motion_TD)[1] for s in scenes])
    axis = axes[1, 2]
    if len(sizes):
        axis.hist(sizes, bins=np.arange(0, 31, 1), density=True, color="0.6")
    at = np.linspace(0.4, 30, 200)
    axis.plot(at, np.exp(-(at - 0.31) / SACCADE_SIZE.sd) / SACCADE_SIZE.sd, "k--")
    axis.set_title(f"saccade sizes in degrees ({len(sizes)}); Lee et al.", fontsize=9)
    _save(figure, file)


def _rates_by_minute(scene: Scene, state: str) -> np.ndarray:
    """Blinks in each minute spent in a state, put together from its pieces."""
    mask = scene.mask(state)
    blink_T = np.zeros(len(mask), np.int64)
    blink_T[events.blinks(scene.track.motion_TD)] = 1
    kept = blink_T[mask]
    size = 60 * MOTION_RATE
    whole = len(kept) // size * size
    return kept[:whole].reshape(-1, size).sum(1)
