"""What touches the desktop: windows, microphones, cameras, settings, the command line."""
