"""The streaming generator, voice in, living character out: no Qt, no devices, no torch."""
