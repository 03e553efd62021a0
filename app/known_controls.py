"""What a motion model can be asked for, and the fault when it is asked for something else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from inference.contract import Controls, PersonareError

if TYPE_CHECKING:
    from inference.model_package import ModelPackage

_FIRST: Final = ("liveliness", "warmth")
"""What every model knows, and all that the first ones did."""


def known_controls(package: ModelPackage) -> frozenset[str]:
    """Names of the controls in a motion package: `liveliness`, `warmth`, moods, cues."""
    return frozenset(package.parameters.get("controls", _FIRST))


def asked_of(controls: Controls) -> frozenset[str]:
    """The names that a style asks for, beyond what every model knows."""
    return frozenset() if controls.mood == "neutral" else frozenset({controls.mood})


def unknown_of(asked: Iterable[str], known: frozenset[str]) -> list[str]:
    """What the model does not know; a neutral mood and the two levels always pass."""
    return sorted(set(asked) - known - {"neutral", *_FIRST})


def check_known(
    asked: Iterable[str], known: frozenset[str], model: str = "", remedy: str = ""
) -> None:
    """Refuse what the model does not know (`unknown_of`).

    Raises:
        PersonareError: naming it, with the remedy given or one that always fits.
    """
    missing = unknown_of(asked, known)
    if missing:
        name = f" '{model}'" if model else ""
        words = ", ".join(word.replace("_", " ") for word in missing)
        raise PersonareError(
            f"The motion model{name} does not know {words}.",
            remedy or "Choose another motion model under Preferences, Character.",
        )
