"""Sounds that are not the user's speech, and how often the mouth opens to them.

Everything is synthesised by `training.speech.augment`, except real music, which is the free music
on hold of Debian's `asterisk-moh-opsound-g722` where that is installed, and the echo: what the
others say, in the microphone as well, through a room, `delay` later and `level` lower than on their
own stream.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from scipy.signal import fftconvolve

from inference.contract import AUDIO_RATE, Float32Array, MotionSource
from training.evaluate.mouth_score import aperture
from training.evaluate.prompts import OPEN_SHARE, perform
from training.evaluate.table import Row
from training.speech.augment import NOISES, db, room
from training.speech.sources import read_audio

BAR: Final = 0.005
ECHO_DB: Final = (-30.0, -24.0, -18.0, -12.0, -6.0)
ECHO_DELAY_S: Final = (0.02, 0.08, 0.16, 0.25)
MUSIC_FOLDER: Final = Path("/usr/share/asterisk/moh")
_LEVEL_DB: Final = {
    "fan": -35.0, "hum": -40.0, "keyboard": -24.0, "loud keyboard": -10.0, "music": -26.0,
    "loud music": -14.0, "breathing": -40.0,
}  # fmt: skip
"""RMS of each noise against full scale: what laptops' microphones deliver, and a bad case."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """A recording in which the user does not speak; `echo` where the others are heard in it."""

    name: str
    self_N: Float32Array
    other_N: Float32Array | None = None
    echo: bool = False


def noises(seconds: float, seed: int = 5) -> list[Quiet]:
    """Silence, hiss and the noises of `training.speech.augment` at usual levels."""
    rng = np.random.default_rng(seed)
    count = int(seconds * AUDIO_RATE)
    hiss_N = rng.standard_normal(count).astype(np.float32)
    found = [
        Quiet("silence", np.zeros(count, np.float32)),
        Quiet("hiss", hiss_N * np.float32(db(-70))),
    ]
    for name, level_db in _LEVEL_DB.items():
        pieces = _varied(NOISES[name.removeprefix("loud ")], count, rng)
        noise_N = pieces * np.float32(db(level_db)) + hiss_N * np.float32(db(-75))
        found.append(Quiet(name, np.clip(noise_N, -1, 1).astype(np.float32)))
    return found


def _varied(
    make: Callable[[int, np.random.Generator], Float32Array], count: int, rng: np.random.Generator
) -> Float32Array:
    """A new keyboard, fan or tune every half minute."""
    size = 30 * AUDIO_RATE
    pieces = [make(min(size, count - at), rng) for at in range(0, count, size)]
    return np.concatenate(pieces)


def real_music(seconds: float, folder: Path = MUSIC_FOLDER) -> list[Quiet]:
    """Music on hold, 26 dB under full scale, from several pieces; nothing if none is installed."""
    files = sorted(folder.glob("*.g722")) + sorted(folder.glob("*.wav"))
    if not files:
        return []
    each = int(seconds * AUDIO_RATE / len(files))
    parts = []
    for file in files:
        part_N = read_audio(file)[5 * AUDIO_RATE :][:each]
        parts.append(part_N * np.float32(db(_LEVEL_DB["music"]) / max(part_N.std(), 1e-6)))
    return [Quiet("real music", np.clip(np.concatenate(parts), -1, 1))]


def echoes(talk_N: Float32Array, seconds: float, seed: int = 6) -> list[Quiet]:
    """Others speaking (N,), and their echo at every level of ECHO_DB; delays take turns."""
    rng = np.random.default_rng(seed)
    count = int(seconds * AUDIO_RATE)
    other_N = np.resize(talk_N, count).astype(np.float32)
    hiss_N = (rng.standard_normal(count) * db(-75)).astype(np.float32)
    found = [Quiet("others speak, no echo", hiss_N, other_N)]
    size = count // len(ECHO_DELAY_S)
    for level_db in ECHO_DB:
        self_N = hiss_N.copy()
        for i, delay_s in enumerate(ECHO_DELAY_S):
            part_N = other_N[i * size : (i + 1) * size]
            path = np.concatenate([np.zeros(int(delay_s * AUDIO_RATE)), room(rng)])
            path /= np.sqrt((path**2).sum())
            self_N[i * size : i * size + len(part_N)] += fftconvolve(part_N, path)[
                : len(part_N)
            ].astype(np.float32) * np.float32(db(level_db))
        found.append(Quiet(f"echo {level_db:.0f} dB", np.clip(self_N, -1, 1), other_N, True))
    return found


def open_share(performer: MotionSource, quiet: Quiet, peak: float) -> float:
    """Share of the steps with the mouth more than OPEN_SHARE of `peak` open."""
    track = perform(performer, quiet.self_N, quiet.other_N, seed=1)
    return float((aperture(track.motion_TD) > OPEN_SHARE * peak).mean())


def quiet_rows(performer: MotionSource, recordings: Sequence[Quiet], peak: float) -> list[Row]:
    """One row for noises and one for echo: the worst counts, all are told."""
    rows = []
    for echo, what in (
        (False, "silence, keyboard, fan, music and the like"),
        (True, "other people's echo in the microphone (their stream given)"),
    ):
        shares = {
            quiet.name: open_share(performer, quiet, peak)
            for quiet in recordings
            if quiet.echo == echo
        }
        if not shares:
            continue
        minutes = max(len(q.self_N) for q in recordings) / AUDIO_RATE / 60
        told = ", ".join(f"{name} {share * 100:.2f}%" for name, share in shares.items())
        rows.append(
            Row(
                f"frames with the mouth more than 5% open, {minutes:.0f} min each: {what}",
                "0.5%",
                told,
                max(shares.values()) <= BAR,
                "mouths move",
                {"open_share": shares, "speech_peak": peak},
            )
        )
    return rows
