"""The network behind `light.onnx`, and its loss.

It sees the warped layers in small, with the displacement of every pixel and the motion, and gives
the change of light; see `inference.frame_generator_light`. The frame that the package draws without
it is lit by it at 128 pixels and compared with the rig's.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.contract import BLENDSHAPES, MOTION_INDEX, MOTION_SIZE, Float32Array
from inference.frame_generator_layers import SIZE
from inference.frame_generator_light import COARSE
from training.frames.blocks import UNet, conv
from training.frames.paint import mirrored_names
from training.frames.posed import JUDGED, Posed

BRIGHT: Final = 0.5
"""Largest change of light (0..1)."""
_MOVING: Final = tuple(
    MOTION_INDEX[name] for name in BLENDSHAPES if not name.startswith(("eyeLook", "eyeBlink"))
)
LIGHT_COST: Final = 0.3
ROUGH_COST: Final = 6.0
DROPPED: Final = 0.05
"""Share of the deep channels and of the motion's code that is left out at a time in training."""
_POSE: Final = slice(MOTION_INDEX["headYaw"], MOTION_INDEX["headZ"] + 1)
_AMOUNTS: Final = (6.0, 6.0, 6.0, 2.0, 2.0, 2.0)
"""How soon a pose is a motion: at 1 / 6 radian, or half a pupil distance."""


def amount(motion_BD: Tensor) -> Tensor:
    """How much light there is to change (B,): 0 at rest, 1 from a plain motion on.

    Blinks, gaze and breath count as rest: eyes are drawn as they are, and the body knows its own.
    """
    pose = (motion_BD[:, _POSE].abs() * motion_BD.new_tensor(_AMOUNTS)).sum(1)
    return (pose + 2.0 * motion_BD[:, list(_MOVING)].sum(1)).clamp(max=1.0)


class Relight(UNet):
    """A U-Net at 32 x 32; see the module's first lines."""

    places: Tensor

    def __init__(self, channels: tuple[int, int, int] = (48, 96, 96)) -> None:
        super().__init__(channels, 128)
        a = channels[0]
        self.motion = nn.Sequential(
            nn.Linear(MOTION_SIZE, 128), nn.ReLU(), nn.Dropout(DROPPED), nn.Linear(128, 128),
            nn.ReLU(),
        )  # fmt: skip
        self.enter = conv(6 * 4 + 2, a)
        self.bias = nn.Linear(128, a)
        self.drop = nn.Dropout2d(DROPPED)
        self.light = conv(a, 3 * 4)
        for parameter in self.light.parameters():
            nn.init.zeros_(parameter)
        line = (torch.arange(COARSE // 2) + 0.5) * 4 / COARSE - 1
        grid = torch.stack(torch.meshgrid(line, line, indexing="xy"))[None]
        self.register_buffer("places", grid, persistent=False)

    def forward(self, frame_B4HW: Tensor, flow_B2HW: Tensor, motion_BD: Tensor) -> Tensor:
        """Light (B, 3, COARSE, COARSE) to add to RGB in 0..1; the frame is premultiplied RGBA in
        0..1, the flow in units of FLOW_SCALE."""
        motion = motion_BD.clone()
        motion[:, 52:55] = motion[:, 52:55] * 4
        condition = self.motion(motion)
        seen = functional.pixel_unshuffle(torch.cat([frame_B4HW - 0.5, flow_B2HW], 1), 2)
        x = self.enter(torch.cat([seen, self.places.expand(len(seen), -1, -1, -1)], 1))
        x = self.through(x + self.bias(condition)[..., None, None], condition, self.drop)
        light = torch.tanh(functional.pixel_shuffle(self.light(x), 2) * 0.25) * BRIGHT
        return light * amount(motion_BD)[:, None, None, None]


Batch = dict[str, Tensor]


def batch_of(posed: Posed, rows: Any, mirrored: bool = False) -> Batch:
    """Rows of a character as tensors in 0..1; `mirrored` swaps left and right."""
    pictures = {
        name: torch.from_numpy(getattr(posed, f"{name}_F")[rows]).float().permute(0, 3, 1, 2) / 255
        for name in ("seen", "drawn", "truth")
    }
    flow = torch.from_numpy(posed.flow_F[rows].astype(np.float32))
    motion = torch.from_numpy(posed.motion_FD[rows])
    face = face_weight(posed.face_4).expand(len(motion), -1, -1, -1)
    out = pictures | {"flow": flow, "motion": motion, "face": face}
    if mirrored:
        for name in ("seen", "drawn", "truth", "flow", "face"):
            out[name] = out[name].flip(3)
        out["flow"] = out["flow"] * torch.tensor([-1.0, 1.0])[:, None, None]
        out["motion"] = mirrored_motion(motion)
    return out


def mirrored_motion(motion_BD: Tensor) -> Tensor:
    """Left and right swapped: yaw, roll and the way across change their sign."""
    out = motion_BD[:, mirrored_names()].clone()
    for name in ("headYaw", "headRoll", "headX"):
        out[:, MOTION_INDEX[name]] *= -1
    left, right = (MOTION_INDEX[f"shoulder{side}"] for side in ("Left", "Right"))
    out[:, [left, right]] = out[:, [right, left]]
    return out


def face_weight(face_4: Float32Array) -> Tensor:
    """How much each pixel counts (1, 1, JUDGED, JUDGED): 1 round the face, a third elsewhere."""
    x, y, w, h = (float(v) * JUDGED / SIZE for v in face_4)
    place = torch.arange(JUDGED) + 0.5
    across = ((place - x - w / 2) / (0.85 * w)) ** 2
    down = ((place - y - h / 2) / (0.75 * h)) ** 2
    near = torch.exp(-((down[:, None] + across[None, :]) ** 2))
    return (1 / 3 + 2 / 3 * near)[None, None]


def lit(drawn_B4HW: Tensor, light_B3hw: Tensor) -> Tensor:
    """A premultiplied frame (0..1) with light added where it covers."""
    size = drawn_B4HW.shape[2:]
    light = functional.interpolate(light_B3hw, size, mode="bilinear", align_corners=False)
    alpha = drawn_B4HW[:, 3:]
    return torch.cat(
        [torch.minimum((drawn_B4HW[:, :3] + light * alpha).clamp(min=0), alpha), alpha], 1
    )


def soft(picture_BCHW: Tensor) -> Tensor:
    """Blurred by about a pixel: the truth was resampled, which took some sharpness, and no light
    brings edges to their place."""
    kernel = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], device=picture_BCHW.device) / 16
    channels = picture_BCHW.shape[1]
    for way in ((1, 1, 5, 1), (1, 1, 1, 5)):
        padded = functional.pad(
            picture_BCHW, (0, 0, 2, 2) if way[2] == 5 else (2, 2, 0, 0), mode="replicate"
        )
        weight = kernel.view(way).expand(channels, -1, -1, -1)
        picture_BCHW = functional.conv2d(padded, weight, groups=channels)
    return picture_BCHW


def covered(batch: Batch) -> Tensor:
    """How much each pixel counts (B, 1, H, W): `face_weight` where the person covers both pictures.

    Where only one of them shows somebody no light is right: hair that should have moved away would
    be made to look like what lies behind it.
    """
    alpha = torch.minimum(batch["drawn"][:, 3:], batch["truth"][:, 3:])
    both = -functional.max_pool2d(-(alpha > 0.98).float(), 5, 1, 2)
    return both * batch["face"]


def error(picture_B4HW: Tensor, batch: Batch) -> Tensor:
    """Mean squared error of each sample (B,), both softened, weighted by `covered`."""
    weight = covered(batch)
    apart = soft(picture_B4HW - batch["truth"])[:, :3]
    return (apart.square() * weight).sum((1, 2, 3)) / (3 * weight.sum((1, 2, 3)) + 1)


def relight_loss(net: Relight, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Loss, and the mean dB (before, after).

    The logarithm counts a flat drawing as much as a photograph. Rough light costs extra, and any
    light does: a white face that turns a little yellow is seen, though it costs few dB.
    """
    light = net(batch["seen"], batch["flow"], batch["motion"]).float()
    after = lit(batch["drawn"], light)
    decibel = 10 * torch.log10(error(after, batch) + 1e-6)
    before = 10 * torch.log10(error(batch["drawn"], batch) + 1e-6)
    apart = (soft(after - batch["truth"]).abs() * covered(batch)).mean()
    rough = light.diff(dim=2).square().mean() + light.diff(dim=3).square().mean()
    loss = 0.1 * decibel.mean() + 8.0 * apart + ROUGH_COST * rough + LIGHT_COST * light.abs().mean()
    return loss, -before.mean().detach(), -decibel.mean().detach()
