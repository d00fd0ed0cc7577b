"""The query ``fuzzy``, and full text with ``fuzziness`` on fields that are not analysed.

Source: ``StringFieldType.fuzzyQuery``, ``TopTermsBlendedFreqScoringRewrite``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clipline.emulator.search import text
from clipline.emulator.search.columns import postings
from clipline.emulator.search.context import Context, Result
from clipline.emulator.search.fuzzy import Fuzziness
from clipline.emulator.search.similarity import similarity_of
from clipline.emulator.search.terms import java_text, normal, searchable, statistics


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """Terms that are spelled nearly like a value, which is not analysed."""

    field: str
    value: Any
    fuzziness: Fuzziness
    boost: float = 1.0

    def run(self, context: Context) -> Result:
        """Match one shard."""
        definition = searchable(context, self.field)
        if definition is None:
            return context.none()
        return nearly(context, self.field, java_text(self.value), self.fuzziness, self.boost)


def nearly(context: Context, name: str, value: str, fuzziness: Fuzziness, boost: float) -> Result:
    """The documents with a term nearly like a value.

    Raises:
        ShardError: the field holds no texts, or is a key of a flattened field.
    """
    definition = context.definition(name) or {}
    kind = definition["type"]
    if name not in context.types and context.flattened_root(name):
        raise context.refusal(
            "[fuzzy] queries are not currently supported on keyed [flattened] fields.",
            cause="unsupported_operation_exception",
        )
    if kind == "text":
        choice = fuzziness.expanded(value, text.terms(context, name).postings)
        return text.score_choices(context, name, [choice], least=1, boost=boost)
    if kind not in ("keyword", "flattened"):
        raise context.refusal(
            f"Can only use fuzzy queries on keyword and text fields - not on [{name}] which is of type [{kind}]"
        )
    held = postings(context, name)
    found = [(held[term], factor) for term, factor in fuzziness.expanded(normal(definition, value), held)]
    holding = max((len(places) for places, _ in found), default=0)
    result, similarity, counted = context.none(), similarity_of(context, name), statistics(context, name)
    for places, factor in found:
        score = text.score_value(places, counted, similarity, boost=boost * factor, holding=holding)
        part = context.at(places, score)
        result = Result(result.hits | part.hits, result.scores + part.scores)
    return result
