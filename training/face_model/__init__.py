"""The linear face model that imported pictures are fitted with, distilled from the rig."""
