"""Published figures for the life of a face that is not the mouth, and where each comes from.

Angles are degrees, times seconds, rates per minute unless a name says otherwise.

Sources
  Bentivoglio et al., "Analysis of blink rate patterns in normal subjects", Mov. Disord. 1997:
    blinks per minute 17 at rest, 26 in conversation, 4.5 reading.
  VanderWerf et al., "Eyelid movements: behavioral studies of blinking in humans", J. Neurophysiol.
    2003: lids close in about 0.1 s and open two to three times more slowly.
  Nakano and Kitazawa, "Eyeblink entrainment at breakpoints of speech", Exp. Brain Res. 2010:
    listeners blink 0.25 to 0.75 s after a speaker's pause begins; speakers at their own pauses.
  Evinger et al., "Not looking while leaping", Exp. Brain Res. 1994: large gaze shifts bring blinks.
  Lee, Badler and Badler, "Eyes alive", SIGGRAPH 2002: gaze in conversation at 30 frames per second.
    Talking: mutual 93.9 +- 94.9 frames, away 27.8 +- 24.0; listening: 237.5 +- 47.1, 13.0 +- 7.1.
    Saccade size -6.9 ln(P / 15.7) degrees, P uniform in percent to 15; 25 ms + 2.4 ms a degree.
  Hadar et al., "Kinematics of head movements accompanying speech during conversation", Hum. Mov.
    Sci. 1983: slow (under 1.8 Hz), ordinary (1.8-3.7 Hz) and rapid head movements; the head moves
    during most of speech and little in pauses.
  Hadar, Steiner and Rose, "Head movement during listening turns", J. Nonverbal Behav. 1985: nods
    of 1.8 to 3.7 Hz, one to three cycles.
  Ward and Tsukahara, "Prosodic features which cue back-channel responses", J. Pragmat. 2000:
    listeners answer some 0.7 s after a cue at a phrase's end, after at least 0.7 s of talk.
  Conrad and Schoenle, "Speech and respiration", Arch. Psychiatr. Nervenkr. 1979: inspiration takes
    about 0.4 of the cycle at rest and 0.1 to 0.2 in speech. Resting rate 12 to 18 per minute.
  Munhall et al., "Visual prosody and speech intelligibility", Psychol. Sci. 2004, and Krahmer and
    Swerts, J. Mem. Lang. 2007: head and brow movements mark prominent syllables.
"""

from __future__ import annotations

from typing import Final

BLINK_RATE_REST: Final = 17.0
BLINK_RATE_TALK: Final = 26.0
BLINK_REFRACTORY: Final = 0.5
BLINK_CLOSE: Final = 0.09
BLINK_SHUT: Final = 0.03
BLINK_OPEN: Final = 0.20
BLINK_PAUSE_WINDOW: Final = (0.25, 0.75)
BLINK_PAUSE_GAIN: Final = 3.0

MUTUAL_TALK: Final = 93.9 / 30
AWAY_TALK: Final = 27.8 / 30
MUTUAL_LISTEN: Final = 237.5 / 30
MUTUAL_LISTEN_SD: Final = 47.1 / 30
AWAY_LISTEN: Final = 13.0 / 30
SACCADE_SCALE: Final = 6.9
SACCADE_PERCENT: Final = 15.0
SACCADE_PERCENT_MAX: Final = 15.7
SACCADE_LARGEST: Final = 14.0
"""Beyond this the head would turn too; a caller looks at a screen, not about the room."""
FIXATION_MEAN: Final = 1.2
"""Between the small shifts from feature to feature of a face that is looked at."""
FIXATION_SHIFT: Final = 1.3

SWAY_YAW: Final = 1.3
SWAY_PITCH: Final = 0.9
SWAY_ROLL: Final = 0.8
SWAY_SECONDS: Final = 1.6
TALK_SWAY_GAIN: Final = 1.7
POSTURE_SECONDS: Final = 14.0
ACCENT_PITCH: Final = 3.2

NOD_HZ: Final = 2.2
NOD_DEGREES: Final = 4.5
NOD_AFTER_TALK: Final = 0.7
NOD_PAUSE: Final = 0.3
"""Pause heard before a nod answers; with its own rise it peaks some 0.7 s after the cue."""
NOD_CHANCE: Final = 0.55
NOD_GAP: Final = 2.0

BREATH_RATE: Final = 15.0
BREATH_IN_REST: Final = 0.4
BREATH_IN_TALK_SECONDS: Final = 0.5
BREATH_OUT_TALK_SECONDS: Final = 4.5
