"""`personare perform`: motion of a recording as a table, without any picture."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import numpy as np

from app.cli import arguments
from app.cli.interrupts import Interrupts
from app.cli.progress import Progress
from app.cli.render import OfflineFeed, fit
from inference.contract import (
    AUDIO_RATE,
    BLENDSHAPES,
    MOTION_INDEX,
    MOTION_NAMES,
    STEP_SAMPLES,
    VISEMES,
    Float32Array,
    PersonareError,
)

if TYPE_CHECKING:
    from inference.engine import Engine
    from inference.motion_history import MotionMoment

_SIDEWAYS: Final = float(np.radians(30.0))
_UP: Final = float(np.radians(25.0))
_DOWN: Final = float(np.radians(30.0))
"""What eyeLook at 1.0 means (`inference.contract`)."""

_LIVE_LINK_SWAPPED: Final = {"jawLeft": "jawRight", "mouthLeft": "mouthRight"}
LIVE_LINK_SHAPES: Final = tuple(
    (_LIVE_LINK_SWAPPED | {right: left for left, right in _LIVE_LINK_SWAPPED.items()}).get(n, n)
    for n in BLENDSHAPES
)
"""The 52 blendshapes in the Live Link Face app's order: as ARKit's, but these two pairs turned."""
LIVE_LINK_ANGLES: Final = (
    "HeadYaw", "HeadPitch", "HeadRoll",
    "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll", "RightEyeYaw", "RightEyePitch", "RightEyeRoll",
)  # fmt: skip


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("perform", help="make a table of motion from a recording")
    parser.add_argument(
        "--voice", type=Path, required=True, metavar="FILE", help="what the character says"
    )
    parser.add_argument("--other", type=Path, metavar="FILE", help="whom the character listens to")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.csv", help="the table")
    parser.add_argument(
        "--fps", type=arguments.frame_rate, default=60, help="rows per second (default: 60)"
    )
    parser.add_argument("--visemes", action="store_true", help="add the 15 Oculus viseme scores")
    parser.add_argument(
        "--format", choices=("track", "livelink"), default="track",
        help="our own columns, or those of the Live Link Face app (default: track)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="another number, another performance")
    arguments.add_style(parser)
    arguments.add_models(parser, frame=False)
    parser.set_defaults(run=run)


def live_moments(
    engine: Engine, self_N: Float32Array, other_N: Float32Array | None, fps: int
) -> Iterator[tuple[float, MotionMoment]]:
    """(t, motion) at k / fps: what the live camera would show when t seconds were heard."""
    feed = OfflineFeed(engine, self_N, other_N)
    seconds = len(self_N) / AUDIO_RATE
    step_s = STEP_SAMPLES / AUDIO_RATE
    for k in range(int(seconds * fps) + 1):
        while engine.heard_s + step_s <= k / fps + 1e-9:
            feed.step()
        yield k / fps, engine.moment(k / fps, live=True)


def synchronous_moments(
    engine: Engine, self_N: Float32Array, other_N: Float32Array | None, fps: int
) -> Iterator[tuple[float, MotionMoment]]:
    """(t, motion) at k / fps: the motion that belongs to the sound at t."""
    feed = OfflineFeed(engine, self_N, other_N)
    for k in range(int(len(self_N) / AUDIO_RATE * fps) + 1):
        feed.until_ready(k / fps)
        yield k / fps, engine.moment(k / fps)


def timecode(row: int, fps: int) -> str:
    """Hours:minutes:seconds:frames.milliframes, as the Live Link Face app writes them."""
    seconds, frame = divmod(row, fps)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frame:02d}.000"


def eye_angles(motion_D: Float32Array, side: str) -> tuple[float, float]:
    """Yaw (positive to the character's left) and pitch (up) of an eye in radians."""

    def look(direction: str) -> float:
        return float(motion_D[MOTION_INDEX[f"eyeLook{direction}{side}"]])

    outwards = look("Out") - look("In")
    yaw = (outwards if side == "Left" else -outwards) * _SIDEWAYS
    return yaw, look("Up") * _UP - look("Down") * _DOWN


def live_link_row(motion_D: Float32Array) -> list[str]:
    """The 61 values of a row: 52 blendshapes, then head and eyes in radians."""
    head = [float(motion_D[MOTION_INDEX[name]]) for name in ("headYaw", "headPitch", "headRoll")]
    values = [float(motion_D[MOTION_INDEX[name]]) for name in LIVE_LINK_SHAPES]
    left, right = eye_angles(motion_D, "Left"), eye_angles(motion_D, "Right")
    return [f"{value:.6f}" for value in (*values, *head, *left, 0.0, *right, 0.0)]


def _header(options: argparse.Namespace) -> list[str]:
    if options.format == "track":
        return ["t", *MOTION_NAMES, *(VISEMES if options.visemes else ())]
    shapes = [name[0].upper() + name[1:] for name in LIVE_LINK_SHAPES]
    return ["Timecode", "BlendShapeCount", *shapes, *LIVE_LINK_ANGLES]


def write_table(
    stream: TextIO,
    options: argparse.Namespace,
    engine: Engine,
    self_N: Float32Array,
    other_N: Float32Array | None,
) -> int:
    """Write all rows, return how many."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_header(options))
    live = options.format == "track"
    moments = (live_moments if live else synchronous_moments)(engine, self_N, other_N, options.fps)
    count = 0
    with (
        Interrupts() as interrupts,
        Progress(options.out.name, len(self_N) / AUDIO_RATE) as progress,
    ):
        for k, (time_s, moment) in enumerate(moments):
            interrupts.check()
            visemes = [f"{v:.4f}" for v in moment.viseme_V] if options.visemes else []
            if live:
                row = [f"{time_s:.6f}", *(f"{v:.5f}" for v in moment.motion_D)]
            else:
                row = [timecode(k, options.fps), "61", *live_link_row(moment.motion_D)]
            writer.writerow(row + visemes)
            progress.update(time_s)
            count = k + 1
    return count


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    from app.engine_builder import build_motion_engine
    from app.media.sound_file import read_speech

    if options.visemes and options.format == "livelink":
        return arguments.wrong_use(
            "--visemes does not go with --format livelink, whose columns are fixed: "
            "use --format track, or leave --visemes away."
        )
    arguments.check_out(options.out, options.voice, options.other)
    self_N = read_speech(options.voice)
    other_N = None if options.other is None else fit(read_speech(options.other), len(self_N))
    engine, package = build_motion_engine(
        arguments.controls_of(options), options.seed, options.motion_model
    )
    arguments.check_style(options, package)
    engine.direct(options.direct)
    try:
        with options.out.open("w", encoding="utf-8", newline="") as stream:
            count = write_table(stream, options, engine, self_N, other_N)
    except OSError as error:
        raise PersonareError(
            f"{options.out} cannot be written: {error.strerror}.",
            "Check the free space and the permissions, or choose another folder.",
        ) from error
    print(f"{options.out}: {count} rows, {options.fps} per second")
    return 0
