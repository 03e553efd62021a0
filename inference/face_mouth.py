"""Lends an imported portrait the inside of a bundled character's mouth.

A picture with its lips closed shows no teeth. Until a network paints them for the very face, the
bank of insides of the bundled character whose skin is nearest is scaled to the new mouth.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.character import Character
from inference.contract import MOTION_INDEX, PersonareError, UInt8Array
from inference.face_grids import encode, smoothstep
from inference.frame_generator_layers import read_bases
from inference.frame_generator_windows import WINDOW_SIZES, read_view, window_of

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
_SCALES: Final = (0.6, 1.7)
"""Least and most that a borrowed mouth is scaled."""
_LIGHTS: Final = (0.45, 1.3)
"""Least and most that its light is changed."""
_TINTS: Final = (0.8, 1.2)
"""The same of each channel beside the others."""
HELD_AWAY: Final = {
    "mouthLowerDownLeft": 0.5,
    "mouthLowerDownRight": 0.5,
    "mouthUpperUpLeft": 0.35,
    "mouthUpperUpRight": 0.35,
}
"""What holds the lips away from the teeth in a lender's pictures."""
FROM_LIPS: Final = 2.0
"""Pixels from the lips that are not taken: they mix with the lip's colour."""
BELOW_LIPS: Final = 3.5
"""The same of the lower lip, which bulges over what lies behind it."""
CORNER: Final = 0.8
"""Light that is lost towards the corners and beyond them."""
DEPTH: Final = (0.46, 0.30, 0.30)
"""Colour of what is no tooth, in white light: dark, warm, red."""
LIT: Final = 0.5
"""How much of the skin's hue it takes: the exponent of its colour over its mean."""
DARKER: Final = 0.55
"""Most of its light over the skin's: the depth of a mouth is darker than any face."""
DARK_SKIN: Final = 100.0
"""Brightness in the lender's light that no skin goes under: beards do."""
BELOW: Final = 0.35
"""Its light, over the skin's, below a lender's lower teeth, of which there are no streaks then."""
ENAMEL: Final = ((0.30, 0.18), (40.0, 75.0))
"""Saturation under and brightness over which a lender's pixel is of teeth."""
WHITES: Final = ((1.02, 1.15), (0.72, 0.98))
"""Red and blue of teeth over their green: no fringe beside the eyes makes them blue or red."""
HUE: Final = 0.3
"""How much of the skin's hue teeth have: the exponent of its colour over its mean."""
_DAMAGED: Final = (PersonareError, OSError, ValueError, KeyError, zipfile.BadZipFile)
"""What a damaged lender raises, which is no reason to refuse the picture."""
_KEYS: Final = ("mouth_jaw", "tongue_out", "tongue_jaw")
_WINDOWS: Final = ("mouth", "eye_left", "eye_right")
_PICTURES: Final = (
    "mouth_colour", "tongue_colour", "tongue_alpha", "upper_lip_share", "lower_lip_share",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a mouth's window is cut open: middle column, row there, and width."""

    x: float
    y: float
    width: float


def cut_of(arrays: Mapping[str, Any]) -> Cut:
    """The cut of a geometry's arrays.

    Raises:
        ValueError: they have none.
    """
    upper = cv.imdecode(arrays["upper_lip_share"], cv.IMREAD_GRAYSCALE)
    lower = cv.imdecode(arrays["lower_lip_share"], cv.IMREAD_GRAYSCALE)
    if upper is None or lower is None:
        raise ValueError("the line between the lips cannot be read")
    columns = np.flatnonzero((lower == 0).any(0))
    if len(columns) < 4:
        raise ValueError("the lips have no line between them")
    x = float(columns[0] + columns[-1]) / 2
    rows = np.flatnonzero(upper[:, round(x)] == 0)
    return Cut(x, float(rows[0]) if len(rows) else upper.shape[0] / 2, float(len(columns)))


def borrow_bank(
    lenders: Iterable[Character], portrait: UInt8Array, arrays: Mapping[str, Any], cut: Cut
) -> dict[str, Any]:
    """The bank's part of `geometry.npz` for a mouth, from the lender whose mouth looks most alike.

    `portrait` is RGBA (512, 512, 4), `arrays` tells its windows. Teeth get the light of the
    picture, which the white of its eyes tells best. Without a usable lender the result is empty,
    and the mouth opens onto the open-mouth reference.
    """
    ours = _tone(_mouth_of(portrait, arrays))
    seen: list[tuple[float, Character, UInt8Array]] = []
    for lender in lenders:
        with suppress(*_DAMAGED):
            view = read_view(lender.portrait_path)
            theirs = _tone(_mouth_of(view, _lent(lender, ("mouth",))))
            seen.append((float(np.linalg.norm(theirs - ours)), lender, view))
    for _, lender, view in sorted(seen, key=lambda each: each[0]):
        with suppress(*_DAMAGED):
            return _of_lender(_lent(lender), view, portrait, arrays, cut)
    return {}


def _of_lender(
    bank: dict[str, Any],
    view: UInt8Array,
    portrait: UInt8Array,
    arrays: Mapping[str, Any],
    cut: Cut,
) -> dict[str, Any]:
    own, theirs = (
        near_white(eye_white(seen, places), skin_of(seen, places))
        for seen, places in ((portrait, arrays), (view, bank))
    )
    light = own / np.maximum(theirs, 1.0)
    whole = float(np.clip(light.mean(), *_LIGHTS))
    tint = np.clip(light / max(float(light.mean()), 1e-3), *_TINTS)
    skin = skin_of(portrait, arrays)
    bank |= _without_lips(bank, skin / (whole * tint))
    return _fitted(bank, cut, whole * tint)


def near_white(colour_3: Any, skin_3: Any) -> Any:
    """A colour as white as teeth are in some light: neutral or warm, and a little of the hue that
    light gives the skin (all RGB)."""
    skin = np.maximum(skin_3, 1.0)
    red, green, blue = (float(v) for v in np.asarray(colour_3) * (skin / skin.mean()) ** HUE)
    (least, most), (low, high) = WHITES
    return np.array([np.clip(red, least * green, most * green), green,
                     np.clip(blue, low * green, high * green)])  # fmt: skip


def skin_of(portrait: UInt8Array, arrays: Mapping[str, Any]) -> Any:
    """Most usual colour (3,) of the lightest third of the mouth's window: its skin, not a beard."""
    window = _mouth_of(portrait, arrays)
    colours = window[window[..., 3] > 250][:, :3].astype(np.float32)
    if not len(colours):
        return np.array([220.0, 180.0, 160.0], np.float32)
    light = colours.mean(1)
    return np.median(colours[light >= np.percentile(light, 67)], 0)


def _warm(tile_bgr: Any, skin_rgb: Any) -> Any:
    """A lender's tile with the depth between the teeth in the red that a skin has inside.

    What is no tooth keeps its light and shade; its own hue, a grey mauve, is the lender's light.
    """
    tile = tile_bgr.astype(np.float32)
    grey, most = tile.mean(2), tile.max(2)
    saturation = (most - tile.min(2)) / np.maximum(most, 1.0)
    (pale, full), (low, high) = ENAMEL
    tooth = (1 - smoothstep(full, pale, saturation)) * smoothstep(low, high, grey)
    deep = _depth(skin_rgb)[::-1]
    most = DARKER * max(float(np.mean(skin_rgb)), DARK_SKIN)
    dimmed = grey / (1 + (grey / most) ** 4) ** 0.25
    lit = deep / float(deep.mean()) * dimmed[..., None]
    return tile * tooth[..., None] + lit * (1 - tooth[..., None])


def _depth(skin_rgb: Any) -> Any:
    """Colour (3,) of a mouth's depth, RGB over the skin's brightness."""
    skin = np.maximum(skin_rgb, 1.0)
    hue = (skin / skin.mean()) ** LIT
    # what is usual round a mouth may be a beard, or paint turned green
    return np.array(DEPTH) * np.array([max(hue[0], 1.06), min(hue[1], 1.0), min(hue[2], 0.96)])


def _mouth_of(view: UInt8Array, arrays: Mapping[str, Any]) -> UInt8Array:
    corner = (int(arrays["mouth"][0]), int(arrays["mouth"][1]))
    return window_of(view, corner, WINDOW_SIZES["mouth"])


def eye_white(view: UInt8Array, arrays: Mapping[str, Any]) -> Any:
    """Colour (3,) of the white of the eyes: the light pixels round them that have least colour.

    What is white in a face tells the light it stands in; teeth stand in the same.
    """
    parts = []
    for name in ("eye_left", "eye_right"):
        width, height = WINDOW_SIZES[name]
        corner = (int(arrays[name][0]), int(arrays[name][1]))
        window = window_of(view, corner, (width, height))
        middle = window[height // 4 : -height // 4, width // 8 : -width // 8]
        parts.append(middle.reshape(-1, middle.shape[2]))
    pixels = np.concatenate(parts)
    colour = pixels[pixels[:, 3] > 250, :3].astype(np.float32)
    if len(colour) < 50:
        return np.full(3, 200.0)
    whiteness = colour.mean(1) - 1.5 * np.ptp(colour, axis=1)
    order = np.argsort(-whiteness)
    # the very lightest may be the spark of a lamp
    return colour[order[len(order) // 100 : len(order) // 12]].mean(0)


def _lent(lender: Character, names: tuple[str, ...] | None = None) -> dict[str, Any]:
    """A lender's arrays of these names, or all that its mouth needs."""
    path: Path | None = lender.geometry_path
    if path is None:
        raise ValueError("no geometry")
    with np.load(path, allow_pickle=False) as archive:
        if "eye_level" in archive.files:
            raise ValueError("a toon or drawn mouth fits no other picture")
        if names is None:
            lips = [n for n in archive.files if n.startswith(("upper_lip_", "lower_lip_"))]
            names = (*_KEYS, *_WINDOWS, *_PICTURES, "camera", *lips)
        return {name: archive[name] for name in names}


def _without_lips(bank: dict[str, Any], skin_rgb: Any) -> dict[str, Any]:
    """The lender's pictures with what lies between its lips carried on over them: they are no part
    of another's mouth, which may open further at its corners. `skin_rgb` (3,) is the other's, in
    the lender's light."""
    width, height = WINDOW_SIZES["mouth"]
    tiles = cv.imdecode(bank["mouth_colour"], cv.IMREAD_COLOR).reshape(-1, height, width, 3)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    bases = {lip: read_bases(dict(bank), f"{lip}_lip") for lip in ("upper", "lower")}
    below_rgb = _depth(skin_rgb) * float(np.mean(skin_rgb)) * BELOW
    out = []
    for tile, jaw in zip(tiles, bank["mouth_jaw"], strict=True):
        motion = HELD_AWAY | {"jawOpen": float(jaw)}
        upper, lower = (lip_edge(bank, lip, motion, bases[lip]) for lip in bases)
        first = max(float(upper[0, 0]), float(lower[0, 0])) + FROM_LIPS
        last = min(float(upper[-1, 0]), float(lower[-1, 0])) - FROM_LIPS
        x = np.clip(columns, first, max(last, first))
        top, bottom = (np.interp(x, edge[:, 0], edge[:, 1]) for edge in (upper, lower))
        low = np.maximum(bottom - BELOW_LIPS, top + FROM_LIPS)
        y = np.clip(rows, np.minimum(top + FROM_LIPS, low), low).astype(np.float32)
        below, beside = rows - y, np.maximum(first - columns, columns - last)
        share = smoothstep(1.0, 7.0, below)[..., None]
        dark = 1 - CORNER * smoothstep(-4.0, 2.0, beside)[..., None]
        seen = cv.remap(_warm(tile, skin_rgb), x.astype(np.float32), y, cv.INTER_LINEAR)
        seen = seen * dark * (1 - share) + below_rgb[::-1] * share
        out.append(np.rint(seen.clip(0, 255)).astype(np.uint8))
    return {"mouth_colour": encode(np.concatenate(out))}


def lip_edge(
    bank: Mapping[str, Any], lip: str, motion: Mapping[str, float], bases: Any = None
) -> Any:
    """Where the line between the lips goes with one of them: places (K, 2) in the window, in
    rising columns. `bases` are the lip's, if they have been read."""
    share = cv.imdecode(bank[f"{lip}_lip_share"], cv.IMREAD_GRAYSCALE)
    other = cv.imdecode(bank["lower_lip_share"], cv.IMREAD_GRAYSCALE)
    columns = np.flatnonzero((other == 0).any(0))
    below = (share if lip == "upper" else 255 - other) == 0
    rows = below[:, columns].argmax(0) if lip == "upper" else (other[:, columns] > 0).argmax(0)
    corner = bank["mouth"].astype(np.float32)
    box, count = bank[f"{lip}_lip_box"].astype(np.float32), bank[f"{lip}_lip_depth"].shape[-1]
    cell = box[2:] / count
    x = ((columns + corner[0] + 0.5 - box[0]) / cell[0] - 0.5).astype(np.float32)[None]
    y = ((rows + corner[1] + 0.5 - box[1]) / cell[1] - 0.5).astype(np.float32)[None]
    low, high = (float(v) for v in bank[f"{lip}_lip_depth_range"])
    depth = bank[f"{lip}_lip_depth"].astype(np.float32) / 65535 * (high - low) + low
    focal = float(np.linalg.norm(bank["camera"][0, :3]) / np.linalg.norm(bank["camera"][2, :3]))
    moved = np.stack([columns, rows], 1).astype(np.float32)
    scale = focal / cv.remap(depth, x, y, cv.INTER_LINEAR)[0]
    bases = read_bases(dict(bank), f"{lip}_lip") if bases is None else bases
    for name, value in motion.items():
        found = np.flatnonzero(bank[f"{lip}_lip_index"] == MOTION_INDEX[name])
        if not len(found):
            continue
        basis = bases[found[0]].astype(np.float32)
        basis = basis * float(bank[f"{lip}_lip_basis_step"][found[0]]) * value
        moved[:, 0] += cv.remap(basis[0], x, y, cv.INTER_LINEAR)[0] * scale
        moved[:, 1] -= cv.remap(basis[1], x, y, cv.INTER_LINEAR)[0] * scale
    return moved[np.argsort(moved[:, 0], kind="stable")]


def _tone(window: UInt8Array) -> Any:
    """Mean colour of the window's skin, lips included."""
    alpha = window[..., 3:].astype(np.float32)
    return (window[..., :3] * alpha).sum((0, 1)) / max(float(alpha.sum()), 1.0)


def _fitted(arrays: dict[str, Any], cut: Cut, light_3: Any) -> dict[str, Any]:
    """The lender's bank scaled to a mouth, its colours multiplied (RGB)."""
    theirs = cut_of(arrays)
    scale = float(np.clip(cut.width / theirs.width, *_SCALES))
    matrix = np.array(
        [[scale, 0, cut.x - scale * theirs.x], [0, scale, cut.y - scale * theirs.y]], np.float32
    )
    out: dict[str, Any] = {name: arrays[name] for name in _KEYS}
    for name in ("mouth_colour", "tongue_colour"):
        lit = cv.imdecode(arrays[name], cv.IMREAD_COLOR) * light_3[::-1].astype(np.float32)
        picture = np.rint(lit.clip(0, 255)).astype(np.uint8)
        out[name] = encode(_moved(picture, matrix, name == "mouth_colour"))
    alpha = cv.imdecode(arrays["tongue_alpha"], cv.IMREAD_GRAYSCALE)
    out["tongue_alpha"] = encode(_moved(alpha, matrix, False))
    return out


def _moved(tiles: UInt8Array, matrix_23: Any, extend: bool) -> UInt8Array:
    """Every window of a column of windows, scaled and moved."""
    width, height = WINDOW_SIZES["mouth"]
    border = cv.BORDER_REPLICATE if extend else cv.BORDER_CONSTANT
    moved = [
        cv.warpAffine(
            tiles[top : top + height], matrix_23, (width, height), None, cv.INTER_LINEAR, border
        )
        for top in range(0, len(tiles), height)
    ]
    return np.concatenate(moved)
