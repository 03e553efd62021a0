"""Random people in three looks, their light, camera and motions: data for the frame generator."""
