"""Packs characters' files tightly, without loss: `geometry.npz` and pictures.

    python -m training.frames.tight --characters assets/characters

The command packs what is there anew, checks that nothing changed, and prints bytes before and
after.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from PIL import Image

from inference.contract import UInt8Array
from inference.frame_generator_layers import read_bases, tight_bases
from training.rig.character_files import add_files

WHEN: Final = (1980, 1, 1, 0, 0, 0)
"""Time of every entry, so that the same arrays give the same bytes."""


def encode_tightly(picture: UInt8Array) -> UInt8Array:
    """Lossless bytes of a picture for what is shipped: WebP for colour (BGR), PNG for one channel.
    Imports use the quicker `inference.face_grids.encode`."""
    if picture.ndim == 3:
        done, data = cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, 101])
    else:
        done, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    if not done:
        raise ValueError("a layer's picture could not be encoded")
    packed: UInt8Array = data.ravel().astype(np.uint8)
    return packed


def tight_file(arrays: dict[str, Any]) -> bytes:
    """The bytes of a `geometry.npz`: bases as differences, entries packed as suits each."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for key, value in arrays.items():
            name, array = key, np.asarray(value)
            if key.endswith("_basis"):
                name, array = key.removesuffix("_basis") + "_tight", tight_bases(array)
            raw = io.BytesIO()
            np.lib.format.write_array(raw, array, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", WHEN)
            kind = zipfile.ZIP_LZMA if array.size > 1024 else zipfile.ZIP_DEFLATED
            archive.writestr(entry, raw.getvalue(), kind, 9)
    return buffer.getvalue()


def tight_png(pixels: UInt8Array) -> bytes:
    """A PNG file: the smallest of several ways to filter it; clear pixels are black."""
    if pixels.shape[2] == 4:
        pixels = np.where(pixels[..., 3:] > 0, pixels, np.uint8(0))
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", optimize=True, compress_level=9)
    return out.getvalue()


def unpacked(content: bytes) -> dict[str, Any]:
    """The arrays of a `geometry.npz`, bases as they are used."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        data = {key: archive[key] for key in archive.files}
    for key in [key for key in data if key.endswith("_tight")]:
        name = key.removesuffix("_tight")
        data[f"{name}_basis"] = read_bases(data, name)
        del data[key]
    return data


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--characters", type=Path, required=True, help="folder of characters")
    parser.add_argument("--only", nargs="*", default=None)
    given = parser.parse_args()
    for path in sorted(given.characters.glob("*/geometry.npz")):
        if given.only is not None and path.parent.name not in given.only:
            continue
        before = path.read_bytes()
        arrays = unpacked(before)
        after = tight_file(arrays)
        back = unpacked(after)
        if back.keys() != arrays.keys() or any(
            not np.array_equal(back[k], v) or back[k].dtype != v.dtype for k, v in arrays.items()
        ):
            raise ValueError(f"{path} changed when it was packed")
        if len(after) < len(before):
            add_files(path.parent, {"geometry.npz": after})
        print(f"{path.parent.name}: {len(before)} -> {min(len(after), len(before))}", flush=True)


if __name__ == "__main__":
    main()
