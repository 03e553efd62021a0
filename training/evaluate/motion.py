"""Score a motion package: `python -m training.evaluate.motion PACKAGE --speech WAVS ...`.

Writes one track per test prompt, prints the bars of first light (openness inside speech at the
track's own delay, closures of p b m against other consonants) and how often the mouth opens over
five minutes of silence, hum and keyboard. `--plot PNG` draws mouth opening under the waveform.
The test speaker is never trained on; `--align` holds a JSON per clip with `dur` and `phones`.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from inference.contract import AUDIO_RATE, MOTION_NAMES, Float32Array, MotionTrack
from inference.motion_generator import MotionGenerator
from training.evaluate.mouth_score import GRID_S, MouthScore, ScoredClip, aperture, place, score
from training.speech.augment import db, hum, keyboard, level, shape_noise

OPEN_SHARE: Final = 0.05
"""A mouth is open when its aperture exceeds this share of the 95th percentile in speech."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One test clip: sound, length and true phones."""

    id: str
    audio_N: Float32Array
    duration: float
    phones: list[tuple[float, float, str]]


def read_prompts(speech: Path, align: Path, listing: Path) -> list[Prompt]:
    """The clips named in a list (`folder/name.wav`, one per line)."""
    prompts = []
    for line in listing.read_text().split():
        name = line.removesuffix(".wav")
        truth = json.loads((align / f"{name.replace('/', '_')}.json").read_text())
        audio_N, rate = soundfile.read(speech / f"{name}.wav", dtype="float32")
        if rate != AUDIO_RATE:
            raise ValueError(f"{name} is not at {AUDIO_RATE} Hz")
        phones = [(a, b, p) for a, b, p in truth["phones"]]
        prompts.append(Prompt(name.replace("/", "_"), audio_N, truth["dur"], phones))
    return prompts


def spoil(prompts: list[Prompt], gain_db: float, snr_db: float | None) -> list[Prompt]:
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


def write_track(track: MotionTrack, file: Path) -> None:
    """CSV: `t`, then the motion; `t` is the audio consumed when the frame can be drawn."""
    table = np.column_stack([track.time_T, track.motion_TD])
    np.savetxt(file, table, "%.4f", ",", header=",".join(["t", *MOTION_NAMES]), comments="")


def run_prompts(
    generator: MotionGenerator, prompts: list[Prompt], out: Path | None
) -> tuple[list[ScoredClip], float]:
    """Perform every prompt from a fresh start; clips to score, and seconds of CPU per second."""
    clips, busy, heard = [], 0.0, 0.0
    for prompt in prompts:
        generator.reset(0)
        began = time.process_time()
        track = generator.push(prompt.audio_N)
        busy += time.process_time() - began
        heard += prompt.duration
        if out is not None:
            write_track(track, out / f"{prompt.id}.csv")
        clips.append(
            place(prompt.phones, prompt.duration, track.time_T, track.motion_TD, track.viseme_TV)
        )
    return clips, busy / heard


def quiet_recordings(seconds: float, seed: int = 5) -> dict[str, Float32Array]:
    """Silence, hum and keyboard at usual levels, float32 at 16 kHz."""
    rng = np.random.default_rng(seed)
    count = int(seconds * AUDIO_RATE)
    hiss = rng.standard_normal(count).astype(np.float32)
    return {
        "silence": np.zeros(count, np.float32),
        "hiss": hiss * np.float32(db(-70)),
        "hum": (hum(count, rng) * db(-40) + hiss * db(-75)).astype(np.float32),
        "keyboard": (keyboard(count, rng) * db(-24) + hiss * db(-65)).astype(np.float32),
        "loud keyboard": (keyboard(count, rng) * db(-10) + hiss * db(-65)).astype(np.float32),
    }


def open_share(generator: MotionGenerator, audio_N: Float32Array, limit: float) -> float:
    """Share of steps with the aperture over `limit`, from a fresh start."""
    generator.reset(1)
    return float((aperture(generator.push(audio_N).motion_TD) > limit).mean())


def speech_peak(clips: list[ScoredClip]) -> float:
    """95th percentile of the aperture inside speech, over all clips."""
    return float(np.percentile(np.concatenate([c.aperture_T[c.inside_T] for c in clips]), 95))


def plot(prompts: list[Prompt], clips: list[ScoredClip], file: Path) -> None:
    """Waveform, wanted openness and the track's aperture of a few clips, one above another."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, rows = plt.subplots(len(clips), 1, figsize=(15, 2.6 * len(clips)), squeeze=False)
    for axis, prompt, clip in zip(rows[:, 0], prompts, clips, strict=True):
        at_N = np.arange(len(prompt.audio_N)) / AUDIO_RATE
        axis.plot(at_N, prompt.audio_N / np.abs(prompt.audio_N).max() * 0.5, lw=0.3, color="0.7")
        at_T = np.arange(len(clip.wanted_T)) * GRID_S
        axis.plot(at_T, clip.wanted_T, color="tab:green", lw=1, label="asked for by the phones")
        axis.plot(at_T, clip.aperture_T * 2, color="tab:red", lw=1.2, label="aperture x 2")
        for start, end, name in prompt.phones:
            axis.text((start + end) / 2, -0.62, name, fontsize=6, ha="center")
            if name in "PBM":
                axis.axvspan(start, end, color="tab:blue", alpha=0.15, lw=0)
        axis.set_ylim(-0.68, 1.15)
        axis.set_title(prompt.id, fontsize=8, loc="left")
    rows[0, 0].legend(loc="upper right", fontsize=7)
    figure.tight_layout()
    figure.savefig(file, dpi=70)
    plt.close(figure)


def main() -> None:
    """Read the command line, run, print a JSON summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path)
    parser.add_argument("--speech", type=Path, required=True, help="folder of 16 kHz test WAVs")
    parser.add_argument("--align", type=Path, required=True, help="their phones, a JSON each")
    parser.add_argument("--list", type=Path, required=True, dest="listing")
    parser.add_argument("--out", type=Path, help="folder for the tracks")
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--gain-db", type=float, default=0.0, help="change the prompts' level")
    parser.add_argument("--snr-db", type=float, help="add pink noise to the prompts")
    parser.add_argument("--quiet-seconds", type=float, default=300.0)
    options = parser.parse_args()
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
    generator = MotionGenerator(options.package)
    prompts = read_prompts(options.speech, options.align, options.listing)
    prompts = spoil(prompts, options.gain_db, options.snr_db)
    clips, cost = run_prompts(generator, prompts, options.out)
    result: MouthScore = score(clips)
    limit = OPEN_SHARE * speech_peak(clips)
    opened = {}
    if options.quiet_seconds > 0:
        recordings = quiet_recordings(options.quiet_seconds)
        opened = {name: open_share(generator, a, limit) for name, a in recordings.items()}
    if options.plot is not None:
        longest = sorted(range(len(prompts)), key=lambda i: -prompts[i].duration)[10:16]
        plot([prompts[i] for i in longest], [clips[i] for i in longest], options.plot)
    summary = asdict(result) | {
        "speech_peak": speech_peak(clips),
        "cost": cost,
        "open_share": opened,
    }
    print(json.dumps(summary, indent=1))


if __name__ == "__main__":
    main()
