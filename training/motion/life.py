"""Life around the mouth as a recurrence in tensor operations, exported inside the ONNX graph.

Blinks, gaze, head, breath, brows and a trace of a smile, driven by who is speaking, by uniform
noise from outside (the seed) and by two style controls. It has explicit state, never repeats and
never stops: every part is a random process with the published rates of
`training.teacher.life_constants`. Angles inside are degrees.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import nn

from inference.contract import MOTION_INDEX, MOTION_SIZE
from training.teacher import life_constants as k

STEP_S: Final = 0.02
_FIELDS: Final[dict[str, int]] = {
    "talk": 1, "hear": 1, "self_pause": 1, "other_talk": 1, "other_pause": 1,
    "since_blink": 1, "blink_depth": 1,
    "away": 1, "mode_left": 1, "fix_left": 1, "gaze_to": 2, "gaze": 2, "drift": 2,
    "sway": 6, "posture_to": 6, "head": 6, "speed": 6, "accent": 1,
    "since_nod": 1, "nod_size": 1, "nod_cycles": 1,
    "breath": 1, "breath_rate": 1, "mood": 3, "mood_to": 3,
}  # fmt: skip
STATE_SIZE: Final = sum(_FIELDS.values())
NOISE_SIZE: Final = 40
"""Uniform numbers in [0, 1) per step."""
_DEGREE: Final = math.pi / 180
_SWAY_SCALE: Final = (k.SWAY_YAW, k.SWAY_PITCH, k.SWAY_ROLL, 0.012, 0.006, 0.012)
_POSTURE_SCALE: Final = (1.7, 0.9, 1.0, 0.04, 0.015, 0.04)
_SPRING: Final = 7.0
"""Radians per second of the critically damped spring that carries the head."""

Parts = dict[str, torch.Tensor]


def unpack(state: torch.Tensor) -> Parts:
    """Named columns of a state (B, STATE_SIZE)."""
    parts, at = {}, 0
    for name, size in _FIELDS.items():
        parts[name] = state[:, at : at + size]
        at += size
    return parts


def smoothstep(x: torch.Tensor) -> torch.Tensor:
    """0 below 0, 1 above 1, smooth between."""
    x = torch.clamp(x, 0, 1)
    return x * x * (3 - 2 * x)


def bell(noise: torch.Tensor) -> torch.Tensor:
    """Nearly normal numbers (..., N) from uniform ones (..., 3 N): three added."""
    n = noise.shape[-1] // 3
    return 2 * (noise[:, :n] + noise[:, n : 2 * n] + noise[:, 2 * n : 3 * n] - 1.5)


def _choose(condition: torch.Tensor, yes: torch.Tensor, no: torch.Tensor) -> torch.Tensor:
    return no + condition * (yes - no)


def _truth(condition: torch.Tensor) -> torch.Tensor:
    return condition.to(torch.float32)


class Life(nn.Module):
    """One step: activity, accent, controls, noise, state -> motion without the mouth, state."""

    sway_scale: torch.Tensor
    posture_scale: torch.Tensor
    to_motion: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("sway_scale", torch.tensor([_SWAY_SCALE]))
        self.register_buffer("posture_scale", torch.tensor([_POSTURE_SCALE]))
        self.register_buffer("to_motion", _placement())

    def initial(self, batch: int) -> torch.Tensor:
        """At rest, looking at the camera, about to breathe in: (batch, STATE_SIZE)."""
        state = torch.zeros(batch, STATE_SIZE)
        parts = unpack(state)
        for name, value in (
            ("self_pause", 5.0), ("other_pause", 5.0), ("since_blink", 1.0), ("blink_depth", 1.0),
            ("mode_left", 2.0), ("fix_left", 0.6), ("since_nod", 9.0), ("breath_rate", 1.0),
        ):  # fmt: skip
            parts[name].fill_(value)
        return state

    def forward(
        self,
        activity: torch.Tensor,
        controls: torch.Tensor,
        noise: torch.Tensor,
        state: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """activity (B, 3): speaking, listening, accent; controls (B, 2): liveliness, warmth.

        Returns motion (B, MOTION_SIZE) and the next state.
        """
        was = unpack(state)
        scale = 0.4 + 1.2 * controls[:, :1]
        now = self._follow(was, activity)
        now |= self._blink(was, now, noise[:, 0:3])
        now |= self._look(was, now, noise[:, 3:12], scale)
        now |= self._nod(was, now, noise[:, 12:16], scale)
        now |= self._head(was, now, noise[:, 16:35], scale)
        now |= self._breathe(was, now, noise[:, 35:36])
        now |= self._mood(was, noise[:, 36:40])
        motion = self._motion(now, controls[:, 1:2], scale)
        return motion, torch.cat([now[name] for name in _FIELDS], 1)

    def _follow(self, was: Parts, activity: torch.Tensor) -> Parts:
        """Smooth who speaks; time since each began or paused."""
        speaking, listening, accent = activity[:, :1], activity[:, 1:2], activity[:, 2:3]
        talk = was["talk"] + (speaking - was["talk"]) * _choose(
            _truth(speaking > was["talk"]), *_rates(0.3, 0.08)
        )
        hear = was["hear"] + (listening - was["hear"]) * _choose(
            _truth(listening > was["hear"]), *_rates(0.3, 0.08)
        )
        talking, heard = _truth(talk > 0.5), _truth(hear > 0.5)
        raised = was["accent"] + (torch.clamp(accent, 0, 1) * talk - was["accent"]) * 0.25
        resting = _truth(was["other_pause"] > 1.5)
        return {
            "talk": talk,
            "hear": hear,
            "self_pause": torch.clamp((was["self_pause"] + STEP_S) * (1 - talking), max=60),
            "other_pause": torch.clamp((was["other_pause"] + STEP_S) * (1 - heard), max=60),
            "other_talk": torch.clamp(
                (was["other_talk"] + STEP_S * heard) * (1 - resting * (1 - heard)), max=60
            ),
            "accent": raised,
        }

    def _blink(self, was: Parts, now: Parts, noise: torch.Tensor) -> Parts:
        """A hazard per step that rests after a blink and rises in pauses of either speaker."""
        rate = k.BLINK_RATE_REST + (k.BLINK_RATE_TALK - k.BLINK_RATE_REST) * now["talk"]
        first, last = k.BLINK_PAUSE_WINDOW
        in_pause = torch.zeros_like(rate)
        for name in ("self_pause", "other_pause"):
            in_pause = in_pause + _truth(now[name] > first) * _truth(now[name] < last)
        mean_gap = 60 / rate * 1.12 - k.BLINK_REFRACTORY
        hazard = STEP_S / mean_gap * (1 + k.BLINK_PAUSE_GAIN * torch.clamp(in_pause, max=1))
        shifted = _truth(torch.abs(was["gaze_to"] - was["gaze"]).sum(1, keepdim=True) > 7)
        hazard = hazard + 0.1 * shifted
        starts = _truth(noise[:, :1] < hazard) * _truth(was["since_blink"] > k.BLINK_REFRACTORY)
        depth = _choose(
            _truth(noise[:, 1:2] < 0.12), 0.55 + 0.3 * noise[:, 2:3], torch.ones_like(rate)
        )
        return {
            "since_blink": torch.clamp((was["since_blink"] + STEP_S) * (1 - starts), max=60),
            "blink_depth": _choose(starts, depth, was["blink_depth"]),
        }

    def _look(self, was: Parts, now: Parts, noise: torch.Tensor, scale: torch.Tensor) -> Parts:
        """Alternate between looking at the camera and away; small shifts in between."""
        talk, hear = now["talk"], now["hear"] * (1 - now["talk"])
        away, left = was["away"], was["mode_left"] - STEP_S * (0.6 + 0.4 * scale)
        longest = 30 - 24 * talk  # a long look begun while listening does not last into talk
        left = torch.minimum(left, longest)
        switch = _truth(left <= 0)
        spread = -torch.log(noise[:, :1] + 1e-3)
        look = 0.4 + (k.MUTUAL_TALK - 0.4) * spread
        attend = torch.clamp(
            k.MUTUAL_LISTEN + k.MUTUAL_LISTEN_SD * (noise[:, 1:2] * 3.4 - 1.7), min=1.5
        )
        stay = _choose(hear, attend, look * (1 + 0.5 * (1 - talk)))
        glance = (
            0.25
            + (k.AWAY_TALK - 0.25) * spread * (1 - hear)
            + (k.AWAY_LISTEN - 0.25) * spread * hear
        )
        becomes = _choose(switch, 1 - away, away)
        left = _choose(switch, _choose(becomes, glance, stay), left)
        fix = was["fix_left"] - STEP_S
        refix = torch.clamp(_truth(fix <= 0) + switch, max=1)
        fix = _choose(refix, 0.25 + k.FIXATION_MEAN * -torch.log(noise[:, 2:3] + 1e-3), fix)
        percent = noise[:, 3:4] * k.SACCADE_PERCENT + 0.02
        size = torch.clamp(
            -k.SACCADE_SCALE * torch.log(percent / k.SACCADE_PERCENT_MAX), 2, k.SACCADE_LARGEST
        )
        size = size * (0.55 + 0.35 * scale)
        angle = 2 * math.pi * noise[:, 4:5]
        aside = torch.cat([torch.cos(angle) * size, torch.sin(angle) * size * 0.6], 1)
        near = (noise[:, 5:7] - 0.5) * 2 * k.FIXATION_SHIFT
        # Within a look away the eyes mostly stay; a new glance goes somewhere else.
        where = _choose(becomes, _choose(switch, aside, was["gaze_to"] + near), near)
        gaze_to = _choose(refix, where, was["gaze_to"])
        step = torch.clamp((gaze_to - was["gaze"]) * 0.7, -7, 7)  # 350 degrees a second at most
        drift = was["drift"] * 0.97 + (noise[:, 7:9] - 0.5) * 0.07
        return {
            "away": becomes, "mode_left": left, "fix_left": fix, "gaze_to": gaze_to,
            "gaze": was["gaze"] + step, "drift": drift,
        }  # fmt: skip

    def _nod(self, was: Parts, now: Parts, noise: torch.Tensor, scale: torch.Tensor) -> Parts:
        """Nod some way into the other's pauses, and now and then while they go on."""
        crossing = _truth(was["other_pause"] < k.NOD_PAUSE) * _truth(
            now["other_pause"] >= k.NOD_PAUSE
        )
        listened = _truth(was["other_talk"] > k.NOD_AFTER_TALK)
        free = _truth(was["since_nod"] > k.NOD_GAP) * (1 - _truth(now["talk"] > 0.4))
        chance = crossing * listened * torch.clamp(k.NOD_CHANCE * scale, max=0.95)
        chance = chance + _truth(was["other_talk"] > 4) * now["hear"] * STEP_S / 14 * scale
        starts = _truth(noise[:, :1] < chance) * free
        size = k.NOD_DEGREES * (0.5 + 0.8 * noise[:, 1:2]) * (0.7 + 0.3 * scale)
        cycles = 1 + torch.floor(noise[:, 2:3] * 2.4)
        return {
            "since_nod": torch.clamp((was["since_nod"] + STEP_S) * (1 - starts), max=60),
            "nod_size": _choose(starts, size, was["nod_size"]),
            "nod_cycles": _choose(starts, cycles, was["nod_cycles"]),
        }

    def _head(self, was: Parts, now: Parts, noise: torch.Tensor, scale: torch.Tensor) -> Parts:
        """Sway (a process of about 1.6 s) on top of a posture that changes now and then."""
        decay = STEP_S / k.SWAY_SECONDS * (1 + now["talk"])
        kick = torch.sqrt(2 * decay) * bell(noise[:, :18])
        sway = was["sway"] * (1 - decay) + kick * self.sway_scale
        shifts = _truth(noise[:, 18:19] < STEP_S / k.POSTURE_SECONDS)
        posture = _choose(shifts, bell(noise[:, :18]) * self.posture_scale, was["posture_to"])
        target = (sway * (1 + (k.TALK_SWAY_GAIN - 1) * now["talk"]) + posture) * scale
        gaze = was["gaze_to"] * torch.cat(
            [torch.full_like(decay, 0.18), torch.full_like(decay, 0.1)], 1
        )
        accent = now["accent"] * -k.ACCENT_PITCH * scale
        turn = torch.cat([gaze[:, :1], gaze[:, 1:2] + accent, torch.zeros_like(target[:, :4])], 1)
        pull = _SPRING**2 * (target + turn - was["head"]) - 2 * _SPRING * was["speed"]
        speed = was["speed"] + STEP_S * pull
        return {
            "sway": sway,
            "posture_to": posture,
            "head": was["head"] + STEP_S * speed,
            "speed": speed,
        }

    def _breathe(self, was: Parts, now: Parts, noise: torch.Tensor) -> Parts:
        """A phase in [0, 1): in during the first 0.4, then out; talk prolongs the way out."""
        rate = was["breath_rate"] + 0.02 * (1 - was["breath_rate"]) + (noise - 0.5) * 0.06
        cycle = 60 / k.BREATH_RATE
        inward = _truth(was["breath"] < k.BREATH_IN_REST)
        pace_in = _choose(
            now["talk"],
            torch.full_like(rate, k.BREATH_IN_REST / k.BREATH_IN_TALK_SECONDS),
            rate / cycle,
        )
        pace_out = _choose(
            now["talk"],
            torch.full_like(rate, (1 - k.BREATH_IN_REST) / k.BREATH_OUT_TALK_SECONDS),
            rate / cycle,
        )
        phase = was["breath"] + STEP_S * _choose(inward, pace_in, pace_out)
        return {"breath": phase - torch.floor(phase), "breath_rate": torch.clamp(rate, 0.6, 1.6)}

    def _mood(self, was: Parts, noise: torch.Tensor) -> Parts:
        """Three slow processes in about [-1, 1] for smile, brows and lips."""
        wander = was["mood_to"] * 0.9965 + (noise[:, :3] - 0.5) * 0.14
        return {"mood_to": wander, "mood": was["mood"] + 0.04 * (wander - was["mood"])}

    def _motion(self, now: Parts, warmth: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        """Place everything in the motion vector."""
        t = now["since_blink"]
        shut = smoothstep(t / k.BLINK_CLOSE) * (
            1 - smoothstep((t - k.BLINK_CLOSE - k.BLINK_SHUT) / k.BLINK_OPEN)
        )
        nod_t = now["since_nod"]
        nodding = _truth(nod_t * k.NOD_HZ < now["nod_cycles"])
        nod = (
            now["nod_size"]
            * nodding
            * torch.exp(-1.3 * nod_t)
            * (0.5 - 0.5 * torch.cos(2 * math.pi * k.NOD_HZ * nod_t))
        )
        yaw, pitch, roll = now["head"][:, :1], now["head"][:, 1:2] - nod, now["head"][:, 2:3]
        # The eyes hold their target while the head moves (the vestibulo-ocular reflex).
        eye_x = now["gaze"][:, :1] + now["drift"][:, :1] - 0.9 * yaw
        eye_y = now["gaze"][:, 1:2] + now["drift"][:, 1:2] - 0.9 * pitch
        breath = _breath_wave(now["breath"])
        mood = torch.clamp(now["mood"], -1, 1)
        smile = torch.clamp(0.34 * warmth + 0.16 * warmth * mood[:, :1] - 0.08, 0, 0.5) * (
            1 - 0.3 * now["talk"]
        )
        answer = (
            now["nod_size"] / 6 * smoothstep(nod_t / 0.2) * (1 - smoothstep((nod_t - 0.5) / 0.6))
        )
        brow = torch.clamp(
            0.34 * now["accent"] * scale + 0.1 * answer + 0.05 * torch.clamp(mood[:, 1:2], min=0),
            0,
            0.6,
        )
        press = 0.07 * torch.clamp(mood[:, 2:3] - 0.3, min=0) * (1 - now["talk"])
        shoulder = 0.06 * (breath + 1)
        values = [
            shut * now["blink_depth"],
            eye_x.clamp(min=0) / 30, (-eye_x).clamp(min=0) / 30,
            eye_y.clamp(min=0) / 25, (-eye_y).clamp(min=0) / 30,
            brow, 0.7 * brow, smile, 0.9 * smile, 0.45 * smile, 0.25 * smile, press,
            yaw * _DEGREE, pitch * _DEGREE, roll * _DEGREE,
            now["head"][:, 3:4], now["head"][:, 4:5] + 0.004 * breath, now["head"][:, 5:6],
            breath, shoulder, shoulder * 0.94,
        ]  # fmt: skip
        motion = torch.cat(values, 1) @ self.to_motion
        return torch.cat([motion[:, :52].clamp(0, 1), motion[:, 52:]], 1)


def _rates(up: float, down: float) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor(up), torch.tensor(down)


def _breath_wave(phase: torch.Tensor) -> torch.Tensor:
    """-1 empty to 1 full, smooth at both turns."""
    inward = _truth(phase < k.BREATH_IN_REST)
    rise = smoothstep(phase / k.BREATH_IN_REST)
    fall = 1 - smoothstep((phase - k.BREATH_IN_REST) / (1 - k.BREATH_IN_REST))
    return 2 * _choose(inward, rise, fall) - 1


def _placement() -> torch.Tensor:
    """Which motion columns each value of `_motion` drives: (values, MOTION_SIZE)."""
    rows = [
        ["eyeBlinkLeft", "eyeBlinkRight"],
        ["eyeLookOutLeft", "eyeLookInRight"], ["eyeLookInLeft", "eyeLookOutRight"],
        ["eyeLookUpLeft", "eyeLookUpRight"], ["eyeLookDownLeft", "eyeLookDownRight"],
        ["browInnerUp"], ["browOuterUpLeft", "browOuterUpRight"],
        ["mouthSmileLeft"], ["mouthSmileRight"], ["cheekSquintLeft", "cheekSquintRight"],
        ["eyeSquintLeft", "eyeSquintRight"], ["mouthPressLeft", "mouthPressRight"],
        ["headYaw"], ["headPitch"], ["headRoll"], ["headX"], ["headY"], ["headZ"],
        ["breath"], ["shoulderLeft"], ["shoulderRight"],
    ]  # fmt: skip
    matrix = torch.zeros(len(rows), MOTION_SIZE)
    for i, names in enumerate(rows):
        for name in names:
            matrix[i, MOTION_INDEX[name]] = 1
    return matrix
