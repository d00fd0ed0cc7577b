"""The libraries around torch talk a lot about themselves; while clipline works, they keep it down."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from clipline.core.errors import MissingExtraError

# Kineto, torch's profiler, logs even when nobody profiles; it reads this when torch is imported.
_KINETO_LEVEL = "KINETO_LOG_LEVEL"
_NOTHING_BELOW = "99"


@contextmanager
def quiet_libraries(purpose: str) -> Iterator[None]:
    """Import torch and its libraries, and silence their warnings, logs below errors and progress bars.

    Tracing warns about every branch it freezes, and loading about defaults of releases to come; neither helps an
    operator. What fails still raises. `purpose` goes into the error for a missing extra.

    Raises:
        MissingExtraError: ``clipline[models]`` is not installed.
    """
    os.environ.setdefault(_KINETO_LEVEL, _NOTHING_BELOW)
    try:
        # torch first: where it lacks, transformers says so in words of its own.
        import torch  # noqa: F401, I001
        import sentence_transformers  # noqa: F401
        from transformers.utils import logging as transformers_logging
    except ImportError as error:
        package = error.name or "sentence-transformers"
        raise MissingExtraError("models", purpose=purpose, package=package) from error

    own = logging.getLogger("sentence_transformers")
    before = transformers_logging.get_verbosity(), own.level
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    own.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        transformers_logging.set_verbosity(before[0])
        own.setLevel(before[1])
