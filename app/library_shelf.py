"""A library of folders, bundled ones and the user's own: what characters and model packages share.

An entry is a folder with a manifest; its id is the folder's name. One that the user added hides a
bundled namesake. The disk is read at every call.
"""

from __future__ import annotations

import difflib
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from inference.contract import PersonareError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """One entry of the list; without an `item`, `fault` says in one sentence why, with a remedy."""

    id: str
    folder: Path
    bundled: bool
    item: T | None = None
    fault: str = ""
    remedy: str = ""


class Library(ABC, Generic[T]):
    """Entries of one kind, on two shelves."""

    what: ClassVar[str]
    """Their kind, for messages."""
    manifest_name: ClassVar[str]
    """The file that makes a folder an entry."""

    def __init__(self, bundled: Path, own: Path) -> None:
        self._bundled, self._own = bundled, own

    @abstractmethod
    def read(self, folder: Path, check: bool = True) -> T:
        """The entry in a folder; `check=False` may leave out the hashes of its files.

        Raises:
            PersonareError: it is damaged.
        """

    def folders(self) -> dict[str, Path]:
        """Folder of every entry by id, in the order of the list."""
        shelves = (self._bundled, self._own)
        return {folder.name: folder for shelf in shelves for folder in self._entries_of(shelf)}

    def list(self, check: bool = False) -> list[Listed[T]]:
        """Every entry, faulty ones too; `check` reads all files and compares their hashes."""
        found: list[Listed[T]] = []
        for name, folder in self.folders().items():
            bundled = folder.parent == self._bundled
            try:
                found.append(Listed(name, folder, bundled, self.read(folder, check)))
            except PersonareError as error:
                found.append(Listed(name, folder, bundled, None, str(error), error.remedy))
        return found

    def locate(self, name: str) -> Path | None:
        """The folder of an entry, not checked; `name` is an id in either case, or a path."""
        folders = self.folders()
        for id_ in (name, name.lower()):  # the window writes Lena, the folder is lena
            if id_ in folders:
                return folders[id_]
        if ("/" in name or "\\" in name) and Path(name).is_dir():
            return Path(name).resolve()
        return None

    def remove(self, name: str) -> None:
        """Delete an entry the user added.

        Raises:
            PersonareError: it is unknown, came with Personare, or cannot be deleted.
        """
        folders = self.folders()
        if name not in folders:
            raise unknown(self.what, name, folders)
        folder = folders[name]
        if folder.parent != self._own:
            raise PersonareError(
                f"The {self.what} '{name}' came with Personare and stays.",
                "Only what you added can be removed.",
            )
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise PersonareError(
                f"The {self.what} '{name}' cannot be removed: {error.strerror}.",
                f"Check the permissions of {folder}.",
            ) from error

    def _entries_of(self, shelf: Path) -> Iterable[Path]:
        """Folders on a shelf that hold a manifest, sorted; none where there is no shelf."""
        try:
            folders = sorted(folder for folder in shelf.iterdir() if folder.is_dir())
        except OSError:
            return []
        return [folder for folder in folders if (folder / self.manifest_name).exists()]


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
