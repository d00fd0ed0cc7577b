"""For the tests of applications: a pytest plugin that runs the emulator, and a context manager for everything else.

Both drive the command in a process of its own; nothing but the standard library enters the application's process.

- ``emulator``: the context manager
- ``plugin``: the fixtures ``clipline_emulator`` and ``clipline_stack``; pytest finds it once clipline is installed
"""

from clipline.testing.emulator import Emulator, EmulatorFailed, emulator

__all__ = ["Emulator", "EmulatorFailed", "emulator"]
