"""Named points of a face in a picture: from a network, or set and nudged by hand.

`landmarks.json` beside an imported character keeps them, so that a person can correct one and have
the character made again. Coordinates are pixels of the picture they were found in, x to the right,
y down, the first pixel's middle at (0, 0). Left is the person's own: on the right of the picture.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from inference.contract import Float32Array, PersonareError

VERSION: Final = 1
FILE: Final = "landmarks.json"
By = Literal["network", "hand"]
MINIMAL: Final = ("pupil_left", "pupil_right", "nose_tip", "mouth_left", "mouth_right", "chin",
    "crown")  # fmt: skip
"""Seven clicks that are enough to bring a drawn face to life; more make it better."""
FEWEST: Final = 5
"""Fewest points that a face is fitted to. Any five of MINIMAL with a pupil among them miss by up to
1.5 times as much as all seven (24 heads, clicks 2 px off)."""
REMEDY: Final = (
    "Mark " + ", ".join(MINIMAL) + f" ({FEWEST} of them at least, better all); left is the "
    "person's own, on the picture's right."
)


@dataclass(frozen=True, slots=True)
class Mark:
    """One point; `confidence` 0..1 says how far to trust it."""

    x: float
    y: float
    by: By = "network"
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Landmarks:
    """The marks of one face by name, and the picture's width and height."""

    marks: dict[str, Mark]
    size: tuple[int, int]
    roll: float = 0.0
    """How far the picture was turned since it was taken, clockwise as seen, in radians."""

    def nudged(self, places: Mapping[str, tuple[float, float]]) -> Landmarks:
        """The same with points set by hand: moved, or added."""
        hand = {name: Mark(float(x), float(y), "hand") for name, (x, y) in places.items()}
        return replace(self, marks=self.marks | hand)

    def moved(self, matrix_23: Float32Array, size: tuple[int, int]) -> Landmarks:
        """The same points after an affine map of the picture."""
        out = {}
        for name, mark in self.marks.items():
            x, y = matrix_23 @ np.array([mark.x, mark.y, 1.0])
            out[name] = replace(mark, x=float(x), y=float(y))
        turned = math.atan2(float(matrix_23[1, 0]), float(matrix_23[0, 0]))
        return Landmarks(out, size, self.roll + turned)

    def text(self) -> str:
        """The content of `landmarks.json`."""
        points = {
            name: {"x": round(mark.x, 2), "y": round(mark.y, 2), "by": mark.by,
                   "confidence": round(mark.confidence, 3)}
            for name, mark in sorted(self.marks.items())
        }  # fmt: skip
        facts = {
            "format_version": VERSION,
            "size": list(self.size),
            "points": points,
            "roll": round(self.roll, 4),
        }
        return json.dumps(facts, indent=1) + "\n"


def _told(error: Exception) -> str:
    """What is wrong with a file of landmarks, in words."""
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return "it is no JSON"
    if isinstance(error, KeyError):
        return f"it lacks {error.args[0]!r}"
    return str(error)


def read_landmarks(path: Path, known: Iterable[str]) -> Landmarks:
    """Read a `landmarks.json`; a point may be an object, or simply [x, y] set by hand.

    Raises:
        PersonareError: it is missing or damaged, or names a point outside `known`.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        version = raw["format_version"]
        if version != VERSION:
            raise PersonareError(
                f"The landmarks {path} have version {version!r}; this Personare reads {VERSION}.",
                "Update Personare, or mark the picture again.",
            )
        width, height = (int(value) for value in raw["size"])
        marks = {str(name): _mark(value) for name, value in raw["points"].items()}
        roll = float(raw.get("roll", 0.0))
        if not abs(roll) <= math.pi:
            raise ValueError("its roll is no angle")
    except FileNotFoundError:
        raise PersonareError(f"There are no landmarks at {path}.", "Check the name.") from None
    except OSError as error:
        raise PersonareError(f"{path} cannot be read: {error.strerror}.", "Check it.") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PersonareError(
            f"The landmarks {path} are damaged: {_told(error)}.", REMEDY
        ) from error
    strange = sorted(set(marks) - set(known))
    if strange:
        raise PersonareError(f"No point of a face is called '{strange[0]}' ({path}).", REMEDY)
    return Landmarks(marks, (width, height), roll)


def _mark(value: Any) -> Mark:
    if isinstance(value, list):
        x, y = (float(part) for part in value)
        mark = Mark(x, y, "hand")
    else:
        by: By = "network" if value.get("by") == "network" else "hand"
        mark = Mark(float(value["x"]), float(value["y"]), by, float(value.get("confidence", 1.0)))
    if not all(math.isfinite(part) for part in (mark.x, mark.y, mark.confidence)):
        raise ValueError("a point is not a number")
    return mark
