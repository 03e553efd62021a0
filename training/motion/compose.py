"""Joins the articulation of speech with a performance into the motion vector.

Speech has the right of way: lips that close for p, b, m stay closed, rounding keeps its shape, and
smiles, frowns and pressed lips yield while the mouth speaks. Only speech opens the mouth: without
it the lips part by a breath at most. Everything is tensor operations, so
that it lives in the exported graph, and maps rest to rest.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import nn

from inference.contract import MOTION_INDEX, MOTION_SIZE, POSE
from training.motion.performance import PERFORMANCE_INDEX, PERFORMANCE_SIZE
from training.teacher.mouth import APERTURE, MOUTH, motion_columns

_BLINK_BROWS: Final = 0.05
"""How far closing lids draw the brows down (orbicularis oculi pulls at both)."""
_PART_FROM: Final = 0.01
_PART_FULL: Final = 0.08
"""Apertures between which the lips count as parting; below, nothing may open them."""
_REST_PARTING: Final = 0.015
"""Most that a breath or surprise may part lips that do not speak: by what the jaw opens, well below
the twentieth of an open vowel from which a mouth seems to say something."""
_OPENING: Final = ("jawOpen", "mouthLowerDown", "mouthUpperUp")
_SHAPING: Final = ("mouthFunnel", "mouthPucker", "mouthStretch", "mouthSmile")
_SOFT: Final = 0.6
"""How far a busy mouth takes frowns, shrugs and sneers back."""
_STARING_UNTIL: Final = 0.4
"""Mean of the lids from which eyes are no longer wide."""
_SMILE_KEPT: Final = 0.3
"""Share of a smile that remains on a fully rounded vowel or a closure."""

_ARTICULATION: Final = PERFORMANCE_INDEX["articulation"]
_MEASURES: Final[tuple[tuple[float, float, dict[str, float]], ...]] = (
    (_PART_FROM, _PART_FULL - _PART_FROM, {name: APERTURE.get(name, 0.0) for name in MOUTH}),
    (0.08, 0.3, {"mouthFunnel": 1.0, "mouthPucker": 1.0}),
    (0.08, 0.3, {"mouthPress": 1.0, "mouthRollLower": 0.7, "mouthClose": 3.0}),
    (0.0, 0.06, {"mouthPress": 1.0, "mouthRollLower": 0.7, "mouthClose": 3.0}),
    (0.0, 0.2, {"jawOpen": 1.0, "mouthLowerDown": 1.0, "mouthPress": 1.0, "mouthRollLower": 1.0}),
)
"""How far speech claims the lips, each from 0 where a sum of mouth channels begins to count to 1
that much above it: parted; rounded; closing on purpose (sealed or tucked); sealed (what speech
closes may not be opened, lips at rest may, by a breath); busy (moving at all)."""
_BOUNDLESS: Final = 9.0
"""Beyond any value: where nothing limits."""


def smoothstep(x: torch.Tensor) -> torch.Tensor:
    """0 below 0, 1 above 1, smooth between."""
    x = torch.clamp(x, 0, 1)
    return x * x * (3 - 2 * x)


Row = tuple[tuple[str, ...], dict[str, float], str]


def _row(columns: str, channel: str, kind: str = "", weight: float = 1.0) -> Row:
    return tuple(columns.split()), {channel: weight}, kind


def _brow(side: str) -> Row:
    """Closing lids draw the brow down."""
    return (f"browDown{side}",), {f"browDown{side}": 1.0, f"blink{side}": _BLINK_BROWS}, ""


_KINDS: Final = ("smile", "soft", "unsealed", "unblinking", "smile, soft", "silent")
"""What makes a row yield: smiles to rounding and closure; less so all the rest of the lips to any
speech; the jaw's drop to sealed lips; wide eyes to blinks; both of the first; to all speech."""
_ROWS: Final[tuple[Row, ...]] = (
    _row("eyeBlinkLeft", "blinkLeft"), _row("eyeBlinkRight", "blinkRight"),
    _row("eyeLookOutLeft eyeLookInRight", "gazeYaw"),
    _row("eyeLookInLeft eyeLookOutRight", "gazeYaw", weight=-1),
    _row("eyeLookUpLeft eyeLookUpRight", "gazePitch"),
    _row("eyeLookDownLeft eyeLookDownRight", "gazePitch", weight=-1),
    _row("eyeSquintLeft eyeSquintRight", "squint"),
    _row("eyeWideLeft eyeWideRight", "wide", "unblinking"),
    _row("browInnerUp", "browInnerUp"), _row("browOuterUpLeft", "browOuterUpLeft"),
    _row("browOuterUpRight", "browOuterUpRight"), _brow("Left"), _brow("Right"),
    _row("cheekSquintLeft cheekSquintRight", "cheekSquint"),
    _row("noseSneerLeft noseSneerRight", "noseSneer", "soft"),
    _row("mouthSmileLeft", "smileLeft", "smile"), _row("mouthSmileRight", "smileRight", "smile"),
    _row("mouthFrownLeft mouthFrownRight", "frown", "soft"),
    _row("mouthPressLeft mouthPressRight", "press", "silent"),
    _row("mouthDimpleLeft mouthDimpleRight", "dimple", "smile"),
    _row("mouthShrugLower mouthShrugUpper", "shrug", "soft"),
    _row("mouthStretchLeft mouthStretchRight", "stretch", "smile, soft"),
    _row("mouthLeft", "side", "soft"), _row("mouthRight", "side", "soft", -1),
    _row("mouthRollLower mouthRollUpper", "roll", "silent"),
    _row("jawOpen", "jawDrop", "unsealed"),
    _row("headYaw", "headYaw"), _row("headPitch", "headPitch"), _row("headRoll", "headRoll"),
    _row("headX", "headX"), _row("headY", "headY"), _row("headZ", "headZ"),
    _row("breath", "breath"), _row("shoulderLeft shoulderRight", "shoulders"),
)  # fmt: skip
"""Motion columns, the channels of the performance that drive them, and to what they yield."""
_ONE_SIDED: Final = ("gazeYaw", "gazePitch", "side")
"""Channels whose two signs drive different rows."""


def _speech_tables() -> dict[str, torch.Tensor]:
    """What `Compose` needs of the mouth."""
    sums = [[of.get(name, 0.0) / size for _, size, of in _MEASURES] for name in MOUTH]
    opens = dict.fromkeys(_OPENING, 1.0) | dict.fromkeys(_SHAPING, 0.5)
    placed = torch.zeros(len(MOUTH), MOTION_SIZE)
    for i, name in enumerate(MOUTH):
        placed[i, motion_columns(name)] = 1
    return {
        "measures": torch.tensor(sums),
        "measures_from": torch.tensor([[start / size for start, size, _ in _MEASURES]]),
        "octaves": torch.tensor([[opens.get(name, 0.0) for name in MOUTH]]),
        "from_mouth": placed,
    }


def _face_tables() -> dict[str, torch.Tensor]:
    """What it needs of the rest of the face, and the limits of every motion column."""
    rows, face = torch.zeros(PERFORMANCE_SIZE, len(_ROWS)), torch.zeros(len(_ROWS), MOTION_SIZE)
    least, most = torch.full((1, len(_ROWS)), -_BOUNDLESS), torch.full((1, len(_ROWS)), _BOUNDLESS)
    parting, keeps = torch.zeros(1, len(_ROWS)), torch.zeros(len(_KINDS), len(_ROWS))
    for i, (columns, channels, kind) in enumerate(_ROWS):
        for channel, weight in channels.items():
            rows[PERFORMANCE_INDEX[channel], i] = weight
            if channel in _ONE_SIDED:
                least[0, i] = 0
        for column in columns:
            face[i, MOTION_INDEX[column]] = 1
        if kind:
            keeps[_KINDS.index(kind), i] = 1
        if "jawDrop" in channels:
            most[0, i], parting[0, i] = _REST_PARTING, 1
    blink = torch.zeros(PERFORMANCE_SIZE, 1)
    blink[[PERFORMANCE_INDEX[f"blink{side}"] for side in ("Left", "Right")]] = 0.5 / _STARING_UNTIL
    low, high = torch.zeros(1, MOTION_SIZE), torch.ones(1, MOTION_SIZE)
    for name in POSE[:6]:
        low[0, MOTION_INDEX[name]], high[0, MOTION_INDEX[name]] = -_BOUNDLESS, _BOUNDLESS
    low[0, MOTION_INDEX["breath"]] = -1
    return {
        "rows": rows, "rows_least": least, "rows_most": most, "rows_with_parting": parting,
        "mean_blink": blink, "taken_by": torch.tensor([[1 - _SMILE_KEPT, _SOFT, 1.0, 1.0]]),
        "keeps": keeps, "keeps_from": 1 - keeps.sum(0, keepdim=True), "face": face,
        "least": low, "most": high,
    }  # fmt: skip


class Compose(nn.Module):
    """Articulation (B, len(MOUTH)) and performance (B, PERFORMANCE_SIZE) -> motion (B, 61).

    Whole vectors and matrices, since in the exported graph it is the number of operations that
    costs.
    """

    measures: torch.Tensor
    measures_from: torch.Tensor
    octaves: torch.Tensor
    from_mouth: torch.Tensor
    rows: torch.Tensor
    rows_least: torch.Tensor
    rows_most: torch.Tensor
    rows_with_parting: torch.Tensor
    mean_blink: torch.Tensor
    taken_by: torch.Tensor
    keeps: torch.Tensor
    keeps_from: torch.Tensor
    face: torch.Tensor
    least: torch.Tensor
    most: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        for name, tensor in (_speech_tables() | _face_tables()).items():
            self.register_buffer(name, tensor)

    def forward(self, mouth: torch.Tensor, performance: torch.Tensor) -> torch.Tensor:
        """One instant, or any number along B."""
        claims = smoothstep(mouth @ self.measures - self.measures_from)
        parted, rounded, closing, sealed, moving = claims.split(1, 1)
        wink = smoothstep(performance @ self.mean_blink)
        busy = torch.clamp(moving + rounded, max=1)
        shut = 1 - parted
        taken = torch.cat([torch.maximum(rounded, closing), busy, sealed * shut, wink], 1)
        left = 1 - taken * self.taken_by
        smile, soft = left[:, :1], left[:, 1:2]
        kept = torch.cat([left, smile * soft, (1 - busy) * shut], 1)
        octaves = performance[:, _ARTICULATION : _ARTICULATION + 1] * self.octaves
        spoken = mouth * (1 + (torch.exp2(octaves) - 1) * parted)
        rows = torch.maximum(performance @ self.rows, self.rows_least)
        rows = torch.minimum(rows, parted * self.rows_with_parting + self.rows_most)
        motion = spoken @ self.from_mouth + rows * (kept @ self.keeps + self.keeps_from) @ self.face
        return torch.minimum(torch.maximum(motion, self.least), self.most)
