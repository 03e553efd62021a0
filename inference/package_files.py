"""What character folders and model packages share: a JSON manifest whose files are checked by hash.

Both may come from strangers, so every name in a manifest must stay inside its own folder and every
file must be the one the manifest was written for.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path, PurePosixPath
from typing import Annotated, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
    model_validator,
)

from inference.contract import PersonareError

FORMAT_VERSION = 1
"""The only manifest version this release reads."""


def _stays_inside(name: str) -> str:
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise ValueError("a file name must be relative and stay inside its folder")
    return name


RelativeFile = Annotated[str, AfterValidator(_stays_inside)]
"""A path with forward slashes, relative to the manifest's folder, that never leaves it."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""Lower-case hexadecimal SHA-256 of a file's bytes."""
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
"""A short name that is safe as a folder name everywhere."""


class Manifest(BaseModel):
    """Base of both manifests; keys this release does not know are ignored, so they may be added."""

    model_config = ConfigDict(extra="ignore", frozen=True, protected_namespaces=())

    format_version: int
    files: dict[RelativeFile, Sha256]
    """Every file of the folder that is used, with its hash."""

    def used_files(self) -> list[str]:
        """Files that the rest of the manifest names; each needs its hash in `files`."""
        return []

    @model_validator(mode="after")
    def _files_are_hashed(self) -> Self:
        missing = [file for file in self.used_files() if file not in self.files]
        if missing:
            raise ValueError(f"no hash in `files` for {missing[0]}")
        return self


M = TypeVar("M", bound=Manifest)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in lower-case hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_folder(
    folder: Path, name: str, model: type[M], what: str, remedy: str, check: bool = True
) -> M:
    """Read the manifest `name` of a folder and, with `check`, compare the hash of every file.

    Raises:
        PersonareError: the folder or a file is missing, damaged, changed or of another version.
    """
    if not folder.is_dir():
        raise PersonareError(f"There is no {what} at {folder}.", remedy)
    manifest = read_manifest(folder / name, model, what, remedy)
    if check:
        check_files(folder, manifest.files, what, remedy)
    return manifest


def read_manifest(path: Path, model: type[M], what: str, remedy: str) -> M:
    """Read and validate a manifest file.

    `what` names the thing in messages ("character 'ada'"), `remedy` says how to get a good one.

    Raises:
        PersonareError: it is missing, unreadable, not JSON, of another version, or not complete.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PersonareError(f"The {what} has no {path.name} in {path.parent}.", remedy) from None
    except OSError as error:
        raise PersonareError(
            f"{path} of the {what} cannot be read: {error.strerror}.",
            "Check the permissions of the file.",
        ) from error
    except ValueError as error:
        raise PersonareError(f"{path} of the {what} is damaged: {error}.", remedy) from error
    version = raw.get("format_version") if isinstance(raw, dict) else None
    if version != FORMAT_VERSION:
        raise PersonareError(
            f"The {what} has format version {version!r}; this Personare reads {FORMAT_VERSION}.",
            "Update Personare, or get the version made for it.",
        )
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PersonareError(
            f"{path.name} of the {what} is not valid: {where}: {first['msg']}.", remedy
        ) from error


def check_files(folder: Path, files: dict[str, str], what: str, remedy: str) -> None:
    """Check that every file exists and has its hash.

    Raises:
        PersonareError: naming the first file that is missing, unreadable or changed.
    """
    for name, wanted in files.items():
        try:
            found = sha256_of(folder / name)
        except FileNotFoundError:
            raise PersonareError(f"The {what} lacks its file {name}.", remedy) from None
        except OSError as error:
            raise PersonareError(
                f"The file {name} of the {what} cannot be read: {error.strerror}.",
                "Check the permissions of the file.",
            ) from error
        if found != wanted:
            raise PersonareError(
                f"The file {name} of the {what} is damaged or was changed (its hash is wrong).",
                remedy,
            )
