"""Test prompts with true phones, the tracks a performer makes of them, and tracks on disk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from inference.contract import (
    AUDIO_RATE,
    MOTION_INDEX,
    MOTION_NAMES,
    MOTION_SIZE,
    VISEMES,
    Float32Array,
    MotionSource,
    MotionTrack,
)
from training.evaluate.mouth_score import ArpabetSegments, ScoredClip, place
from training.speech.augment import db, level, shape_noise

OPEN_SHARE: Final = 0.05
"""A mouth is open when its aperture exceeds this share of the 95th percentile in speech."""
_CHUNK: Final = AUDIO_RATE


@dataclass(frozen=True, slots=True)
class Prompt:
    """One test clip: sound, length and true phones."""

    id: str
    audio_N: Float32Array
    duration: float
    phones: ArpabetSegments


def read_prompts(speech: Path, align: Path, listing: Path) -> list[Prompt]:
    """The clips named in a list (`folder/name.wav`, one per line), 16 kHz WAV.

    `align` holds `folder_name.json` for each, with `dur` and `phones` ([start, end, ARPABET]).
    """
    prompts = []
    for line in listing.read_text(encoding="utf-8").split():
        name = line.removesuffix(".wav")
        truth = json.loads((align / f"{name.replace('/', '_')}.json").read_text(encoding="utf-8"))
        audio_N, rate = soundfile.read(speech / f"{name}.wav", dtype="float32")
        if rate != AUDIO_RATE:
            raise ValueError(f"{name} is not at {AUDIO_RATE} Hz")
        phones = [(a, b, p) for a, b, p in truth["phones"]]
        prompts.append(Prompt(name.replace("/", "_"), audio_N, truth["dur"], phones))
    return prompts


def spoil(prompts: Iterable[Prompt], gain_db: float, snr_db: float | None) -> list[Prompt]:
    """The same prompts at another gain, in pink noise `snr_db` under the speech."""
    rng = np.random.default_rng(3)
    spoiled = []
    for prompt in prompts:
        audio_N = prompt.audio_N
        if snr_db is not None:
            noise_N = shape_noise(len(audio_N), rng, 1.0) * db(-snr_db) * level(audio_N)
            audio_N = audio_N + noise_N.astype(np.float32)
        spoiled.append(replace(prompt, audio_N=audio_N * np.float32(db(gain_db))))
    return spoiled


def perform(
    performer: MotionSource, self_N: Float32Array, other_N: Float32Array | None = None,
    seed: int | None = 0, block: int = _CHUNK,
) -> MotionTrack:  # fmt: skip
    """A whole recording in blocks; from a fresh start unless `seed` is None."""
    if seed is not None:
        performer.reset(seed)
    pieces = [
        performer.push(
            self_N[at : at + block], None if other_N is None else other_N[at : at + block]
        )
        for at in range(0, len(self_N), block)
    ]
    return join(pieces)


def join(pieces: Sequence[MotionTrack]) -> MotionTrack:
    """Consecutive tracks as one."""
    return MotionTrack(
        np.concatenate([p.time_T for p in pieces]),
        np.concatenate([p.motion_TD for p in pieces]),
        np.concatenate([p.speaking_T for p in pieces]),
        np.concatenate([p.listening_T for p in pieces]),
        np.concatenate([p.viseme_TV for p in pieces]),
    )


def score_prompts(
    performer: MotionSource, prompts: Sequence[Prompt], out: Path | None = None
) -> tuple[list[ScoredClip], list[MotionTrack]]:
    """Perform every prompt from a fresh start, without reading visemes from a head of zeros."""
    clips, tracks = [], []
    for prompt in prompts:
        track = perform(performer, prompt.audio_N)
        if out is not None:
            write_track(track, out / f"{prompt.id}.csv")
        head_TV = track.viseme_TV if track.viseme_TV.any() else None
        clips.append(place(prompt.phones, prompt.duration, track.time_T, track.motion_TD, head_TV))
        tracks.append(track)
    return clips, tracks


def speech_peak(clips: Sequence[ScoredClip]) -> float:
    """95th percentile of the aperture inside speech, over all clips."""
    return float(np.percentile(np.concatenate([c.aperture_T[c.inside_T] for c in clips]), 95))


def write_track(track: MotionTrack, file: Path) -> None:
    """CSV: `t`, then the motion; `t` is the audio consumed when the frame can be drawn."""
    table = np.column_stack([track.time_T, track.motion_TD])
    np.savetxt(file, table, "%.5f", ",", header=",".join(["t", *MOTION_NAMES]), comments="")


def read_track(prompt: Prompt, folder: Path) -> ScoredClip:
    """A clip's track from `folder/<id>.csv`: `t`, then motion names, visemes, or both.

    Raises:
        ValueError: the file has no column of a motion or a viseme.
        OSError: there is no such file.
    """
    file = folder / f"{prompt.id}.csv"
    with file.open(encoding="utf-8") as stream:
        names = stream.readline().strip().split(",")[1:]
    table = np.loadtxt(file, delimiter=",", skiprows=1, ndmin=2)
    time_T, values = table[:, 0], table[:, 1:]
    motion_TD = np.zeros((len(table), MOTION_SIZE), np.float32)
    head_TV = np.zeros((len(table), len(VISEMES)))
    found = {"motion": False, "viseme": False}
    for column, name in zip(values.T, (n.removeprefix("viseme_") for n in names), strict=True):
        if name in MOTION_INDEX:
            motion_TD[:, MOTION_INDEX[name]] = column
            found["motion"] = True
        elif name in VISEMES:
            head_TV[:, VISEMES.index(name)] = column
            found["viseme"] = True
    if not any(found.values()):
        raise ValueError(f"{file} has neither motion nor visemes")
    head_TV[~head_TV.any(1), 0] = 1
    return place(
        prompt.phones, prompt.duration, time_T,
        motion_TD if found["motion"] else None, head_TV if found["viseme"] else None,
    )  # fmt: skip
