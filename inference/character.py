"""Characters: a folder with `character.json`, its pictures and its geometry.

The manifest also carries who made the character, under which licence, and the consent that lets
a face be used. Nothing of a folder is used before its manifest is valid and its files have their
hash.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from inference.contract import PersonareError
from inference.package_files import Manifest, RelativeFile, Slug, read_folder

MANIFEST_NAME = "character.json"
CONSENT_KINDS = ("own", "permission", "synthetic", "public-domain")
REMEDY = "Get the character again, or install Personare again if it came with it."


class Consent(BaseModel):
    """Why this face may be used; further keys (who, when, how) are kept as written."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: str = Field(pattern=r"^(own|permission|synthetic|public-domain)$")


class Reference(BaseModel):
    """One more picture of the character, such as teeth showing, eyes shut, half profile."""

    model_config = ConfigDict(extra="allow", frozen=True)

    file: RelativeFile
    kind: str


class CharacterManifest(Manifest):
    """The content of `character.json`."""

    id: Slug
    name: str = Field(min_length=1, max_length=80)
    licence: str
    author: str
    style: str = ""
    description: str = ""
    consent: Consent
    portrait: RelativeFile
    thumbnail: RelativeFile
    references: list[Reference] = Field(default_factory=list)
    geometry: RelativeFile | None = None
    """Layers and motion bases (`.npz`), where the character's maker could render them."""
    background: RelativeFile | None = None
    """What its picture shows behind the person (`inference.face_background`), if anything."""

    def used_files(self) -> list[str]:
        """See `Manifest.used_files`."""
        used = [self.portrait, self.thumbnail, *(reference.file for reference in self.references)]
        return used + [file for file in (self.geometry, self.background) if file is not None]


@dataclass(frozen=True, slots=True)
class Character:
    """A character on disk; `load_character` has checked it."""

    folder: Path
    manifest: CharacterManifest

    @property
    def id(self) -> str:
        """Short name, unique in the library; the folder's name."""
        return self.manifest.id

    @property
    def name(self) -> str:
        """Name to show."""
        return self.manifest.name

    @property
    def portrait_path(self) -> Path:
        """The portrait: RGBA PNG."""
        return self.folder / self.manifest.portrait

    @property
    def thumbnail_path(self) -> Path:
        """A small picture for the gallery."""
        return self.folder / self.manifest.thumbnail

    @property
    def geometry_path(self) -> Path | None:
        """Layers and motion bases, if the character has them."""
        return None if self.manifest.geometry is None else self.folder / self.manifest.geometry

    @property
    def background_path(self) -> Path | None:
        """Its own background, if it has one."""
        return None if self.manifest.background is None else self.folder / self.manifest.background

    def reference_paths(self, kind: str | None = None) -> list[Path]:
        """The reference pictures, all or of one kind."""
        return [
            self.folder / reference.file
            for reference in self.manifest.references
            if kind is None or reference.kind == kind
        ]


def load_character(folder: Path | str, check: bool = True) -> Character:
    """Read a character folder and check every file of it.

    `check=False` skips the hashes, for a quick list; load it with them before drawing.

    Raises:
        PersonareError: the folder or a file is missing, damaged, changed or of another version.
    """
    folder = Path(folder)
    what = f"character '{folder.name}'"
    manifest = read_folder(folder, MANIFEST_NAME, CharacterManifest, what, REMEDY, check)
    if manifest.id != folder.name:
        raise PersonareError(
            f"The {what} calls itself '{manifest.id}' in {MANIFEST_NAME}.",
            "Give the folder the same name as the id.",
        )
    return Character(folder, manifest)
