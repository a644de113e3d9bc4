"""The other process: the Python that estimates depth, made, asked and listened to."""
