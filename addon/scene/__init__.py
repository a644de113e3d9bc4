"""What stands in the .blend: groups, photo, relief and camera. Every function can be called from a script."""
