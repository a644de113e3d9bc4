"""The built-in model, Draft: a small network whose weights ship, run by numpy or by torch."""
