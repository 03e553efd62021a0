"""`personare render`: a film of a character who speaks a recording."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.cli import arguments
from app.cli.interrupts import Interrupts
from app.cli.progress import Progress
from inference.contract import AUDIO_RATE, STEP_SAMPLES, Float32Array, PersonareError

if TYPE_CHECKING:
    from inference.engine import Engine


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("render", help="make a film from a recording")
    arguments.add_character(parser)
    parser.add_argument(
        "--voice", type=Path, required=True, metavar="FILE", help="what the character says"
    )
    parser.add_argument("--other", type=Path, metavar="FILE", help="whom the character listens to")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.mp4", help="the film")
    parser.add_argument(
        "--size", type=arguments.picture_size, default=(512, 512), metavar="N|WxH",
        help="512 is a square; 1280x720 and 1920x1080 are a camera's (default: 512)",
    )  # fmt: skip
    parser.add_argument(
        "--fps", type=arguments.frame_rate, default=30, help="pictures per second (default: 30)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="another number gives another performance (default: 0)"
    )
    arguments.add_style(parser)
    arguments.add_background(parser)
    arguments.add_models(parser)
    arguments.add_quality(parser)
    parser.set_defaults(run=run)


@dataclass(frozen=True, slots=True)
class Voices:
    """Both recordings: for the generators at AUDIO_RATE, and mixed for the film at its rate."""

    self_N: Float32Array
    other_N: Float32Array | None
    sound_N: Float32Array

    @property
    def seconds(self) -> float:
        """Length of the film."""
        return len(self.sound_N) / _film_rate()


def _film_rate() -> int:
    from app.media.film_writer import SOUND_RATE

    return SOUND_RATE


def read_voices(voice: Path, other: Path | None) -> Voices:
    """Decode both files; the film is as long as the voice.

    Raises:
        PersonareError: one of them is missing, damaged or empty.
    """
    from app.media.sound_file import read_sound

    rate = _film_rate()
    mine = read_sound(voice)
    self_N, sound_N = mine.at(AUDIO_RATE), mine.at(rate)
    if other is None:
        return Voices(self_N, None, sound_N)
    theirs = read_sound(other)
    other_N = fit(theirs.at(AUDIO_RATE), len(self_N))
    return Voices(self_N, other_N, np.clip(sound_N + fit(theirs.at(rate), len(sound_N)), -1.0, 1.0))


def fit(sound_N: Float32Array, count: int) -> Float32Array:
    """Cut to `count` samples, or go on with silence."""
    return np.pad(sound_N[:count], (0, max(0, count - len(sound_N))))


class OfflineFeed:
    """Feeds an engine from recordings just as far as the next picture needs; silence at the end."""

    def __init__(self, engine: Engine, self_N: Float32Array, other_N: Float32Array | None) -> None:
        self._engine, self._self_N, self._other_N = engine, self_N, other_N
        self._at = 0

    def until_ready(self, time_s: float) -> None:
        """Let the engine hear until it can draw `time_s` exactly."""
        while not self._engine.ready(time_s):
            self.step()

    def step(self) -> None:
        """Hear one motion step more."""
        piece = slice(self._at, self._at + STEP_SAMPLES)
        other_N = self._other_N
        self._engine.hear(
            fit(self._self_N[piece], STEP_SAMPLES),
            None if other_N is None else fit(other_N[piece], STEP_SAMPLES),
        )
        self._at += STEP_SAMPLES


def check_film(path: Path) -> None:
    """Refuse a name that no player would open.

    Raises:
        PersonareError: it does not end in .mp4.
    """
    if path.suffix.lower() != ".mp4" and (path.is_file() or not path.exists()):
        raise PersonareError(
            f"{path} is no name for a film: films are MP4.", "Let the name end in .mp4."
        )


def render(
    engine: Engine, voices: Voices, out: Path, size: tuple[int, int], fps: int, what: str = ""
) -> float:
    """Write the film and return its seconds. Interrupted, it leaves a film of what was done.

    Raises:
        PersonareError: the file cannot be written (any more).
    """
    from app.media.film_writer import SOUND_RATE, FilmWriter

    count = max(1, math.ceil(voices.seconds * fps - 1e-6))
    feed = OfflineFeed(engine, voices.self_N, voices.other_N)
    done = 0
    with (
        Interrupts() as interrupts,
        FilmWriter(out, *size, fps) as film,
        Progress(what or out.name, count) as progress,
    ):
        for k in range(count):
            interrupts.check()
            feed.until_ready(k / fps)
            film.add_picture(engine.frame(k / fps).i420, k / fps)
            upto = min(round((k + 1) * SOUND_RATE / fps), len(voices.sound_N))
            film.add_sound(voices.sound_N[done:upto])
            done = upto
            progress.update(k + 1)
    return film.seconds


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    from app.engine_builder import EngineChoices, build_engine, quality_notice

    arguments.check_out(options.out, options.voice, options.other)
    check_film(options.out)
    voices = read_voices(options.voice, options.other)
    width, height = options.size
    built = build_engine(
        EngineChoices(
            options.character, width, height, options.background, arguments.controls_of(options),
            options.provider, options.motion_model, options.frame_model, options.quality,
        ),
        options.seed,
    )  # fmt: skip
    arguments.check_style(options, built.motion_package)
    built.engine.direct(options.direct)
    arguments.warn(built.provider.message)
    arguments.warn(quality_notice(options.quality, built.provider.name)[0])
    try:
        seconds = render(built.engine, voices, options.out, options.size, options.fps)
    except KeyboardInterrupt:
        if options.out.exists():
            print(f"Stopped; the film so far is {options.out}")
        raise
    print(f"{options.out}: {seconds:.1f} s, {built.character.name}")
    return 0
