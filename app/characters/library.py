"""Characters by id: listing, loading, removing. One the user added hides a bundled namesake."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app import paths
from app.library_shelf import entry_folders, remove_entry, unknown
from inference.character import MANIFEST_NAME, Character, load_character
from inference.contract import PersonareError


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry of the list; `fault` says in one sentence why it cannot be used, if so."""

    id: str
    folder: Path
    bundled: bool
    character: Character | None = None
    fault: str = ""
    remedy: str = ""

    @property
    def name(self) -> str:
        """Name to show."""
        return self.id if self.character is None else self.character.name


class CharacterLibrary:
    """All characters of this installation. Reads the disk at every call."""

    def __init__(self, bundled: Path | None = None, own: Path | None = None) -> None:
        self._bundled = bundled if bundled is not None else paths.assets_root() / "characters"
        self._own = own if own is not None else paths.user_characters_dir()

    def folders(self) -> dict[str, Path]:
        """Folder of every character by id, in the order of the list."""
        bundled = entry_folders(self._bundled, MANIFEST_NAME)
        return bundled | entry_folders(self._own, MANIFEST_NAME)

    def list(self, check: bool = False) -> list[Listed]:
        """Every character, faulty ones too; `check` also reads all files and their hashes."""
        found = []
        for name, folder in self.folders().items():
            bundled = folder.parent == self._bundled
            try:
                character = load_character(folder, check=check)
                found.append(Listed(name, folder, bundled, character))
            except PersonareError as error:
                found.append(Listed(name, folder, bundled, None, str(error), error.remedy))
        return found

    def default_id(self) -> str:
        """The first usable character of the list.

        Raises:
            PersonareError: there is none.
        """
        for entry in self.list():
            if entry.character is not None:
                return entry.id
        raise PersonareError("No character is installed.", "Install Personare again.")

    def find(self, name: str) -> Path:
        """The folder of a character, not checked; "" is the default one.

        `name` is an id in either case, or the path of a character's folder.

        Raises:
            PersonareError: it is unknown.
        """
        folders = self.folders()
        name = name or self.default_id()
        if name in folders:
            return folders[name]
        if name.lower() in folders:  # the window writes Lena, the folder is lena
            return folders[name.lower()]
        if ("/" in name or "\\" in name) and Path(name).is_dir():
            return Path(name).resolve()
        raise unknown("character", name, folders)

    def load(self, name: str) -> Character:
        """A character, all its files checked; for the name see `find`.

        Raises:
            PersonareError: it is unknown or damaged.
        """
        return load_character(self.find(name))

    def remove(self, name: str) -> None:
        """Delete a character the user added.

        Raises:
            PersonareError: it is unknown, bundled, or cannot be deleted.
        """
        folders = self.folders()
        if name not in folders:
            raise unknown("character", name, folders)
        remove_entry("character", name, folders[name], self._own)
