"""Writing into a character folder: files and their hashes in `character.json` change together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

FORMAT_VERSION: Final = 1


FIGURES_HEADING: Final = "\n## Toon, drawn and mascot characters\n"
"""Where the part of LICENCES.md begins that `training.frames.cast` writes."""


def write_licences(folder: Path, people: str | None = None, figures: str | None = None) -> None:
    """Write one part of LICENCES.md, on people or on figures, and keep the other."""
    path = folder / "LICENCES.md"
    old = path.read_text(encoding="utf8") if path.exists() else ""
    kept_people, _, kept_figures = old.partition(FIGURES_HEADING)
    text = kept_people if people is None else people
    below = kept_figures if figures is None else figures
    path.write_text(text + (FIGURES_HEADING + below if below else ""), encoding="utf8")


def read_manifest(folder: Path) -> dict[str, Any]:
    """`character.json` of a folder; an empty manifest of the current version if it has none."""
    path = folder / "character.json"
    if path.exists():
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf8"))
        return manifest
    return {"format_version": FORMAT_VERSION, "files": {}}


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write `character.json`, replacing the old one in one step."""
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    fresh = folder / "character.json.new"
    fresh.write_text(text, encoding="utf8")
    fresh.replace(folder / "character.json")


BUNDLED: Final[Mapping[str, object]] = {
    "format_version": FORMAT_VERSION,
    "licence": "Apache-2.0",
    "author": "Personare",
    "consent": {
        "kind": "synthetic",
        "how": "Drawn from a parametric head; no real person is shown.",
    },
    "portrait": "portrait.png",
    "thumbnail": "thumbnail.png",
}
"""What all bundled characters say of themselves."""


def add_files(folder: Path, files: Mapping[str, bytes], **entries: object) -> None:
    """Write files (name -> content) into a character folder and record their SHA-256.

    `entries` set top-level values of `character.json` at the same time, for example
    `add_files(folder, {"geometry.npz": data}, geometry="geometry.npz")`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest = read_manifest(folder)
    manifest.update(entries)
    hashes = dict(manifest.get("files", {}))
    for name, content in files.items():
        (folder / name).write_bytes(content)
        hashes[name] = hashlib.sha256(content).hexdigest()
    manifest.pop("files", None)
    manifest["files"] = dict(sorted(hashes.items()))
    write_manifest(folder, manifest)
