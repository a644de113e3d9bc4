"""`python -m inference`."""

import sys

from .cli.main import main

sys.exit(main())
