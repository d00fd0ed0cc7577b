"""Everything that is measured, one ``bench_*.py`` after the other; nothing here is an assertion on time.

``python tests/bench/run.py [NAME …]`` runs only those named, as in ``run.py bulk knn``.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main(names: list[str]) -> int:
    """Measure and print; 2 for a name that no file has."""
    there = sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))
    if unknown := sorted(set(names) - set(there)):
        print(f"no benchmark [{unknown[0]}]; there are {', '.join(there)}", file=sys.stderr)
        return 2
    sys.path[:0] = [str(FOLDER), str(FOLDER.parent.parent)]
    for name in names or there:
        print(f"== {name}", flush=True)
        importlib.import_module(f"bench_{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
