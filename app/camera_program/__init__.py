"""The virtual camera program: owns the device and keeps the pace. See README.md and LICENSE here.

Licence: GPL-2.0-or-later. Imports the standard library, numpy and pyvirtualcam only.
"""
