"""The frame generator's training: layers and motion bases, warp, paint networks, export."""
