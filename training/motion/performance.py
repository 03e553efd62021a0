"""The words of a performance: what is sampled beside the articulation of speech, and from what.

A *performance* is everything a face does that the sound does not dictate: lids, gaze, brows,
smiles, head, breath, and how strongly the mouth articulates. It has PERFORMANCE_RATE values a
second of the channels PERFORMANCE; the motion generator joins it with the articulation.

It is sampled given HEARD (what is known of both sides of the call) and CONTROLS. The teacher writes
it, the Base and the student generate it, all three in the physical units given here.
"""

from __future__ import annotations

from typing import Final

from inference.contract import CUES, MOODS, MOTION_RATE

PERFORMANCE_RATE: Final = MOTION_RATE // 2
"""Performance steps per second: 25. Between them the motion generator interpolates."""

PERFORMANCE: Final[dict[str, float]] = {
    "blinkLeft": 0.25, "blinkRight": 0.25,
    "gazeYaw": 0.15, "gazePitch": 0.15,
    "squint": 0.1, "wide": 0.1,
    "browInnerUp": 0.1, "browOuterUpLeft": 0.1, "browOuterUpRight": 0.1,
    "browDownLeft": 0.1, "browDownRight": 0.1,
    "cheekSquint": 0.1, "noseSneer": 0.05,
    "smileLeft": 0.15, "smileRight": 0.15, "frown": 0.1, "press": 0.1, "dimple": 0.05,
    "shrug": 0.1, "stretch": 0.05, "side": 0.05, "roll": 0.1,
    "jawDrop": 0.05, "articulation": 0.3,
    "headYaw": 0.05, "headPitch": 0.05, "headRoll": 0.04,
    "headX": 0.05, "headY": 0.03, "headZ": 0.05,
    "breath": 0.5, "shoulders": 0.05,
}  # fmt: skip
"""Channel -> typical spread, by which networks divide it.

`gazeYaw` 1 is 30 degrees to the character's left, `gazePitch` 1 is 25 degrees up (-1: 30 down), of
the eyes in the head. `side` moves the mouth to the character's left (+) or right (-). `jawDrop` is
added to jawOpen; `articulation` is the base-2 logarithm of a factor on the articulation (0: as
heard). Head angles are radians, head translation pupil distances, `breath` -1..1; the rest are
ARKit weights, those without a side driving both.
"""

PERFORMANCE_SIZE: Final = len(PERFORMANCE)
PERFORMANCE_INDEX: Final = {name: i for i, name in enumerate(PERFORMANCE)}

HEARD: Final = (
    "selfSpeaking", "selfLevel", "selfPitch", "selfVoiced",
    "otherSpeaking", "otherLevel", "otherPitch", "otherVoiced",
)  # fmt: skip
"""Per side, from `training.motion.heard`: is speaking (0..1); level against that speaker's mean in
10 dB and pitch against that speaker's mean in half octaves (both within +-2, 0 when not speaking);
voiced (0..1)."""
HEARD_SIZE: Final = len(HEARD)

CONTROLS: Final = ("liveliness", "warmth", *MOODS, *CUES)
"""Liveliness and warmth in [0, 1]; weights of the moods, adding up to 1; and for every cue its
clock: 1 at the step it is asked for, then falling evenly to 0 over CUE_SECONDS."""
CONTROL_SIZE: Final = len(CONTROLS)
CUE_SECONDS: Final = 1.6
