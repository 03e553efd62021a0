"""Reading and writing sound and film files."""
