"""The windows of the head that are painted, and what the painting networks see of them.

Windows live in the head's picture after the expression and before the pose: there they never move,
so what the networks paint does not shimmer when the head does. The right eye is painted as the
mirror image of a left one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.character import Character
from inference.contract import Float32Array, PersonareError, UInt8Array
from inference.frame_generator_flow import GridFlow
from inference.frame_generator_layers import Geometry

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
WINDOW_SIZES: Final[dict[str, tuple[int, int]]] = {
    "mouth": (96, 96),
    "eye_left": (64, 48),
    "eye_right": (64, 48),
}
"""Width and height of the paint windows in pixels."""
MOUTH_VIEWS: Final = ("portrait", "teeth", "open")
EYE_VIEWS: Final = ("portrait", "eyes-shut")
COARSE: Final = 4
"""Pixels per sample of a window's flow."""
FLOW_SCALE: Final = 16.0
_MIRROR_X = np.array([[[-1]], [[1]]], np.float32)


@dataclass(frozen=True, slots=True)
class WindowPlace:
    """A window of the unposed head."""

    corner: tuple[int, int]
    """Frame pixel (x, y) of its first pixel."""
    size: tuple[int, int]
    """Width and height in pixels."""


@dataclass(frozen=True, slots=True)
class WindowSource:
    """A painted window, to be blended over the head."""

    corner: tuple[int, int]
    colour: UInt8Array
    """RGBA (height, width, 4), premultiplied by alpha and by the mask."""
    mask: UInt8Array
    """How much of the paint to use (height, width)."""


def coarse_places(corner: tuple[int, int], size: tuple[int, int]) -> Float32Array:
    """Pixel places (2, h, w) of a window's flow samples: middles of COARSE x COARSE cells."""
    x_N = corner[0] + (np.arange(size[0] // COARSE) + 0.5) * COARSE - 0.5
    y_N = corner[1] + (np.arange(size[1] // COARSE) + 0.5) * COARSE - 0.5
    return np.stack(np.meshgrid(x_N, y_N)).astype(np.float32)


def read_view(path: Path) -> UInt8Array:
    """A portrait or reference as straight RGBA.

    Raises:
        PersonareError: it is no picture of 512 x 512 pixels.
    """
    picture = cv.imread(str(path), cv.IMREAD_UNCHANGED)
    if picture is None or picture.shape[:2] != (512, 512) or picture.ndim != 3:
        raise PersonareError(
            f"The picture {path} cannot be used.", "It must be a 512 x 512 PNG in colour."
        )
    code = cv.COLOR_BGRA2RGBA if picture.shape[2] == 4 else cv.COLOR_BGR2RGBA
    straight: UInt8Array = cv.cvtColor(picture, code)
    return straight


def window_of(picture: UInt8Array, corner: tuple[int, int], size: tuple[int, int]) -> UInt8Array:
    """Cut a window out of a picture; what lies outside is transparent black."""
    x, y = corner
    width, height = size
    out = np.zeros((height, width, picture.shape[2]), np.uint8)
    x0, y0 = max(x, 0), max(y, 0)
    part = picture[y0 : max(y + height, 0), x0 : max(x + width, 0)]
    out[y0 - y : y0 - y + part.shape[0], x0 - x : x0 - x + part.shape[1]] = part
    return out


def identity_views(character: Character, geometry: Geometry) -> dict[str, Float32Array]:
    """The inputs of `identity.onnx`: references at the windows, RGB in 0..255, black behind.

    A reference the character lacks is replaced by its portrait.
    """

    def view(kind: str) -> UInt8Array:
        paths = [character.portrait_path] if kind == "portrait" else character.reference_paths(kind)
        picture = read_view((paths or [character.portrait_path])[0])
        alpha = picture[..., 3:].astype(np.uint16)
        return (picture[..., :3] * alpha // 255).astype(np.uint8)

    views = {kind: view(kind) for kind in {*MOUTH_VIEWS, *EYE_VIEWS}}

    def stack(kinds: tuple[str, ...], name: str) -> Float32Array:
        parts = [window_of(views[k], geometry.windows[name], WINDOW_SIZES[name]) for k in kinds]
        return np.concatenate(parts, 2).transpose(2, 0, 1).astype(np.float32)

    right = stack(EYE_VIEWS, "eye_right")[:, :, ::-1]
    return {
        "mouth_views": stack(MOUTH_VIEWS, "mouth")[None],
        "eyes_views": np.stack([stack(EYE_VIEWS, "eye_left"), right]),
    }


def inside_of(views: dict[str, Float32Array]) -> UInt8Array:
    """The mouth's window of the wide open mouth (height, width, RGB), from `identity_views`."""
    at = 3 * MOUTH_VIEWS.index("open")
    return views["mouth_views"][0, at : at + 3].transpose(1, 2, 0).astype(np.uint8)


class WindowWarper:
    """Warps the head's picture by the expression alone, at the three windows."""

    def __init__(self, geometry: Geometry, inside: UInt8Array) -> None:
        """`inside` is the mouth's window (RGB) of a picture with the mouth wide open: what the
        parted lips show before the network's work, where the geometry has no bank of insides."""
        self._geometry = geometry
        self._head = geometry.layer("head")
        self._flow = GridFlow(self._head, geometry.camera_34)
        self._lips = [
            GridFlow(patch, geometry.camera_34)
            for patch in (geometry.upper_lip, geometry.lower_lip)
        ]
        self._inside = np.dstack([inside, np.full(inside.shape[:2], 255, np.uint8)])
        self._places = {
            name: coarse_places(geometry.windows[name], size) for name, size in WINDOW_SIZES.items()
        }

    def _sources(
        self,
        flow: GridFlow,
        motion_D: Float32Array,
        names: tuple[str, ...],
        points_3P: Float32Array | None = None,
    ) -> list[Float32Array]:
        """Where in the head's picture to look for each coarse place of some windows."""
        return _looked_up(flow, motion_D, [self._places[name] for name in names], points_3P)

    def sources_at(self, wanted: list[Float32Array], motion_D: Float32Array) -> list[Float32Array]:
        """Where in the head's picture to look for some places (2, h, w) of it."""
        return _looked_up(self._flow, motion_D, wanted)

    def _fetch(
        self, name: str, source_2HW: Float32Array, mask: UInt8Array | None = None
    ) -> tuple[UInt8Array, UInt8Array | None]:
        """The window's picture, and the value of a mask over the window, at the sources."""
        x, y = (cv.resize(s, WINDOW_SIZES[name], interpolation=cv.INTER_LINEAR) for s in source_2HW)
        left, top = self._head.corner
        picture = cv.remap(self._head.image, x - left, y - top, cv.INTER_LINEAR)
        if mask is None:
            return picture, None
        left, top = self._geometry.windows[name]
        edge = cv.BORDER_REPLICATE
        return picture, cv.remap(mask, x - left, y - top, cv.INTER_LINEAR, borderMode=edge)

    def cut_mouth(self, motion_D: Float32Array) -> tuple[UInt8Array, Float32Array]:
        """The mouth cut open between the lips, dark inside; and both lips' flow."""
        geometry = self._geometry
        layers, flows = [], []
        for flow, mask in zip(self._lips, geometry.lip_shares, strict=True):
            source = self._sources(flow, motion_D, ("mouth",))[0]
            flows.append((source - self._places["mouth"]) / FLOW_SCALE)
            picture, share = self._fetch("mouth", source, mask)
            layers.append((picture, cv.merge([share] * 4)))
        (upper, upper_share), (lower, lower_share) = layers
        bank = geometry.mouth_bank
        inside = self._inside if bank is None else bank.behind(motion_D)
        cut = _mix(upper, _mix(lower, inside, lower_share), upper_share)
        tongue = None if bank is None else bank.tongue(motion_D)
        if tongue is not None:
            keep = cv.merge([cv.bitwise_not(np.ascontiguousarray(tongue[..., 3]))] * 4)
            cut = cv.add(cv.multiply(cut, keep, scale=1 / 255), tongue)
        return cut, np.concatenate(flows)

    def warped(self, motion_D: Float32Array, eyes: bool = True) -> dict[str, Float32Array]:
        """The paint network's view of a motion: `mouth`, and `eyes` if wanted."""
        points_3P = self._flow.displaced(motion_D)
        mouth = self.mouth(motion_D, points_3P)
        return mouth | self.eyes(motion_D, points_3P) if eyes else mouth

    def mouth(
        self, motion_D: Float32Array, points_3P: Float32Array | None = None
    ) -> dict[str, Float32Array]:
        """What the network sees of the mouth.

        `mouth_warp` is the window as the frame's warp has it: RGBA (1, 4, H, W) in 0..255,
        premultiplied; `mouth_cut` the same with the lips apart; `mouth_flow` the flow of both lips
        in FLOW_SCALE pixels, (1, 4, H/4, W/4). `points_3P` are the head's, displaced by the motion,
        where they are known already.
        """
        source = self._sources(self._flow, motion_D, ("mouth",), points_3P)[0]
        picture = self._fetch("mouth", source)[0]
        cut, mouth_flow = self.cut_mouth(motion_D)
        return {
            "mouth_warp": _planes(picture)[None],
            "mouth_cut": _planes(cut)[None],
            "mouth_flow": mouth_flow[None],
        }

    def eyes(
        self, motion_D: Float32Array, points_3P: Float32Array | None = None
    ) -> dict[str, Float32Array]:
        """What the network sees of the eyes, left and mirrored right, likewise: `eyes_warp`
        (2, 4, H, W) and `eyes_flow` (2, 2, H/4, W/4)."""
        names = ("eye_left", "eye_right")
        sources = self._sources(self._flow, motion_D, names, points_3P)
        left, right = (
            self._fetch(name, source)[0] for name, source in zip(names, sources, strict=True)
        )
        flows = [
            (source - self._places[name]) / FLOW_SCALE
            for name, source in zip(names, sources, strict=True)
        ]
        return {
            "eyes_warp": np.stack([_planes(left), _planes(right[:, ::-1])]),
            "eyes_flow": np.stack([flows[0], flows[1][:, :, ::-1] * _MIRROR_X]),
        }


def _looked_up(
    flow: GridFlow,
    motion_D: Float32Array,
    wanted: list[Float32Array],
    points_3P: Float32Array | None = None,
) -> list[Float32Array]:
    flat_2P = np.concatenate([place.reshape(2, -1) for place in wanted], 1)
    source_2P = flow.expression(motion_D, flat_2P[:, None], points_3P)[:, 0]
    ends = np.cumsum([place[0].size for place in wanted])[:-1]
    parts = np.split(source_2P, ends, axis=1)
    return [part.reshape(place.shape) for part, place in zip(parts, wanted, strict=True)]


def _mix(over: UInt8Array, under: UInt8Array, share: UInt8Array) -> UInt8Array:
    kept = cv.multiply(under, cv.bitwise_not(share), scale=1 / 255)
    mixed: UInt8Array = cv.add(cv.multiply(over, share, scale=1 / 255), kept)
    return mixed


def _planes(picture: UInt8Array) -> Float32Array:
    return picture.transpose(2, 0, 1).astype(np.float32)
