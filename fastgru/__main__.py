"""Run the command line as ``python -m fastgru``."""

import sys

from fastgru.cli import main

if __name__ == "__main__":
    sys.exit(main())
