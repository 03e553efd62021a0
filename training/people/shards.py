"""Samples on disk: shards that can be written again bit by bit, and read one person at a time.

A shard is a ZIP archive without compression of its own: for each person a folder with PNG files,
`arrays.npz` and `facts.json`. A shard is written under another name and renamed when complete, so
what has its name is whole, and a run that was stopped goes on with the next.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import PersonareError, UInt8Array
from training.people.sample import Sample

VERSION: Final = 1
_TIME: Final = (1980, 1, 1, 0, 0, 0)


def write_shard(path: Path, samples: Iterable[Sample]) -> int:
    """Write samples, each a folder in order; returns how many."""
    part = path.with_suffix(".part")
    count = 0
    with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        for sample in samples:
            _put(archive, f"{count:05d}", sample)
            count += 1
    part.replace(path)
    return count


def _put(archive: zipfile.ZipFile, folder: str, sample: Sample) -> None:
    def add(name: str, content: bytes) -> None:
        archive.writestr(zipfile.ZipInfo(f"{folder}/{name}", _TIME), content)

    for name, picture in sample.pictures.items():
        add(f"{name}.png", _png(picture))
    kept = io.BytesIO()
    arrays: dict[str, Any] = dict(sample.arrays)
    np.savez_compressed(kept, **arrays)
    add("arrays.npz", kept.getvalue())
    facts = {"version": VERSION, **sample.facts, "pictures": list(sample.pictures)}
    add("facts.json", json.dumps(facts).encode())


def _png(picture: UInt8Array) -> bytes:
    if picture.ndim == 3:
        order = cv2.COLOR_RGB2BGR if picture.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
        picture = np.asarray(cv2.cvtColor(picture, order), np.uint8)
    _, packed = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 2])
    return bytes(packed)


class Shard:
    """A shard open for reading; not shared between processes."""

    def __init__(self, path: Path) -> None:
        try:
            self._archive = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise PersonareError(
                f"The shard {path} cannot be read: {error}.", remedy="Delete it and make it again."
            ) from error
        self._folders = sorted({name.split("/")[0] for name in self._archive.namelist()})

    def __len__(self) -> int:
        return len(self._folders)

    def facts(self, person: int) -> dict[str, Any]:
        """What is known in words."""
        facts: dict[str, Any] = json.loads(self._read(person, "facts.json"))
        if facts["version"] != VERSION:
            raise PersonareError(
                f"These samples have version {facts['version']}, not {VERSION}.",
                remedy="Make them again.",
            )
        return facts

    def arrays(self, person: int) -> dict[str, np.ndarray]:
        """All arrays by name."""
        with np.load(io.BytesIO(self._read(person, "arrays.npz")), allow_pickle=False) as found:
            return {name: found[name] for name in found.files}

    def picture(self, person: int, name: str) -> UInt8Array:
        """A picture by name: RGB, RGBA or labels."""
        packed = np.frombuffer(self._read(person, f"{name}.png"), np.uint8)
        picture = cv2.imdecode(packed, cv2.IMREAD_UNCHANGED)
        assert picture is not None
        if picture.ndim == 3:
            order = cv2.COLOR_BGR2RGB if picture.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
            picture = cv2.cvtColor(picture, order)
        return np.asarray(picture, np.uint8)

    def _read(self, person: int, name: str) -> bytes:
        return self._archive.read(f"{self._folders[person]}/{name}")

    def close(self) -> None:
        """Close the file."""
        self._archive.close()
