"""One document read by one mapping: objects, arrays, leaf fields and their multi-fields.

Whoever goes one step down adds that step to a ``Refused`` that comes back up, so that nothing is paid for places while
documents are fine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clipline.emulator.indices.mappings import java
from clipline.emulator.indices.mappings.dense_vector import dense_vector
from clipline.emulator.indices.mappings.dynamic import guess, of_array, strict
from clipline.emulator.indices.mappings.flattened import read_flattened
from clipline.emulator.indices.mappings.merging import count, merge_field
from clipline.emulator.indices.mappings.refused import Cause, Refused, Unfit, failed
from clipline.emulator.indices.mappings.steps import Dotted, is_pair, items, note, split_name
from clipline.emulator.indices.mappings.traits import Traits
from clipline.emulator.indices.values import convert
from clipline.emulator.indices.vectors import Vector, dims_of, read_vector

Definition = Mapping[str, Any]

_METADATA = frozenset(
    {"_id", "_index", "_source", "_routing", "_field_names", "_ignored", "_seq_no", "_version", "_tier", "_nested_path"}
)
_INHERITED = ("dynamic",)


class Reader:
    """Reads one document; what it found is in ``values``, ``vectors``, ``added`` and ``ignored``.

    ``templates`` names, by their full names, the dynamic templates that new fields are to follow.
    """

    def __init__(
        self, mappings: Definition, doc_id: str, traits: Traits, templates: Mapping[str, str] | None = None
    ) -> None:
        self.values: dict[str, list[Any]] = {}
        self.vectors: dict[str, Vector] = {}
        self.added: dict[str, Any] = {}
        self.ignored: set[str] = set()
        self._mappings = mappings
        self._id = doc_id
        self._traits = traits
        self._templates = templates or {}
        self._new = 0
        self._free: int | None = None

    def document(self, source: Definition) -> None:
        """Read the whole document.

        Raises:
            Refused: a value is not taken.
            ApiError: 400 for fields that it would make.
        """
        if self._mappings.get("enabled", True):
            self._object(source, self._mappings, "", self.added)

    # -- objects -------------------------------------------------------------------------------------------------

    def _object(self, value: Definition, scope: Definition, prefix: str, added: dict[str, Any]) -> None:
        known = scope.get("properties", {})
        for key, child in value.items():
            try:
                if key in known and "type" in known[key]:
                    self._leaf(f"{prefix}{key}", known[key], child)
                else:
                    self._member(split_name(key), child, scope, prefix, added)
            except Refused as error:
                error.steps.append(key)
                raise

    def _member(self, parts: list[str], child: Any, scope: Definition, prefix: str, added: dict[str, Any]) -> None:
        head, *rest = parts
        name = f"{prefix}{head}"
        if not prefix and head in _METADATA:
            reason = (
                f"Field [{head}] is a metadata field and cannot be added inside a document. Use the index API request "
            )
            raise Refused(f"{reason}parameters.")
        definition = scope.get("properties", {}).get(head)
        if definition is None and head in added and "type" not in added[head]:
            definition = added[head]
        if rest:
            child = Dotted(rest, child)
        if definition is None:
            self._dynamic(name, child, scope, prefix, added)
        elif "type" in definition:
            self._leaf(name, definition, child.opened() if isinstance(child, Dotted) else child)
        else:
            self._objects(name, head, definition, child, scope, added)

    def _objects(
        self, name: str, head: str, definition: Definition, child: Any, scope: Definition, added: dict[str, Any]
    ) -> None:
        """One object, or an array of them."""
        if not definition.get("enabled", True):
            return
        inner: dict[str, Any] = {}
        below = {**{key: scope[key] for key in _INHERITED if key in scope}, **definition}
        if head in added:
            below = {**below, "properties": {**definition.get("properties", {})}}
            inner = added[head]["properties"]
        for item, steps in items(child):
            if item is None:
                continue
            if isinstance(item, Dotted):
                self._member(item.parts, item.value, below, f"{name}.", inner)
                continue
            try:
                if not isinstance(item, Mapping):
                    shown = "null" if steps else head
                    raise Refused(
                        f"object mapping for [{name}] tried to parse field [{shown}] as object, but found a concrete value"
                    )
                self._object(item, below, f"{name}.", inner)
            except Refused as error:
                error.steps += reversed(steps)
                raise
        if inner and head not in added:
            added[head] = {"properties": inner}

    def _dynamic(self, name: str, child: Any, scope: Definition, prefix: str, added: dict[str, Any]) -> None:
        """A field that the mapping does not have."""
        mode = scope.get("dynamic", "true")
        if mode == "strict":
            raise strict(name, prefix)
        if mode == "false":
            return
        head = name[len(prefix) :]
        whole = of_array(name, child, self._mappings, self._traits, self._templates.get(name))
        if whole is not None:
            self._check_new(name, whole)
            added[head] = whole
            self._leaf(name, whole, child)
            return
        for item, steps in items(child):
            if item is None or item == []:
                continue
            try:
                definition = self._guess(name, {} if isinstance(item, Dotted) else item)
                before = added.get(head)
                if before is None:
                    self._check_new(name, definition)
                added[head] = definition if before is None else merge_field(before, definition, name, self._traits)
                if "type" in definition:
                    self._leaf(name, definition, item.opened() if isinstance(item, Dotted) else item)
                else:
                    self._objects(name, head, added[head], item, scope, added)
            except Refused as error:
                error.steps += reversed(steps)
                raise

    def _guess(self, name: str, item: Any) -> dict[str, Any]:
        return guess(name, item, self._mappings, self._traits, self._templates.get(name))

    def _check_new(self, name: str, definition: Definition) -> None:
        """Refuse one more field where the mapping has its limit (DocumentParserContext.addDynamicMapper)."""
        reason = None
        if "type" not in definition and name.count(".") + 2 > self._traits.deepest:
            reason = f"Limit of mapping depth [{self._traits.deepest}] has been exceeded due to object field [{name}]"
        if self._free is None:
            self._free = self._traits.most_fields - count(self._mappings.get("properties", {}))
        self._new += count({name: definition})
        if self._new > self._free:
            most = self._traits.most_fields
            reason = f"Limit of total fields [{most}] has been exceeded while adding new fields [{self._new}]"
        if reason:
            raise failed(Cause("illegal_argument_exception", reason))

    # -- leaf fields ---------------------------------------------------------------------------------------------

    def _leaf(self, name: str, definition: Definition, value: Any) -> None:
        kind = definition["type"]
        if kind == "dense_vector":
            self._vector(name, dict(definition), value)
        elif kind == "flattened":
            self._flattened(name, definition, value)
        elif (kind == "geo_point" and is_pair(value)) or not isinstance(value, list):
            self._value(name, definition, value)
        else:
            for item, steps in items(value, pairs=kind == "geo_point"):
                try:
                    self._value(name, definition, item)
                except Refused as error:
                    error.steps += reversed(steps)
                    raise

    def _value(self, name: str, definition: Definition, item: Any) -> None:
        """One value in a field, its multi-fields, and the fields that it is copied to."""
        given = definition.get("null_value") if item is None else item
        if given is not None:
            self._index(name, definition, given)
        for inner, sub in definition.get("fields", {}).items():
            given = sub.get("null_value") if item is None else item
            if given is not None:
                self._index(f"{name}.{inner}", sub, given)
        if item is not None:
            for target in definition.get("copy_to", ()):
                self._copy(target.split("."), item)

    def _index(self, name: str, definition: Definition, item: Any) -> None:
        if not self._traits.coerce:
            definition = {"coerce": False, **definition}
        try:
            converted = convert(name, definition, item)
        except ValueError as error:
            if self._lenient(definition) and (definition["type"] == "geo_point" or not isinstance(item, dict)):
                self.ignored.add(name)
                return
            raise self._refused(name, definition["type"], item, Cause.of(error)) from error
        if converted is not None:
            self.values.setdefault(name, []).append(converted)
        elif "ignore_above" in definition:
            self.ignored.add(name)

    def _lenient(self, definition: Definition) -> bool:
        if definition["type"] in ("keyword", "text"):
            return False
        return bool(definition.get("ignore_malformed", self._traits.ignore_malformed))

    def _refused(self, name: str, kind: str, item: Any, cause: Cause) -> Refused:
        reason = (
            f"failed to parse field [{name}] of type [{kind}] in document with id '{self._id}'. "
            f"Preview of field's value: '{java.text(item)}'"
        )
        return Refused(reason, cause, at="end" if isinstance(item, Mapping) else "start")

    def _copy(self, target: list[str], item: Any) -> None:
        scope: Definition = self._mappings
        added: Definition = self.added
        for number, part in enumerate(target):
            name = ".".join(target[: number + 1])
            definition = scope.get("properties", {}).get(part) or added.get(part)
            if definition is None:
                mode = scope.get("dynamic", "true")
                if mode == "strict":
                    raise strict(name, name.rpartition(".")[0])
                if mode == "false":
                    return
                last = number == len(target) - 1
                definition = self._guess(name, item if last else {})
                self._check_new(name, definition)
                note(self.added, target[: number + 1], definition)
            if "type" in definition:
                self._value(name, {key: value for key, value in definition.items() if key != "copy_to"}, item)
                return
            added = added.get(part, {}).get("properties", {})
            scope = {**{key: scope[key] for key in _INHERITED if key in scope}, **definition}

    def _vector(self, name: str, definition: dict[str, Any], value: Any) -> None:
        if name in self.vectors:
            reason = (
                f"Field [{name}] of type [dense_vector] doesn't support indexing multiple values for the same field in "
            )
            raise failed(Cause("illegal_argument_exception", f"{reason}the same document"))
        if value is None:
            return
        if definition.get("dims") is None:
            dims = dims_of(definition, value, self._traits)
            try:
                definition = dense_vector(name.rpartition(".")[2], {**definition, "dims": dims}, self._traits)
            except Unfit as error:
                raise failed(Cause.of(error), at="end") from error
            note(self.added, name.split("."), definition)
        self.vectors[name] = read_vector(name, definition, value, self._id, self._traits)

    def _flattened(self, name: str, definition: Definition, value: Any) -> None:
        for item, steps in items(value):
            if item is None:
                continue
            try:
                cut = read_flattened(name, definition, item, self.values)
            except Unfit as error:
                cause = Cause(error.type, str(error), located=error.type == "parsing_exception")
                refused = self._refused(name, "flattened", item, cause)
                refused.steps += reversed(steps)
                raise refused from error
            if cut:
                self.ignored.add(name)
