"""Depth maps as numbers: read from files, understood, cleaned, and kept in an image datablock."""
