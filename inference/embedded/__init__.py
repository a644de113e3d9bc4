"""Depth that a photo's file brings with it: found by the standard library, decoded by numpy, Pillow and pillow-heif."""
