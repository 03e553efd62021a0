"""Arguments that several commands share, and the types that check them."""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from app.known_controls import asked_of, check_known, known_controls, unknown_of
from app.models.motion_choices import motion_choices
from app.session_contract import Background
from inference.contract import MOODS, Controls, PersonareError
from inference.direction import Direction, direction_of

if TYPE_CHECKING:
    from inference.model_package import ModelPackage


def share(text: str) -> float:
    """A number from 0 to 1."""
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def positive(text: str) -> float:
    """A number above 0."""
    value = float(text)
    if not 0.0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def frame_rate(text: str) -> int:
    """Whole pictures per second, 10 to 120."""
    value = int(text)
    if not 10 <= value <= 120:
        raise argparse.ArgumentTypeError(f"{text} is not between 10 and 120")
    return value


def picture_size(text: str) -> tuple[int, int]:
    """`512` (a square) or `1280x720`; even, 128 to 3840."""
    width, _, height = text.lower().partition("x")
    try:
        size = int(width), int(height or width)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a size such as 512 or 1280x720") from None
    if any(side < 128 or side > 3840 or side % 2 for side in size):
        raise argparse.ArgumentTypeError(f"{text}: sizes are even and from 128 to 3840")
    return size


def background(text: str) -> Background:
    """`own`, `green`, a colour such as `#262a33`, or the path of a picture."""
    if text in ("own", "green"):
        return Background(text)
    if text.startswith("#"):
        try:
            color = bytes.fromhex(text[1:])
        except ValueError:
            color = b""
        if len(color) != 3:
            raise argparse.ArgumentTypeError(f"{text} is not a colour such as #262a33")
        return Background("color", (color[0], color[1], color[2]))
    if not Path(text).exists() and not Path(text).suffix:
        raise argparse.ArgumentTypeError(f"{text}: give own, #262a33, green or a picture file")
    return Background("picture", picture=text)


def add_character(parser: argparse.ArgumentParser) -> None:
    """`--character`."""
    parser.add_argument(
        "--character",
        default="",
        metavar="NAME",
        help="who appears (default: amara)",
    )


def mood(text: str) -> tuple[str, float]:
    """`happy`, or `happy:0.5` with its strength."""
    name, colon, strength = text.lower().partition(":")
    if name not in MOODS:
        near = difflib.get_close_matches(name, MOODS, 1)
        hint = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(MOODS)}"
        raise argparse.ArgumentTypeError(f"there is no mood '{name}': {hint}")
    try:
        return name, share(strength) if colon else 1.0
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"'{strength}' is no strength: write {name}:0.5, from 0 to 1"
        ) from None


def direction(text: str) -> Direction:
    """A text direction that is understood to the last word."""
    try:
        return direction_of(text)
    except PersonareError as error:
        raise argparse.ArgumentTypeError(f"{error} {error.remedy}") from error


def add_style(parser: argparse.ArgumentParser) -> None:
    """`--mood`, `--liveliness`, `--warmth`, `--direct`."""
    parser.add_argument(
        "--mood",
        type=mood,
        default=("neutral", 1.0),
        metavar="MOOD[:0..1]",
        help=f"{', '.join(MOODS)}; happy:0.5 is half as strong",
    )
    parser.add_argument(
        "--direct",
        type=direction,
        metavar="TEXT",
        help='what to do, such as "smile and nod, then look thoughtful" (docs/directions.md)',
    )
    parser.add_argument(
        "--liveliness", type=share, default=0.5, metavar="0..1", help="still .. animated"
    )
    parser.add_argument(
        "--warmth", type=share, default=0.5, metavar="0..1", help="neutral .. smiling"
    )


def add_models(parser: argparse.ArgumentParser, frame: bool = True) -> None:
    """`--provider`, `--motion-model`, `--frame-model`."""
    parser.add_argument("--motion-model", default="", metavar="NAME", help="another motion model")
    if frame:
        parser.add_argument("--frame-model", default="", metavar="NAME", help="another frame model")
        parser.add_argument(
            "--provider", choices=("auto", "cpu", "cuda", "directml"), default="auto",
            help="where the models run (default: auto)",
        )  # fmt: skip


def add_quality(parser: argparse.ArgumentParser) -> None:
    """`--quality`."""
    parser.add_argument(
        "--quality", choices=("eco", "standard", "high"), default="standard",
        help="eco paints in 8 bits and saves power, high draws larger (default: standard)",
    )  # fmt: skip


def add_background(parser: argparse.ArgumentParser) -> None:
    """`--background`."""
    parser.add_argument(
        "--background", type=background, default=Background(), metavar="own|COLOR|PICTURE|green",
        help="what stands behind: own (of an imported picture; the default), a colour such as "
        "#262a33, a picture file, or green",
    )  # fmt: skip


def controls_of(options: argparse.Namespace) -> Controls:
    """The style that was asked for."""
    return Controls(options.liveliness, options.warmth, *options.mood)


def check_style(options: argparse.Namespace, package: ModelPackage) -> None:
    """Refuse a mood or a direction that the motion model would not follow.

    Raises:
        PersonareError: it does not know what was asked for.
    """
    asked = asked_of(controls_of(options))
    if options.direct is not None:
        asked |= options.direct.uses
    check_known(asked, known_controls(package), package.name, _who_knows(asked))


def _who_knows(asked: frozenset[str]) -> str:
    """What to do about a motion model that does not know all that is asked."""
    able = [choice.name for choice in motion_choices() if not unknown_of(asked, choice.knows)]
    if able:
        return f"Add --motion-model {able[0]}, or leave this away."
    return "No installed model knows it: leave this away (personare models list)."


def check_out(path: Path, *inputs: Path | None) -> None:
    """Fail before the long work rather than after it, and never write over what is read.

    Raises:
        PersonareError: the output's folder is missing, it is a folder, or it is one of the inputs.
    """
    if path.is_dir():
        raise PersonareError(f"{path} is a folder.", "Add a file name.")
    if not path.parent.is_dir():
        raise PersonareError(f"There is no folder {path.parent}.", "Make it, or choose another.")
    for source in inputs:
        if source is not None and path.exists() and source.exists() and path.samefile(source):
            raise PersonareError(f"{path} would be written over itself.", "Choose another --out.")


def wrong_use(sentence: str) -> int:
    """Say that options do not go together; returns the exit status of wrong use."""
    print(f"personare: {sentence}", file=sys.stderr)
    return 2


def warn(message: str) -> None:
    """Say on stderr what is good to know; nothing for an empty message."""
    if message:
        print(f"Note: {message}", file=sys.stderr)
