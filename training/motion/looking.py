"""Where eyes go and how soon they come back: what is known of it beside what a student learned.

Teacher-forced, a student knows returns and glances well, but in its own performances they are too
rare; and a look aside that was asked for must not wait for chance. All degrees are off the camera.
"""

from __future__ import annotations

from typing import Final

import torch

from training.motion.mixture import COLUMNS, GROUPS
from training.motion.performance import CONTROLS, PERFORMANCE

_LOOK_AWAY: Final = CONTROLS.index("look_away")
_RETURNS: Final = (1.3, 0.4, 7.0)
"""By what a look back at the camera is likelier in a performance than the mixture says: idle, and
what speaking and listening add; so looks away last as long as the teacher's (see PERFORMER.md)."""
_GLANCES: Final = (2.5, 3.5)
"""By what a look away is likelier than the mixture says, and what listening adds."""
_ASKED: Final = 16.0
"""Nats by which a look aside is likelier in the first third of a second after it was asked for,
until the eyes are aside: when it begins is chance for the teacher, but the user waits."""
_FRESH: Final = 0.8
_ASIDE: Final = 9.0
_NEAR: Final = 4.5
_AWAY: Final = 5.5
"""Degrees from the camera: well aside; looking at it; looking away."""


def guide(
    logits: torch.Tensor,
    means: torch.Tensor,
    change: torch.Tensor,
    last: torch.Tensor,
    here: torch.Tensor,
    heard: torch.Tensor,
    controls: torch.Tensor,
) -> torch.Tensor:
    """Logits (B, K) of the components of the gaze: eyes that are away, unasked, come back sooner,
    glance away more often, and go when asked (_RETURNS, _GLANCES, _ASKED).

    `means` (B, K, 2) are places or, in units of `change` (P,), changes from `here` (B, P), where
    the course leads from `last` (B, P), all encoded.
    """
    columns, moves = list(COLUMNS[0]), GROUPS[0][0]
    moved = here[:, None, columns] + means[:, :moves] * change[columns]
    lands = torch.cat([moved, means[:, moves:]], 1)
    near = torch.sigmoid((_NEAR - _degrees(lands)) / 0.3)
    rests = _degrees(last[:, None, columns])
    away = torch.sigmoid((rests - _AWAY) / 0.3)
    clock = controls[:, _LOOK_AWAY : _LOOK_AWAY + 1]
    asked, fresh = (clock > 0).to(near.dtype), (clock > _FRESH).to(near.dtype)
    aside = torch.sigmoid((_degrees(lands) - _ASIDE) / 0.5)
    aside = aside * torch.sigmoid((_ASIDE - rests) / 0.5)
    speaks, listens = heard[:, :1], torch.relu(heard[:, 4:5] - heard[:, :1])
    idle, speaking, listening = _RETURNS
    more = torch.log(idle + speaking * speaks + listening * listens)
    back = more * (1 - asked) * away * near
    glance = torch.log(_GLANCES[0] + _GLANCES[1] * listens) * (1 - near)
    return logits + back + _ASKED * fresh * aside + glance * (1 - away)


def _degrees(gaze: torch.Tensor) -> torch.Tensor:
    """From the camera, of encoded gaze (..., 2) in the room: (...)."""
    yaw, pitch = (gaze[..., i] * PERFORMANCE[name] for i, name in enumerate(GROUPS[0][2]))
    return torch.sqrt((30 * yaw).square() + (27.5 * pitch).square() + 1e-6)
