"""``python -m api``: the command line without an installed script."""

import sys

from api.command_line import main

if __name__ == "__main__":
    sys.exit(main())
