"""Training arrays of one character, as `dataset pack` and `training.imported.pack` write them.

Windows that no network paints have no pictures, but views.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.contract import Float32Array, UInt8Array

KEYS = ("truth", "warp", "cut", "flow", "views")
WINDOWS = ("mouth", "eye_left", "eye_right")


@dataclass(frozen=True, slots=True)
class Window:
    """One window under M motions; the right eye is stored mirrored."""

    truth: UInt8Array
    """Rendered (M, H, W, 4), premultiplied."""
    warp: UInt8Array
    """What the warp makes of it, the same shape."""
    cut: UInt8Array
    """What the network starts from: for the mouth, the lips apart; for eyes, `warp` again."""
    flow: NDArray[np.float16]
    """(M, 4 or 2, H/4, W/4), as the paint network sees it."""
    views: UInt8Array
    """References (3 views, H, W)."""


@dataclass(frozen=True, slots=True)
class Packed:
    """One character's training data."""

    id: str
    motion_MD: Float32Array
    windows: dict[str, Window]

    def _rows(self, rows: slice) -> Packed:
        windows = {
            k: replace(
                w, truth=w.truth[rows], warp=w.warp[rows], cut=w.cut[rows], flow=w.flow[rows]
            )
            for k, w in self.windows.items()
        }
        return replace(self, motion_MD=self.motion_MD[rows], windows=windows)

    def head(self, held: float) -> Packed:
        """All but the last share of the motions."""
        return self._rows(slice(0, len(self.motion_MD) - self._count(held)))

    def tail(self, held: float) -> Packed:
        """The last share of the motions."""
        return self._rows(slice(len(self.motion_MD) - self._count(held), None))

    def _count(self, held: float) -> int:
        return max(1, round(len(self.motion_MD) * held))


def save_packed(packed: Packed, folder: Path) -> None:
    """Write `<id>.npz`."""
    arrays: dict[str, Any] = {"motion": packed.motion_MD}
    for name, window in packed.windows.items():
        arrays |= {f"{name}_{key}": getattr(window, key) for key in KEYS}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{packed.id}.npz"
    part = path.with_suffix(".part")  # training may read the folder while it grows
    with part.open("wb") as stream:
        np.savez(stream, **arrays)
    part.replace(path)


def load_packed(folder: Path, only: list[str] | None = None) -> list[Packed]:
    """Every packed character of a folder, or those named."""
    out = []
    for path in sorted(folder.glob("*.npz")):
        if only is not None and path.stem not in only:
            continue
        with np.load(path, allow_pickle=False) as data:
            windows = {name: Window(*(data[f"{name}_{k}"] for k in KEYS)) for name in WINDOWS}
            out.append(Packed(path.stem, data["motion"], windows))
    if not out:
        raise FileNotFoundError(f"no packed characters in {folder}")
    return out
