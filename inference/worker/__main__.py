"""`python -m inference.worker`."""

from .serve import main

main()
