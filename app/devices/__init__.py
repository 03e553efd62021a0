"""Microphones, loopbacks, files, the virtual camera and the recorder, behind small contracts."""
