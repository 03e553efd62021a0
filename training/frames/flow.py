"""The warp of one layer: motion and bases in, inverse flow out. The rule, in torch.

A layer is a picture with a coarse grid of 3D points behind it. A motion displaces the points (a sum
of bases), turns each about the neck pivot by its own weight (an exact rotation, never a linear
one) and projects it: that is the forward map, from picture to frame. Drawing needs the opposite,
which for every place in the frame tells where in the picture to look, and is found by fixed-point
iteration. Bases are smooth and depth is slope-limited (see `geometry`), so the map never folds and
the iteration converges.

`inference.frame_generator_flow` does the same in numpy, for drawing; `check_parity` compares them.

All grids hold `GRID` x `GRID` samples at the centres of equal cells of a box (x, y, w, h) in
pixels; pixel centres have integer coordinates, so a box starts half a pixel before its first one.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

GRID = 64
"""Samples along each side of a layer's grid."""
STEPS = (1.0, 0.55, 1.0, 0.55, 1.0, 0.55, 1.0, 0.55)
"""Step lengths of the fixed-point iteration. Whole steps converge where the map shrinks,
short ones where it stretches up to threefold: on the side a turning head brings to view."""


def cell_centres(box_4: Tensor, n: int = GRID) -> Tensor:
    """Pixel coordinates (2, n, n) of the cell centres of a box (x, y, w, h)."""
    step_N = (torch.arange(n, dtype=torch.float32) + 0.5) / n
    x_N = box_4[0] + box_4[2] * step_N - 0.5
    y_N = box_4[1] + box_4[3] * step_N - 0.5
    return torch.stack([x_N[None, :].expand(n, n), y_N[:, None].expand(n, n)])


def sample(map_CHW: Tensor, place_2HW: Tensor, box_4: Tensor) -> Tensor:
    """Bilinear samples of a grid map at pixel places, clamped at the box's border.

    Zero padding with clamped places gives the same as border padding and is several times faster
    in ONNX Runtime.
    """
    n = map_CHW.shape[-1]
    x = 2.0 * (place_2HW[0] + 0.5 - box_4[0]) / box_4[2] - 1.0
    y = 2.0 * (place_2HW[1] + 0.5 - box_4[1]) / box_4[3] - 1.0
    edge = 1.0 - 1.0 / n
    at_1HW2 = torch.stack([x, y], -1)[None].clamp(-edge, edge)
    return nn.functional.grid_sample(
        map_CHW[None], at_1HW2, mode="bilinear", padding_mode="zeros", align_corners=False
    )[0]


def _turn(a: Tensor, b: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
    cos, sin = torch.cos(angle), torch.sin(angle)
    return cos * a - sin * b, sin * a + cos * b


def pose_points(point_3HW: Tensor, weight_HW: Tensor, pose_6: Tensor, place_5: Tensor) -> Tensor:
    """Rotate points about the pivot by `weight` of the head's angles and move them.

    `pose_6` is yaw, pitch, roll in radians and the translation in pupil distances; `place_5` is
    pivot (3), pupil distance, and the share of the translation that a point of weight 0 makes.
    The order is roll, pitch, yaw, each angle scaled by the weight: the rig's own rule
    (`training.rig.pose.turn_head`).
    """
    x, y, z = point_3HW[0] - place_5[0], point_3HW[1] - place_5[1], point_3HW[2] - place_5[2]
    x, y = _turn(x, y, -pose_6[2] * weight_HW)
    y, z = _turn(y, z, -pose_6[1] * weight_HW)
    z, x = _turn(z, x, pose_6[0] * weight_HW)
    follow = (place_5[4] + (1 - place_5[4]) * weight_HW) * place_5[3]
    return torch.stack(
        [
            x + place_5[0] + pose_6[3] * follow,
            y + place_5[1] + pose_6[4] * follow,
            z + place_5[2] + pose_6[5] * follow,
        ]
    )


def project(point_3HW: Tensor, camera_34: Tensor) -> Tensor:
    """Pixel coordinates (2, H, W) of 3D points through a 3x4 camera matrix."""
    flat_4P = torch.cat([point_3HW.reshape(3, -1), torch.ones(1, point_3HW[0].numel())])
    image_3P = camera_34 @ flat_4P
    return (image_3P[:2] / image_3P[2:]).reshape(2, *point_3HW.shape[1:])


def invert(shift_2HW: Tensor, box_4: Tensor, wanted_2HW: Tensor) -> Tensor:
    """Where to look in the picture so that place + shift(place) = wanted, by fixed point."""
    place = wanted_2HW
    for step in STEPS:
        place = place + step * (wanted_2HW - place - sample(shift_2HW, place, box_4))
    return place


def pose_flow(
    point_3HW: Tensor,
    moved_3HW: Tensor,
    weight_HW: Tensor,
    pose_6: Tensor,
    place_5: Tensor,
    camera_34: Tensor,
    grid_box_4: Tensor,
    frame_box_4: Tensor,
) -> Tensor:
    """Inverse flow of points that an expression `moved` from `point`, and then the head's pose."""
    posed = pose_points(moved_3HW, weight_HW, pose_6, place_5)
    shift_2HW = project(posed, camera_34) - project(point_3HW, camera_34)
    return invert(shift_2HW, grid_box_4, cell_centres(frame_box_4))


def displaced(amount_K: Tensor, basis_K3HW: Tensor, point_3HW: Tensor) -> Tensor:
    """Points after the expression: the bases times their amounts, added."""
    flat = amount_K[None] @ basis_K3HW.reshape(basis_K3HW.shape[0], -1)
    return flat.reshape(3, GRID, GRID) + point_3HW


class LayerFlow(nn.Module):
    """Inverse flow of one layer; sizes of the bases may vary, everything else is fixed."""

    def forward(
        self,
        amount_K: Tensor,
        basis_K3HW: Tensor,
        point_3HW: Tensor,
        weight_HW: Tensor,
        pose_6: Tensor,
        place_5: Tensor,
        camera_34: Tensor,
        grid_box_4: Tensor,
        frame_box_4: Tensor,
    ) -> Tensor:
        """Pixel places (2, GRID, GRID) in the layer's picture, over the frame box."""
        moved = displaced(amount_K, basis_K3HW, point_3HW)
        return pose_flow(
            point_3HW, moved, weight_HW, pose_6, place_5, camera_34, grid_box_4, frame_box_4
        )


class PoseFlow(nn.Module):
    """Inverse flow of the head's pose alone: where the painted windows land in the frame.

    The expression is left out: between parted lips its inverse has no one value, and the depth it
    changes matters little at the angles of a call.
    """

    def forward(
        self,
        point_3HW: Tensor,
        weight_HW: Tensor,
        pose_6: Tensor,
        place_5: Tensor,
        camera_34: Tensor,
        grid_box_4: Tensor,
        frame_box_4: Tensor,
    ) -> Tensor:
        """Pixel places (2, GRID, GRID) in the unposed head's picture, over the frame box."""
        return pose_flow(
            point_3HW, point_3HW, weight_HW, pose_6, place_5, camera_34, grid_box_4, frame_box_4
        )


class ExpressionFlow(nn.Module):
    """Inverse flow of the expression alone (head at rest) over `n` x `m` windows of the head."""

    def forward(
        self,
        amount_K: Tensor,
        basis_K3HW: Tensor,
        point_3HW: Tensor,
        camera_34: Tensor,
        grid_box_4: Tensor,
        wanted_2HW: Tensor,
    ) -> Tensor:
        """Places in the head's picture for the pixel places `wanted` of the unposed face."""
        moved = displaced(amount_K, basis_K3HW, point_3HW)
        shift_2HW = project(moved, camera_34) - project(point_3HW, camera_34)
        return invert(shift_2HW, grid_box_4, wanted_2HW)
