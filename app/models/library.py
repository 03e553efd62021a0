"""Model packages by name: listing, loading, adding from a folder or a model hub, removing."""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
from pathlib import Path
from typing import Final

from app import paths
from app.library_shelf import Library, unknown
from inference.contract import PersonareError
from inference.model_package import MANIFEST_NAME, ModelPackage, load_model_package

log = logging.getLogger(__name__)

DEFAULTS: Final[dict[str, tuple[str, ...]]] = {
    "motion": ("motion-performer", "motion-first-light"),
    "frame": ("frame-first-light",),
    "portrait": ("portrait-reader",),
}
"""Packages of each kind, best first: the first installed one is the default."""


class ModelLibrary(Library[ModelPackage]):
    """All model packages of this installation."""

    what = "model"
    manifest_name = MANIFEST_NAME

    def __init__(self, bundled: Path | None = None, own: Path | None = None) -> None:
        super().__init__(
            bundled if bundled is not None else paths.assets_root() / "models",
            own if own is not None else paths.user_models_dir(),
        )

    def read(self, folder: Path, check: bool = True) -> ModelPackage:
        """See `Library.read`; the files are always checked."""
        return load_model_package(folder)

    def default(self, kind: str) -> str:
        """Name of the package of a kind that is used unless another is asked for."""
        installed = self.folders()
        return next((name for name in DEFAULTS[kind] if name in installed), DEFAULTS[kind][-1])

    def is_default(self, name: str) -> bool:
        """Whether a package is the default one of its kind."""
        return any(self.default(kind) == name for kind in DEFAULTS)

    def of_kind(self, kind: str) -> list[str]:
        """Names of the packages whose manifest says this kind; nothing else of them is read."""
        return [name for name, folder in self.folders().items() if _kind_in(folder) == kind]

    def load(self, kind: str, name: str = "") -> ModelPackage:
        """A package of a kind (`motion`, `frame` or `portrait`), checked; "" is the default one.

        `name` is a package's name, or the path of its folder.

        Raises:
            PersonareError: it is unknown, damaged or of another kind.
        """
        name = name or self.default(kind)
        folder = self.locate(name)
        if folder is None:
            raise unknown(f"{kind} model", name, self.of_kind(kind))
        if _kind_in(folder) not in ("", kind):
            raise PersonareError(
                f"The model '{name}' is no {kind} model.",
                f"Choose one of: {', '.join(self.of_kind(kind))}.",
            )
        return load_model_package(folder, kind)

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


def _kind_in(folder: Path) -> str:
    """The kind a manifest gives; "" where it cannot be read."""
    try:
        content = json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(content.get("kind", "")) if isinstance(content, dict) else ""


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
        log.info("the hub did not give %s", source, exc_info=error)
        raise _hub_fault(source, error) from error
    return Path(folder)


def _hub_fault(source: str, error: Exception) -> PersonareError:
    """What the hub's client raised, in our words (its own are in the log)."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    # The client hides what happened behind a look into its cache: the cause is further down.
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__

    def was(*kinds: type[BaseException]) -> bool:
        return any(isinstance(link, kinds) for link in chain)

    repository, _, revision = source.partition("@")
    if was(HFValidationError):
        return PersonareError(
            f"{source} is no name on the model hub.", "Write OWNER/NAME or OWNER/NAME@REVISION."
        )
    if was(GatedRepoError):
        return PersonareError(
            f"The model {repository} is given only to people its owner allowed.",
            "Ask for it on its page of the hub, or fetch it by hand and give its folder.",
        )
    if was(RevisionNotFoundError):
        return PersonareError(
            f"The model {repository} has no revision '{revision}'.", "Leave @REVISION away."
        )
    if was(OfflineModeIsEnabled):
        return PersonareError(
            f"{source} cannot be fetched: the model hub is switched off (HF_HUB_OFFLINE is set).",
            "Unset HF_HUB_OFFLINE, or fetch the package by hand and give its folder.",
        )
    if was(RepositoryNotFoundError):
        return PersonareError(
            f"The model hub has no public model {repository}.", "Check the name's spelling."
        )
    if isinstance(error, OSError) and error.errno is not None and not was(ConnectionError):
        return PersonareError(
            f"{source} cannot be stored: {error.strerror}.", "Check the space of your disk."
        )
    return PersonareError(
        f"The model hub cannot be reached to fetch {source}.",
        "Check your network, or fetch the package by hand and give its folder.",
    )
