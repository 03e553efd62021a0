"""What both libraries share: folders of the app and of the user, one folder for each entry."""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Iterable
from pathlib import Path

from inference.contract import PersonareError


def entry_folders(shelf: Path, manifest: str) -> dict[str, Path]:
    """Folders on a shelf that hold a manifest, by name, sorted; none where there is no shelf."""
    try:
        folders = sorted(folder for folder in shelf.iterdir() if folder.is_dir())
    except OSError:
        return {}
    return {folder.name: folder for folder in folders if (folder / manifest).exists()}


def unknown(what: str, name: str, known: Iterable[str]) -> PersonareError:
    """The error for a name that is in no library, with the nearest one or all as the remedy."""
    names = sorted(known)
    if not names:
        remedy = "None is installed: install Personare again."
    elif near := difflib.get_close_matches(name, names, 1):
        remedy = f"Did you mean '{near[0]}'?"
    else:
        remedy = f"Choose one of: {', '.join(names)}."
    return PersonareError(f"There is no {what} '{name}'.", remedy)


def remove_entry(what: str, name: str, folder: Path, shelf: Path) -> None:
    """Delete an entry the user added.

    Raises:
        PersonareError: it came with Personare, or cannot be deleted.
    """
    if folder.parent != shelf:
        raise PersonareError(
            f"The {what} '{name}' came with Personare and stays.",
            "Only what you added can be removed.",
        )
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise PersonareError(
            f"The {what} '{name}' cannot be removed: {error.strerror}.",
            f"Check the permissions of {folder}.",
        ) from error
