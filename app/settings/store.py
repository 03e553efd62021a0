"""Reads and writes the settings file. Nothing the user chose is lost or overwritten unseen.

Writing is atomic (a temporary file beside it, flushed, then renamed). A file that cannot be read
is kept aside as `settings.json.broken-<time>` and the defaults are used; a value that cannot be
used is dropped alone. What happened comes back as notes, each one sentence and a remedy.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from app.settings.migrations import migrate
from app.settings.model import VERSION, Settings
from inference.contract import PersonareError

log = logging.getLogger(__name__)

FILE_NAME: Final = "settings.json"
_LARGEST: Final = 1 << 20  # a settings file is some 2 kB; a larger one is not ours


@dataclass(frozen=True, slots=True)
class Note:
    """Something the user should know about their settings."""

    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings that are valid in any case, and what had to be said while reading them."""

    settings: Settings
    notes: tuple[Note, ...] = field(default=())


def validate_leniently(content: dict[str, Any]) -> tuple[Settings, list[str]]:
    """Settings from a file's content, without the keys that cannot be used.

    Returns the settings and the dropped keys as `group.key`. Dropping one bad key uncovers no other
    than those already told, so the loop ends after at most one turn per key.
    """
    dropped: list[str] = []
    while True:
        try:
            return Settings.model_validate(content), dropped
        except ValidationError as error:
            paths = {_key_path(content, item["loc"]) for item in error.errors()}
            for path in sorted(paths):
                _remove(content, path)
                dropped.append(".".join(path))


def _key_path(content: dict[str, Any], loc: tuple[int | str, ...]) -> tuple[str, ...]:
    """The file's key behind pydantic's location: lists are dropped whole."""
    path: list[str] = []
    place: Any = content
    for part in loc:
        if not isinstance(place, dict) or part not in place:
            break
        path.append(str(part))
        place = place[part]
    return tuple(path)


def _remove(content: dict[str, Any], path: tuple[str, ...]) -> None:
    place = content
    for part in path[:-1]:
        place = place.get(part, {})
    place.pop(path[-1], None)


class SettingsStore:
    """The settings file at `path`; `clock` names files kept aside."""

    def __init__(self, path: Path, clock: Callable[[], datetime] = datetime.now) -> None:
        self.path = path
        self._clock = clock

    def load(self) -> Loaded:
        """Read the file. Never raises: a missing file gives defaults without a note."""
        try:
            with self.path.open("rb") as file:
                raw = file.read(_LARGEST + 1)
            if len(raw) > _LARGEST:
                raise ValueError("it is far too large")
            content = json.loads(raw.decode("utf-8"))
            if not isinstance(content, dict):
                raise ValueError("it holds no settings")
            migrated, found = migrate(content)
        except FileNotFoundError:
            return Loaded(Settings())
        except PermissionError:
            return self._unreadable("Personare may not read its settings file")
        except OSError as error:
            return self._unreadable(f"Its settings file cannot be read ({error.strerror})")
        except (ValueError, RecursionError) as error:
            log.warning("settings %s: %s", self.path, error)
            return self._unreadable("The settings file is damaged")
        settings, dropped = validate_leniently(migrated)
        return Loaded(settings, tuple(self._notes(found, dropped)))

    def save(self, settings: Settings) -> None:
        """Write the file; the old one stays whole until the new one is.

        Raises:
            PersonareError: the folder is missing and cannot be made, is full or forbidden.
        """
        text = json.dumps(settings.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"
        temporary = ""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(
                prefix=f".{FILE_NAME}-", dir=self.path.parent, text=False
            )
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode("utf-8"))
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self.path)
        except OSError as error:
            if temporary:
                with contextlib.suppress(OSError):
                    Path(temporary).unlink()
            raise PersonareError(
                f"Your settings could not be saved ({error.strerror}).",
                f"Make room in {self.path.parent} and allow writing there.",
            ) from error

    def _unreadable(self, reason: str) -> Loaded:
        aside = self._free_name("broken-" + self._clock().strftime("%Y%m%d-%H%M%S"))
        try:
            self.path.replace(aside)
        except OSError as error:
            log.warning("settings could not be kept aside: %s", error)
            remedy = f"Look at the permissions of {self.path}; it is replaced at the next change."
        else:
            remedy = f"The old file is kept as {aside.name} in {aside.parent}."
        return Loaded(Settings(), (Note(f"{reason}, so the defaults are used.", remedy),))

    def _notes(self, found: int, dropped: list[str]) -> list[Note]:
        notes = []
        if found > VERSION:
            copy = self.path.with_name(f"{FILE_NAME}.version-{found}")
            with contextlib.suppress(OSError):
                shutil.copy2(self.path, copy)
            notes.append(
                Note(
                    "The settings were written by a newer Personare; what this one knows is used.",
                    f"A copy is kept as {copy.name} in {copy.parent}.",
                )
            )
        if dropped:
            keys = ", ".join(dropped)
            notes.append(
                Note(
                    f"Some settings could not be used and have their default again: {keys}.",
                    "Choose them again in Preferences.",
                )
            )
        return notes

    def _free_name(self, ending: str) -> Path:
        """A name beside the file that is not taken."""
        first = self.path.with_name(f"{FILE_NAME}.{ending}")
        candidates = (first.with_name(f"{first.name}-{n}") for n in range(2, 1000))
        return first if not first.exists() else next(c for c in candidates if not c.exists())
