"""Characters by id: listing, loading, removing. One the user added hides a bundled namesake."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from app import paths
from app.library_shelf import Library, unknown
from inference.character import MANIFEST_NAME, Character, load_character
from inference.contract import PersonareError

PREFERRED: Final = "amara"
"""Who appears until another is chosen."""


class CharacterLibrary(Library[Character]):
    """All characters of this installation."""

    what = "character"
    manifest_name = MANIFEST_NAME

    def __init__(self, bundled: Path | None = None, own: Path | None = None) -> None:
        super().__init__(
            bundled if bundled is not None else paths.assets_root() / "characters",
            own if own is not None else paths.user_characters_dir(),
        )

    def read(self, folder: Path, check: bool = True) -> Character:
        """See `Library.read`."""
        return load_character(folder, check=check)

    def default_id(self) -> str:
        """PREFERRED if it can be used, else the first character that can.

        Raises:
            PersonareError: there is none.
        """
        usable = [entry.id for entry in self.list(check=False) if entry.item is not None]
        if PREFERRED in usable:
            return PREFERRED
        if usable:
            return usable[0]
        raise PersonareError("No character is installed.", "Install Personare again.")

    def find(self, name: str) -> Path:
        """The folder of a character, not checked; "" is the default one.

        `name` is an id in either case, or the path of a character's folder.

        Raises:
            PersonareError: it is unknown.
        """
        name = name or self.default_id()
        folder = self.locate(name)
        if folder is None:
            raise unknown(self.what, name, self.folders())
        return folder

    def load(self, name: str) -> Character:
        """A character, all its files checked; for the name see `find`.

        Raises:
            PersonareError: it is unknown or damaged.
        """
        return self.read(self.find(name))
