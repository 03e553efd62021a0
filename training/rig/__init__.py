"""The rig: a parametric 3D head that renders training pictures, their true flow and their masks."""
