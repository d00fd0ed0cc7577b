"""``python -m clipline.emulator --data DIR --port N``."""

import sys

from clipline.emulator.server import main

sys.exit(main())
