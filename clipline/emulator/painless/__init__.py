"""The part of Painless that is emulated: one grammar, one tree, two ways to run it.

1. ``parse.parse``: text → tree (``nodes``). The grammar is that of the whole language, so that what does not parse is a
   real compile error (400) and what parses but is not emulated can be named (501). It may not run anything.
2. ``compile.compile_script``: tree → a function of ``ctx`` and ``params``, for conditions and scripts of ingest pipelines.
3. ``clipline.emulator.search.script_score``: tree → one numpy evaluation over all matching documents.
"""

from clipline.emulator.painless.compile import Script, compile_script
from clipline.emulator.painless.parse import parse

__all__ = ["Script", "compile_script", "parse"]
