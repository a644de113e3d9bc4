"""The command line, `python -m inference`. Results go to stdout, everything else to stderr."""
