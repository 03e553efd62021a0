"""The paint networks at work: mouth and eye windows of the head, and the change of light.

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
from inference.contract import BLENDSHAPES, Float32Array, PersonareError, UInt8Array
from inference.execution_providers import ProviderReport
from inference.frame_generator_eyes import EyeBank, bent, calm, window_places
from inference.frame_generator_flow import GridFlow
from inference.frame_generator_layers import Geometry
from inference.model_package import ModelPackage
from inference.onnx_session import open_session

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
        self, flow: GridFlow, motion_D: Float32Array, names: tuple[str, ...]
    ) -> list[Float32Array]:
        """Where in the head's picture to look for each coarse place of some windows."""
        return _looked_up(flow, motion_D, [self._places[name] for name in names])

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
        """The paint network's view of a motion; without `eyes`, of the mouth alone.

        `*_warp` are the windows as the frame's warp has them: RGBA (1|2, 4, H, W) in 0..255,
        premultiplied; `mouth_cut` the mouth with its lips apart; `*_flow` the flow in FLOW_SCALE
        pixels, (1, 4, H/4, W/4) of both lips and (2, 2, H/4, W/4). Eyes come as left and mirrored
        right.
        """
        names = tuple(WINDOW_SIZES) if eyes else ("mouth",)
        sources = dict(zip(names, self._sources(self._flow, motion_D, names), strict=True))
        pictures = {name: self._fetch(name, source)[0] for name, source in sources.items()}
        cut, mouth_flow = self.cut_mouth(motion_D)
        seen = {
            "mouth_warp": _planes(pictures["mouth"])[None],
            "mouth_cut": _planes(cut)[None],
            "mouth_flow": mouth_flow[None],
        }
        if not eyes:
            return seen
        left, right = (
            (sources[name] - self._places[name]) / FLOW_SCALE for name in ("eye_left", "eye_right")
        )
        mirrored = pictures["eye_right"][:, ::-1]
        seen["eyes_warp"] = np.stack([_planes(pictures["eye_left"]), _planes(mirrored)])
        seen["eyes_flow"] = np.stack([left, right[:, :, ::-1] * _MIRROR_X])
        return seen


def _looked_up(
    flow: GridFlow, motion_D: Float32Array, wanted: list[Float32Array]
) -> list[Float32Array]:
    flat_2P = np.concatenate([place.reshape(2, -1) for place in wanted], 1)
    source_2P = flow.expression(motion_D, flat_2P[:, None])[:, 0]
    ends = np.cumsum([place[0].size for place in wanted])[:-1]
    parts = np.split(source_2P, ends, axis=1)
    return [part.reshape(place.shape) for part, place in zip(parts, wanted, strict=True)]


def _mix(over: UInt8Array, under: UInt8Array, share: UInt8Array) -> UInt8Array:
    kept = cv.multiply(under, cv.bitwise_not(share), scale=1 / 255)
    mixed: UInt8Array = cv.add(cv.multiply(over, share, scale=1 / 255), kept)
    return mixed


def _planes(picture: UInt8Array) -> Float32Array:
    return picture.transpose(2, 0, 1).astype(np.float32)


class BankPainter:
    """Mouth and eyes of a character that carries both as pictures: nothing is painted anew.

    The mouth is the one cut open between the lips, over the bank of its insides; eyes come from
    theirs. Toon and drawn faces stay exactly in their own look.
    """

    def __init__(
        self,
        geometry: Geometry,
    ) -> None:
        if geometry.eye_bank is None:
            raise ValueError("a character without a bank of eyes needs its eyes painted")
        self._geometry, self._bank = geometry, geometry.eye_bank
        width, height = WINDOW_SIZES["mouth"]
        self._warper = WindowWarper(geometry, np.zeros((height, width, 3), np.uint8))
        self._mouth = _ramp(width, height)

    def windows(self, motion_D: Float32Array) -> list[WindowSource]:
        """Mouth and eyes for a motion."""
        return [self._open_mouth(motion_D), *_bank_eyes(self._bank, self._warper, motion_D)]

    def _open_mouth(self, motion_D: Float32Array) -> WindowSource:
        cut = self._warper.cut_mouth(motion_D)[0]
        solid = cv.erode(cv.threshold(cut[..., 3], 240, 255, cv.THRESH_BINARY)[1], _SOLID)
        # where nothing moves the picture itself is best: the line between lips is its own
        opened = min(float(motion_D[_MOUTH].max()) / _OPENED, 1.0)
        mask = cv.convertScaleAbs(cv.min(self._mouth, solid), alpha=opened)
        colour = cv.multiply(cut, cv.merge([mask] * 4), scale=1 / 255)
        return WindowSource(self._geometry.windows["mouth"], colour, mask)


def _bank_eyes(bank: EyeBank, warper: WindowWarper, motion_D: Float32Array) -> list[WindowSource]:
    """The windows of a bank of eyes."""
    sizes = [eye.mask.shape[::-1] for eye in bank.eyes]
    places = [
        window_places(eye.corner, size, COARSE) for eye, size in zip(bank.eyes, sizes, strict=True)
    ]
    out = []
    for side, source in enumerate(warper.sources_at(places, calm(motion_D))):
        eye = bank.eyes[side]
        colour, mask = bent(eye, bank.picture(motion_D, side), source)
        out.append(WindowSource(eye.corner, colour, mask))
    return out


_SOLID: Final = np.ones((5, 5), np.uint8)
_MOUTH: Final = [
    k for k, name in enumerate(BLENDSHAPES) if name.startswith(("jaw", "mouth", "tongue"))
]
_OPENED: Final = 0.1
"""Largest value of the mouth's motions from which the cut one is used alone."""


def _ramp(width: int, height: int, rise: int = 10) -> UInt8Array:
    """A window (height, width) of 255 that falls smoothly to 0 at its border."""
    lines = []
    for n in (height, width):
        place = np.arange(n) + 0.5
        near = np.minimum(place, n - place) / rise
        lines.append(np.sin(near.clip(0, 1) * np.pi / 2) ** 2)
    return np.asarray(np.rint(255 * lines[0][:, None] * lines[1][None]), np.uint8)


INT8: Final = "_int8"
"""Ending of the names of graphs that compute in eight bits."""


def painting_graphs(package: ModelPackage, eyes: bool, int8: bool) -> tuple[str, ...]:
    """Names of the package's graphs that paint; none where it has none.

    `paint_mouth` and `paint_eyes` (not needed without `eyes`), each also as `paint_*_int8`; a
    package that was not split (`training.frames.quantise`) has one graph, `paint`, for all.
    """
    wanted = ("paint_mouth", "paint_eyes") if eyes else ("paint_mouth",)
    whole = [tuple(f"{name}{INT8}" for name in wanted)] if int8 else []
    graphs = package.manifest.graphs
    for names in (*whole, wanted, ("paint",)):
        if all(name in graphs for name in names):
            return names
    return ()


class Painter:
    """Runs the painting graphs for one character."""

    def __init__(
        self,
        package: ModelPackage,
        character: Character,
        geometry: Geometry,
        provider: ProviderReport | str,
        threads: int,
        graphs: tuple[str, ...],
    ) -> None:
        """`graphs` are of `painting_graphs`."""
        self._geometry = geometry
        views = identity_views(character, geometry)
        self._warper = WindowWarper(geometry, inside_of(views))
        self._paint = [open_session(package.path(name), provider, threads) for name in graphs]
        self.provider = self._paint[0].provider
        """Where the painting really runs."""
        self._eyes = any("eyes_warp" in session.inputs for session in self._paint)
        identity = open_session(package.path("identity"), provider, threads)
        codes = identity.run(views)
        self._codes = {name: value.copy() for name, value in codes.items()}
        for session in self._paint:
            session.fix({k: v for k, v in self._codes.items() if k in session.inputs})

    def inputs(self, motion_D: Float32Array) -> dict[str, Float32Array]:
        """What the painting graphs are given for a motion, by the names of their inputs."""
        warped = self._warper.warped(motion_D, self._eyes)
        return warped | {"motion": motion_D} | self._codes

    def windows(self, motion_D: Float32Array) -> list[WindowSource]:
        """Paint mouth and eyes for a motion."""
        inputs = self.inputs(motion_D)
        painted: dict[str, Float32Array] = {}
        for session in self._paint:
            painted |= session.run({name: inputs[name] for name in session.inputs})
        corner, bank = self._geometry.windows, self._geometry.eye_bank
        mouth = _source(corner["mouth"], painted["mouth"][0])
        if bank is not None:
            return [mouth, *_bank_eyes(bank, self._warper, motion_D)]
        left, right = painted["eyes"]
        return [
            mouth,
            _source(corner["eye_left"], left),
            _source(corner["eye_right"], right[:, :, ::-1]),
        ]


def _source(corner: tuple[int, int], painted_5HW: Float32Array) -> WindowSource:
    pixels = np.rint(painted_5HW).astype(np.uint8).transpose(1, 2, 0)
    return WindowSource(
        corner, np.ascontiguousarray(pixels[..., :4]), np.ascontiguousarray(pixels[..., 4])
    )
