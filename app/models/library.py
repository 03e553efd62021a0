"""Model packages by name: listing, loading, adding from a folder or a model hub, removing."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app import paths
from app.library_shelf import entry_folders, remove_entry, unknown
from inference.contract import PersonareError
from inference.model_package import MANIFEST_NAME, ModelPackage, load_model_package

DEFAULTS: Final[dict[str, str]] = {"motion": "motion-first-light", "frame": "frame-first-light"}
"""The package of each kind that is used unless another is asked for."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry of the list; `fault` says in one sentence why it cannot be used, if so."""

    name: str
    folder: Path
    bundled: bool
    package: ModelPackage | None = None
    fault: str = ""
    remedy: str = ""


class ModelLibrary:
    """All model packages of this installation. Reads the disk at every call."""

    def __init__(self, bundled: Path | None = None, own: Path | None = None) -> None:
        self._bundled = bundled if bundled is not None else paths.assets_root() / "models"
        self._own = own if own is not None else paths.user_models_dir()

    def folders(self) -> dict[str, Path]:
        """Folder of every package by name; one the user added hides a bundled namesake."""
        bundled = entry_folders(self._bundled, MANIFEST_NAME)
        return bundled | entry_folders(self._own, MANIFEST_NAME)

    def list(self) -> list[Listed]:
        """Every package, every file checked; faulty ones too."""
        found = []
        for name, folder in self.folders().items():
            bundled = folder.parent == self._bundled
            try:
                found.append(Listed(name, folder, bundled, load_model_package(folder)))
            except PersonareError as error:
                found.append(Listed(name, folder, bundled, None, str(error), error.remedy))
        return found

    def load(self, kind: str, name: str = "") -> ModelPackage:
        """A package of a kind (`motion` or `frame`), checked; "" is the default one.

        `name` is a package's name, or the path of its folder.

        Raises:
            PersonareError: it is unknown, damaged or of another kind.
        """
        folders = self.folders()
        name = name or DEFAULTS[kind]
        if name in folders:
            return load_model_package(folders[name], kind)
        if ("/" in name or "\\" in name) and Path(name).is_dir():
            return load_model_package(Path(name).resolve(), kind)
        raise unknown(f"{kind} model", name, folders)

    def add(self, source: str) -> ModelPackage:
        """Copy a package into the user's library; checked before and after.

        `source` is a folder, or `owner/name[@revision]` of a model hub.

        Raises:
            PersonareError: it is not found, not a package, or cannot be copied.
        """
        folder = Path(source) if Path(source).is_dir() else fetch_from_hub(source)
        package = load_model_package(folder)
        target = self._own / package.name
        try:
            self._own.mkdir(parents=True, exist_ok=True)
            # Beside the target first: a package is there whole or not at all.
            with tempfile.TemporaryDirectory(dir=self._own, prefix=".adding-") as scratch:
                fresh = Path(scratch) / package.name
                for name in [MANIFEST_NAME, *package.manifest.files]:
                    (fresh / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(package.folder / name, fresh / name)
                load_model_package(fresh)
                if target.exists():
                    shutil.rmtree(target)
                fresh.rename(target)
        except OSError as error:
            raise PersonareError(
                f"The model '{package.name}' cannot be stored: {error.strerror}.",
                f"Check the space and the permissions of {self._own}.",
            ) from error
        return load_model_package(target)

    def remove(self, name: str) -> None:
        """Delete a package the user added.

        Raises:
            PersonareError: it is unknown, bundled, or cannot be deleted.
        """
        folders = self.folders()
        if name not in folders:
            raise unknown("model", name, folders)
        remove_entry("model", name, folders[name], self._own)


def fetch_from_hub(source: str) -> Path:
    """Fetch `owner/name[@revision]` from the model hub; only the manifest and the ONNX files.

    Raises:
        PersonareError: the name is no hub name, or the hub cannot give it.
    """
    repository, _, revision = source.partition("@")
    if repository.count("/") != 1 or not all(repository.split("/")):
        raise PersonareError(
            f"{source} is neither a folder nor a name on the model hub.",
            "Give a folder with model.json, or OWNER/NAME[@REVISION].",
        )
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        folder = huggingface_hub.snapshot_download(
            repository,
            revision=revision or None,
            allow_patterns=[MANIFEST_NAME, "*.onnx", "*.npz", "LICENSE*"],
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        reason = str(error).strip().splitlines()
        raise PersonareError(
            f"The model hub did not give {source}: {reason[0][:160] if reason else 'no reason'}.",
            "Check the name and the network, or fetch it by hand and give its folder.",
        ) from error
    return Path(folder)
