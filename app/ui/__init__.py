"""The window: Qt widgets around a `Session`. Only `app/__main__.py` imports this room."""
