"""Reading the options of a processor, in the order and the words of ConfigurationUtils.

Each read takes the option away; what is left at the end is what the processor does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, unsupported
from clipline.emulator.ingest.document import IngestDocument, java
from clipline.emulator.ingest.mustache import check_template
from clipline.emulator.painless.failures import JavaError
from clipline.emulator.painless.statics import whole
from clipline.emulator.painless.values import no_number
from clipline.emulator.painless.values import text as java_text

if TYPE_CHECKING:
    from clipline.emulator.node import Node

MEDIA_TYPES = ("application/json", "text/plain", "application/x-www-form-urlencoded")


Nested = Callable[[str, Any], Callable[[IngestDocument], None]]
"""Compiles a processor inside the options of another one."""


class Options:
    """The options of one processor; an option that is null counts as absent."""

    def __init__(
        self, node: Node, kind: str | None, tag: str | None, values: dict[str, Any], nested: Nested | None = None
    ) -> None:
        self.node = node
        self.kind = kind
        self.tag = tag
        self.values = values
        self.nested = nested

    def wrong(self, name: str | None, reason: str) -> ApiError:
        """400 ``parse_exception`` that names processor, tag and option."""
        meta = {"processor_type": self.kind, "processor_tag": self.tag, "property_name": name}
        text = f"[{name}] {reason}" if name else reason
        return ApiError(
            400, "parse_exception", text, meta={key: value for key, value in meta.items() if value is not None}
        )

    def optional(self, name: str) -> Any:
        """Whatever stands there."""
        return self.values.pop(name, None)

    def anything(self, name: str) -> Any:
        """Whatever stands there; it must be there."""
        value = self.values.pop(name, None)
        if value is None:
            raise self.wrong(name, "required property is missing")
        return value

    def _of(self, name: str, kind: type, words: str, default: Any) -> Any:
        value = self.values.pop(name, None)
        if value is None:
            if default is ...:
                raise self.wrong(name, "required property is missing")
            return default
        if not isinstance(value, kind):
            raise self.wrong(name, f"property isn't {words}, but of type [{java(value)}]")
        return value

    def string(self, name: str, default: Any = ...) -> Any:
        """A text; without ``default`` it must be there."""
        return self._of(name, str, "a string", default)

    def template(self, name: str, default: Any = ...) -> Any:
        """A text with references to fields."""
        value = self.string(name, default)
        check_template(value)
        return value

    def boolean(self, name: str, default: bool = False) -> bool:
        """A boolean."""
        return bool(self._of(name, bool, "a boolean", default))

    def items(self, name: str, default: Any = ...) -> Any:
        """A list."""
        return self._of(name, list, "a list", default)

    def mapping(self, name: str, default: Any = ...) -> Any:
        """A map."""
        return self._of(name, dict, "a map", default)

    def integer(self, name: str) -> int | None:
        """A whole number, which may be written as a text."""
        value = self.values.pop(name, None)
        if value is None:
            return None
        try:
            if not isinstance(value, str | int):
                raise no_number(java_text(value))
            return whole(java_text(value), "int")
        except JavaError as error:
            raise self.wrong(name, f"property cannot be converted to an int [{value}]") from error

    def media_type(self) -> str:
        """How what references bring in is escaped."""
        value: str = self.string("media_type", MEDIA_TYPES[0])
        if value not in MEDIA_TYPES:
            raise self.wrong("media_type", f"property does not contain a supported media type [{value}]")
        return value

    def refuse(self, *names: str) -> None:
        """501 for options that Elasticsearch has and the emulator has not."""
        for name in names:
            if self.values.get(name) is not None:
                raise unsupported(f"the option [{name}] of the ingest processor [{self.kind}]")

    def finish(self) -> None:
        """Refuse what nothing has read, null or not.

        Raises:
            ApiError: 400.
        """
        if self.values:
            raise self.wrong(
                None,
                f"processor [{self.kind}] doesn't support one or more provided configuration parameters "
                f"[{', '.join(self.values)}]",
            )
