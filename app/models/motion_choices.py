"""The installed motion models as a user chooses among them, and what each can do, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.known_controls import known_controls
from app.models.library import ModelLibrary
from inference.contract import CUES, MOODS, PersonareError

_KIND = "motion"


@dataclass(frozen=True, slots=True)
class MotionChoice:
    """One installed motion model."""

    name: str
    """The package's name: what is stored and asked for."""
    title: str
    """For people, such as `First light`."""
    knows: frozenset[str]
    """`liveliness`, `warmth`, moods and cues by name."""
    description: str
    """A sentence, from the package."""
    is_default: bool


def motion_choices(library: ModelLibrary | None = None) -> list[MotionChoice]:
    """Every motion model that can be used now, the default one first; damaged ones are left out."""
    library = library or ModelLibrary()
    default = library.default(_KIND)
    found = []
    for name in library.of_kind(_KIND):
        try:
            package = library.load(_KIND, name)
        except PersonareError:
            continue
        about = package.manifest.description
        choice = MotionChoice(name, title_of(name), known_controls(package), about, name == default)
        found.append(choice)
    return sorted(found, key=lambda choice: not choice.is_default)


def title_of(name: str) -> str:
    """A package's name for people: `First light` for `motion-first-light`."""
    words = name.removeprefix(f"{_KIND}-").replace("-", " ").replace("_", " ").strip() or name
    return words[:1].upper() + words[1:]


def in_short(knows: frozenset[str]) -> str:
    """What a model adds to liveliness and warmth, in a few words."""
    moods, cues = _moods_in(knows), [name for name in CUES if name in knows]
    parts = [word for word, has in (("moods", moods), ("cues", cues)) if has]
    return " and ".join(parts) if parts else "no moods, no cues"


def knows_moods(knows: frozenset[str]) -> bool:
    """Whether any mood changes something."""
    return bool(_moods_in(knows))


def in_full(knows: frozenset[str]) -> str:
    """All that a model can be asked for, by name."""
    parts = [
        f"{word}: {_listed(names)}"
        for word, names in (
            ("moods", _moods_in(knows)),
            ("cues", [name for name in CUES if name in knows]),
        )
        if names
    ]
    return "; ".join([_listed(name for name in ("liveliness", "warmth") if name in knows), *parts])


def _moods_in(knows: frozenset[str]) -> list[str]:
    """Moods that change something: neutral alone is none."""
    return [name for name in MOODS if name in knows and name != "neutral"]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)
