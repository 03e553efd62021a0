"""Takes a portrait apart into the layers the frame generator moves, each with its hidden part.

What the picture shows is kept to the last pixel: at rest the layers put together give the portrait
again. What one layer hides of another is continued from what is seen of it: smoothly, as a baseline
until a network does better. Where head and body part on the neck is the model's to say, since no
picture tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference import face_camera as camera
from inference.contract import Float32Array, PersonareError, UInt8Array
from inference.face_fit import FaceFit
from inference.face_grids import MARGIN, fill, smoothstep
from inference.face_model import FaceModel
from inference.face_neck import Carried, neck_of
from inference.face_parts import like_the_face, put_right
from inference.face_raster import look
from inference.face_settle import settle
from inference.face_strands import strands_whole

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
SIDE: Final = camera.SIZE + 2 * MARGIN
"""Pixels of a picture with what lies around the frame."""
MASKS: Final = ("skin", "clothes", "hair_front", "hair_back")
"""Visible shares of each pixel, 0..1, together the person's alpha: all skin with eyes, brows and
beard; clothes and what lies on them; hair before the head and the shoulders; hair behind."""
NECK_FADE: Final = (0.30, 0.50)
NECK_LOW: Final = (0.72, 0.52)
NECK_ASIDE: Final = (8.0, 3.0)
"""Head weights, and pixels from the skin's edge, between which the head's neck fades over the
body's: low down an outline of its own would show beside the body's as soon as the head turns."""
COLUMN_FADE: Final = (0.72, 0.52)
AROUND_EYES: Final = 7
"""Pixels around an eye where dark lines are its own."""
NARROW: Final = 13
"""Half the width (pixels) of locks under which the forehead is bare."""
THIN: Final = 12
"""Half the width of what stands off the hair that is not doubled behind it."""
DARKER: Final = (0.85, 0.97)
"""How much darker the neck behind the jaw may be than the one that is seen."""
BEHIND_SHOULDER: Final = 41
"""Pixels that hair goes on behind what it falls behind."""
NAPE: Final = 20
"""Pixels above the ears' lobes over which hair behind the skull fades in."""
INSIDE: Final = 4
"""Pixels inside the head's outline from which hair is surely before it."""
_MUCH: Final = 0.004
"""Share of the picture that a layer must cover to be made."""


@dataclass(frozen=True, slots=True)
class LayerPicture:
    """One layer over frame and MARGIN: premultiplied RGBA (SIDE, SIDE, 4)."""

    name: str
    rgba: UInt8Array


@dataclass(frozen=True, slots=True)
class _Head:
    """The fitted head as the picture sees it; maps are (SIDE, SIDE)."""

    seen: NDArray[np.bool_]
    weight: Float32Array
    """Share of the head's rotation, continued beyond the outline."""
    fade: Float32Array
    """Alpha of skin in the head's layer, continued too."""
    neck: Float32Array
    """1 under the jaw."""


def take_apart(
    model: FaceModel, fit: FaceFit, picture: UInt8Array, masks: Mapping[str, Float32Array]
) -> list[LayerPicture]:
    """The layers from back to front.

    `picture` is RGB (SIDE, SIDE, 3), the frame with MARGIN around; `masks` has MASKS, each
    (SIDE, SIDE).

    Raises:
        PersonareError: the masks show no skin.
    """
    share = {name: np.clip(masks[name], 0, 1).astype(np.float32) for name in MASKS}
    if float(share["skin"].mean()) < 0.01:
        raise PersonareError(
            "The picture shows no skin where the face should be.",
            "Choose a picture with the face in full view.",
        )
    head = _head(model, fit)
    _put_right(share, picture, head, model, fit)
    _before_the_head(share, head)
    face = smoothstep(0.85, 0.95, head.weight) * (1 - _round_the_eyes(model, fit))
    strands_whole(share, picture, face)
    front = share["hair_front"]
    neck = neck_of(model, fit).within(share["skin"] + front).carried(SIDE, margin=MARGIN)
    head = replace(head, fade=_faded(head, share, neck))
    visible = {
        "hair_back": share["hair_back"],
        "body": share["clothes"] + share["skin"] * (1 - head.fade),
        "head": share["skin"] * head.fade,
        "hair_front": front,
    }
    alpha = {
        "hair_back": np.maximum(
            _alpha_back(share["hair_back"], visible, fit, model),
            _hidden_skull(share, head, model, fit),
        ),
        "body": _alpha_body(share, head, neck),
        "head": _alpha_head(share["skin"], front, head),
        "hair_front": front,
    }
    colour = {name: _seen_colour(picture, visible[name]) for name in visible}
    inner = np.ones((5, 5), np.uint8)  # thin rests at an outline are mixed with what lies behind
    behind = np.maximum(cv.erode(visible["hair_back"], inner), cv.erode(front, inner))
    colour["hair_back"] = _seen_colour(picture, behind)
    colour["body"] = _neck_colour(picture, share, visible["body"], colour["body"], head, neck)
    scalp = front * _above_the_eyes(model, fit)
    colour["head"] = _scalp_colour(visible["head"], scalp, colour["head"], colour["hair_front"])
    made = [name for name in alpha if float(alpha[name].mean()) > _MUCH]
    settle(picture, {name: alpha[name] for name in made}, colour)
    return [
        LayerPicture(
            name,
            np.rint(np.dstack([colour[name] * alpha[name][..., None], alpha[name] * 255]))
            .clip(0, 255)
            .astype(np.uint8),
        )
        for name in made
    ]


def _put_right(
    share: dict[str, Float32Array],
    picture: UInt8Array,
    head: _Head,
    model: FaceModel,
    fit: FaceFit,
) -> None:
    """Give pixels to the parts they belong to by where the head is, in place."""
    marks = dict(zip(model.landmarks, model.at_landmarks(fit.places_N2) + MARGIN, strict=True))
    chin = marks["chin"]
    low = np.arange(SIDE)[:, None] > 0.5 * (chin[1] + marks["ear_left_lobe"][1])
    seen = look(fit.places_N2 + MARGIN, -fit.points_N3[:, 2], model.triangles_F3, SIDE)
    ears = seen.read(model.region("ears").astype(np.float32)[:, None])[..., 0] > 0.5
    face = head.seen & (head.weight > 0.97)
    put_right(share, picture, face, ears, (float(chin[0]), float(chin[1])), low)


def _before_the_head(share: dict[str, Float32Array], head: _Head) -> None:
    """Call hair that is seen where the head stands hair in front, in place: it hides the head."""
    inner = cv.erode((head.seen & (head.weight > 0.9)).astype(np.uint8), _disc(INSIDE)) > 0
    moved = share["hair_back"] * inner
    share["hair_front"] = share["hair_front"] + moved
    share["hair_back"] = share["hair_back"] - moved


def _disc(radius: int) -> Any:
    return cv.getStructuringElement(cv.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def _head(model: FaceModel, fit: FaceFit) -> _Head:
    seen = look(fit.places_N2 + MARGIN, -fit.points_N3[:, 2], model.triangles_F3, SIDE)
    weight = model.head_weight_N
    neck = smoothstep(*NECK_LOW, weight)
    maps = seen.read(np.stack([weight, smoothstep(*NECK_FADE, weight), neck], 1))
    filled = fill(maps, seen.known_HW.astype(np.float32))
    return _Head(seen.known_HW, filled[..., 0], filled[..., 1], filled[..., 2])


def _faded(head: _Head, share: Mapping[str, Float32Array], neck: Carried) -> Float32Array:
    """Alpha of skin in the head's layer: low on the neck less towards the skin's edges."""
    skin = (share["skin"] + share["hair_front"] > 0.5).astype(np.uint8)
    inside = cv.distanceTransform(skin, cv.DIST_L2, 3)
    aside = smoothstep(*NECK_ASIDE, inside)
    out: Float32Array = head.fade * (1 - head.neck * neck.below * aside)
    return out


def _uncovered(visible: Float32Array, cover: Float32Array) -> Float32Array:
    """Alpha of what shows beneath a cover; 0 where nothing can be told."""
    share = np.clip(visible / np.maximum(1 - cover, 1e-3), 0, 1)
    return np.asarray(share * (cover < 0.95), np.float32)


def _believe(alpha: Float32Array, cover: Float32Array, hidden: Float32Array) -> Float32Array:
    """An alpha where it is seen, and a guess where it is covered."""
    guess = smoothstep(0.3, 0.9, cover)
    return (alpha * (1 - guess) + hidden * guess).astype(np.float32)


def _alpha_head(skin: Float32Array, front: Float32Array, head: _Head) -> Float32Array:
    outline = cv.GaussianBlur(cv.erode(head.seen.astype(np.float32), np.ones((3, 3))), (0, 0), 1.2)
    return _believe(_uncovered(skin, front), front, outline) * head.fade


def _alpha_body(share: Mapping[str, Float32Array], head: _Head, neck: Carried) -> Float32Array:
    front = share["hair_front"]
    skin = share["skin"] * smoothstep(*COLUMN_FADE, head.weight) * neck.below
    alpha = _uncovered(share["clothes"] + skin, front)
    around = fill(alpha[..., None], 1 - front)[..., 0]
    hidden = smoothstep(0.35, 0.65, around) * smoothstep(0.9, 0.5, head.weight)
    # beside a thin neck there is nothing behind it, nor behind a lock that hangs down
    seen = cv.dilate(head.seen.astype(np.uint8), _disc(INSIDE))
    over = np.clip(share["skin"] + front * seen, 0, 1)
    beneath = neck.alpha * cv.erode(over, np.ones((3, 3), np.uint8))
    return np.asarray(np.maximum(_believe(alpha, front, hidden), beneath), np.float32)


def _alpha_back(
    seen: Float32Array, visible: Mapping[str, Float32Array], fit: FaceFit, model: FaceModel
) -> Float32Array:
    cover = np.clip(sum(visible[name] for name in ("body", "head", "hair_front")), 0, 1)
    alpha = _uncovered(seen, cover)
    # hair in front tells of hair behind: only head and body keep from knowing
    known = np.clip(1 - visible["body"] - visible["head"], 0, 1) ** 8
    around = fill(np.clip(seen + visible["hair_front"], 0, 1)[..., None], known)[..., 0]
    row = model.landmarks.index("chin")
    chin = float(model.at_landmarks(fit.places_N2)[row, 1]) + MARGIN
    low = smoothstep(chin + 60, chin - 10, np.arange(SIDE)[:, None])
    hidden = smoothstep(0.4, 0.7, around) * np.maximum(low, around > 0.8)
    person = (np.maximum(cover, seen) > 0.5).astype(np.uint8)  # horns and bows are not doubled
    hidden = hidden * cv.blur(cv.morphologyEx(person, cv.MORPH_OPEN, _disc(THIN)) * 1.0, (3, 3))
    # hair that falls behind a shoulder goes on there
    reach = np.ones((BEHIND_SHOULDER, 1), np.uint8)
    whole = np.minimum(alpha, cv.morphologyEx(alpha, cv.MORPH_OPEN, _disc(INSIDE)))
    further = cv.dilate(whole, reach, anchor=(0, BEHIND_SHOULDER - 1))
    return _believe(alpha, cover, np.maximum(hidden, further))


def _hidden_skull(
    share: Mapping[str, Float32Array], head: _Head, model: FaceModel, fit: FaceFit
) -> Float32Array:
    """Hair behind the whole skull of somebody who has any at its sides: what a turn uncovers
    between the face and the hair beside it."""
    lobes = [model.landmarks.index(f"ear_{side}_lobe") for side in ("left", "right")]
    top = [model.landmarks.index(f"ear_{side}_top") for side in ("left", "right")]
    marks = model.at_landmarks(fit.places_N2) + MARGIN
    rows = np.arange(SIDE)[:, None]
    bare = model.triangles_F3[~model.region("ears")[model.triangles_F3].any(1)]
    seen = look(fit.places_N2 + MARGIN, -fit.points_N3[:, 2], bare, SIDE).known_HW
    lobe = float(marks[lobes, 1].mean())
    skull = seen & (rows < lobe) & (head.weight > 0.9)
    around = cv.dilate(skull.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    edge = around & ~(cv.erode(skull.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0)
    beside = edge & (rows > marks[top, 1].mean() - 50)
    hair = share["hair_front"] + share["hair_back"]
    hairy = smoothstep(0.1, 0.3, float(hair[beside].mean()) if beside.any() else 0.0)
    inner = cv.erode(skull.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(np.float32)
    nape = smoothstep(lobe, lobe - NAPE, rows)  # no straight edge below
    return np.asarray(cv.GaussianBlur(inner, (0, 0), 1.5) * hairy * nape, np.float32)


def _seen_colour(
    picture: UInt8Array, visible: Float32Array, like: Float32Array | None = None
) -> Float32Array:
    """Straight colour (SIDE, SIDE, 3): the picture's where it shows the layer, else continued.

    `like` marks pixels that may lend their colour where the layer itself is far.
    """
    own = picture.astype(np.float32)
    sure = visible**8 * (visible > 0.75)  # softer pixels are mixed with what lies behind
    if like is not None:
        sure = np.maximum(sure, 0.02 * like**8)
    if float(sure.mean()) < 1e-4:
        sure = visible**4
    keep = smoothstep(0.88, 0.99, visible)[..., None]
    out: Float32Array = own * keep + fill(own, sure.astype(np.float32)) * (1 - keep)
    return out


def _neck_colour(
    picture: UInt8Array,
    share: Mapping[str, Float32Array],
    visible: Float32Array,
    body: Float32Array,
    head: _Head,
    neck: Carried,
) -> Float32Array:
    """The body's colour, with the neck's own skin carried up behind the jaw."""
    low = (head.weight < 0.6) & (head.weight > 0.02) & head.seen
    like = share["skin"] ** 8 * like_the_face(
        picture, share["skin"], head.seen & (head.weight > 0.97)
    )
    own = like * np.where(low, 1.0, 0.05)
    known = fill(picture.astype(np.float32), own.astype(np.float32))
    carried = neck.up(cv.GaussianBlur(known, (0, 0), 2.0))
    carried *= 1 - (1 - _under_the_jaw(picture, like, head)) * neck.rise[..., None]
    part = (neck.alpha * (1 - smoothstep(0.3, 0.8, visible)))[..., None]
    out: Float32Array = body * (1 - part) + carried * part
    return out


def _under_the_jaw(picture: UInt8Array, skin: Float32Array, head: _Head) -> float:
    """How bright the neck is close under the jaw, as a share of what it is further down."""
    sure = (skin > 0.5) & head.seen
    near = sure & (head.weight > 0.6) & (head.weight < 0.9)
    low = sure & (head.weight > 0.3) & (head.weight < 0.5)
    if near.sum() < 50 or low.sum() < 50:
        return DARKER[1]
    share = float(picture[near].mean()) / max(float(picture[low].mean()), 1.0)
    return float(np.clip(share, *DARKER))


def _round_the_eyes(model: FaceModel, fit: FaceFit) -> Float32Array:
    """1 over eyes and brows (SIDE, SIDE)."""
    out = np.zeros((SIDE, SIDE), np.uint8)
    marks = dict(zip(model.landmarks, model.at_landmarks(fit.places_N2) + MARGIN, strict=True))
    for side in ("left", "right"):
        corners = [place for name, place in marks.items() if name.startswith(f"eye_{side}_")]
        cv.fillConvexPoly(out, cv.convexHull(np.rint(corners).astype(np.int32)), 1)
    out = cv.dilate(out, _disc(AROUND_EYES))
    for side in ("left", "right"):
        line = np.rint([marks[f"brow_{side}_{k}"] for k in range(1, 6)]).astype(np.int32)
        cv.polylines(out, [line], False, 1, AROUND_EYES)
    return np.asarray(out, np.float32)


def _above_the_eyes(model: FaceModel, fit: FaceFit) -> Float32Array:
    """1 over the brows, 0 round the eyes (SIDE, 1): under a fringe lids are skin, too."""
    marks = dict(zip(model.landmarks, model.at_landmarks(fit.places_N2), strict=True))
    upper, lower = (
        np.mean([marks[f"eye_{s}_{lid}_{k}"][1] for s in ("left", "right") for k in (2, 3)])
        for lid in ("upper", "lower")
    )
    top = float(upper - 0.6 * (lower - upper)) + MARGIN
    return smoothstep(top, top - 14, np.arange(SIDE)[:, None])


def _scalp_colour(
    visible: Float32Array, front: Float32Array, head: Float32Array, hair: Float32Array
) -> Float32Array:
    """The head's colour, with shaded roots of the hair where hair lies over it."""
    bare = cv.morphologyEx((visible > 0.5).astype(np.uint8), cv.MORPH_CLOSE, _disc(NARROW))
    away = cv.distanceTransform(1 - bare, cv.DIST_L2, 3)
    part = 0.75 * smoothstep(2.0, 14.0, away) * smoothstep(0.2, 0.7, front)
    out: Float32Array = head * (1 - part[..., None]) + 0.7 * hair * part[..., None]
    return out
