"""All indices of a node, kept in SQLite, with the locks that writes need."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import orjson

from clipline.emulator.errors import ApiError, illegal_argument
from clipline.emulator.indices import mapping as mappings_of
from clipline.emulator.indices import settings as settings_of
from clipline.emulator.indices.alias_rules import agreed_routing
from clipline.emulator.indices.creation import new_index
from clipline.emulator.indices.date_math import resolve_name
from clipline.emulator.indices.index import Index
from clipline.emulator.indices.index_names import index_closed, index_not_found
from clipline.emulator.indices.mappings.traits import traits_of
from clipline.emulator.indices.metadata import Metadata
from clipline.emulator.indices.resolution import Names, Options, resolve
from clipline.emulator.indices.shard import Shard
from clipline.emulator.indices.stored import begin, forget

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_TABLES = (
    "CREATE TABLE IF NOT EXISTS indices (name TEXT PRIMARY KEY, uuid TEXT, created INTEGER, settings BLOB, mappings BLOB)",
)


class Indices(Metadata):
    """The indices of a node."""

    def __init__(self, node: Node) -> None:
        super().__init__(node.database)
        self.node = node
        self._database.create(*_TABLES)
        begin(self._database)
        self.lock = threading.RLock()
        """Guards which indices there are; taken before the database's own lock, never while holding it."""
        self._indices = {
            row[0]: self._index(row[0], row[1], row[2], orjson.loads(row[3]), orjson.loads(row[4]))
            for row in self._database.rows("SELECT name, uuid, created, settings, mappings FROM indices")
        }

    # -- names ---------------------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """Every index, by name."""
        return sorted(self._indices)

    def get(self, name: str) -> Index:
        """One concrete index.

        Raises:
            ApiError: 404.
        """
        index = self._indices.get(name)
        if index is None:
            raise index_not_found(name)
        return index

    def present(self, names: Iterable[str]) -> list[Index]:
        """The indices of these names that are there; one that was deleted since it was named is passed over."""
        return [index for name in names if (index := self._indices.get(name)) is not None]

    def exists(self, name: str) -> bool:
        """Whether a concrete index has this name."""
        return name in self._indices

    def resolve(self, expression: str, options: Options | None = None) -> list[str]:
        """The concrete indices that an expression names.

        Raises:
            ApiError: 404 for a name without wildcard that is missing.
        """
        return resolve(expression, self.reachable(), options or Options())

    def reachable(self) -> Names:
        """The names that the present request may know of: all, unless security says otherwise."""
        known, visible = self.known(), self.node.security.visible
        return known.only(visible) if visible else known

    def known(self) -> Names:
        """All names that expressions are resolved against."""
        aliases = self.aliases()
        hidden = {name for name, index in list(self._indices.items()) if index.settings.get("hidden") == "true"}
        hidden |= {alias for alias, bodies in aliases.items() if any(body.get("is_hidden") for body in bodies.values())}
        closed = {name: index.uuid for name, index in list(self._indices.items()) if index.closed}
        return Names(self.names(), aliases, hidden, closed)

    def write_index(self, name: str, *, require_alias: bool = False) -> Index | None:
        """The index that a write to a name goes to; ``None`` when there is nothing of that name.

        Raises:
            ApiError: an alias without write index, or ``require_alias`` and no alias.
        """
        bodies = self.indices_of(name)
        if not bodies:
            if require_alias:
                raise ApiError(
                    404,
                    "index_not_found_exception",
                    f"no such index [{name}] and [require_alias] request flag is [true] and [{name}] is not an alias",
                    meta={"index_uuid": "_na_", "index": name},
                )
            index = self._indices.get(name)
            return None if index is None else _open(index)
        writable = [index for index, body in bodies.items() if body.get("is_write_index")]
        if not writable and len(bodies) == 1:
            writable = [index for index, body in bodies.items() if body.get("is_write_index") is not False]
        if len(writable) != 1:
            raise illegal_argument(
                f"no write index is defined for alias [{name}]. The write index may be explicitly disabled using "
                "is_write_index=false or the alias points to multiple indices without one being designated as a write "
                "index"
            )
        return _open(self.get(writable[0]))

    def single(self, name: str) -> Index:
        """The index that a read of one document goes to.

        Raises:
            ApiError: 404, or 400 for an alias of several indices.
        """
        name = resolve_name(name)
        bodies = self.indices_of(name)
        if not bodies:
            return _open(self.get(name))
        if len(bodies) > 1:
            raise illegal_argument(
                f"alias [{name}] has more than one index associated with it [{', '.join(sorted(bodies))}], can't "
                "execute a single index op"
            )
        return _open(self.get(next(iter(bodies))))

    def alias_routing(self, name: str, *, write: bool = False) -> str | None:
        """The routing that an alias brings for single documents."""
        bodies = self.indices_of(resolve_name(name))
        if len(bodies) > 1:
            bodies = {key: body for key, body in bodies.items() if write and body.get("is_write_index")}
        return next((body.get("index_routing") for body in bodies.values()), None)

    def index_routing(self, name: str, given: str | None) -> str | None:
        """The routing of a document to be read, by the name that was asked for.

        Raises:
            ApiError: 400 where the request brings another than the alias.
        """
        return agreed_routing(name, self.alias_routing(name), given)

    def shards(self, name: str) -> int:
        """How many primary shards an index is said to have; 0 for one that is gone."""
        return sum(index.shards for index in self.present([name]))

    def replicas(self, name: str) -> int:
        """How many replicas an index asks for, of which one node never has any; 0 for one that is gone."""
        return sum(index.copies - 1 for index in self.present([name]))

    # -- changes -------------------------------------------------------------------------------------------------

    def create(
        self,
        name: str,
        *,
        settings: Mapping[str, Any] | None = None,
        mappings: Mapping[str, Any] | None = None,
        aliases: Mapping[str, Any] | None = None,
        least_copies: int = 0,
        provided_name: str | None = None,
    ) -> Index:
        """Make an index from the request and the template that matches its name; somebody waits for so many copies.

        ``provided_name`` is the date math that the name came of.

        Raises:
            ApiError: 400 for a name, setting or mapping that is refused, or one that exists.
        """
        with self.lock:
            new = new_index(self, name, settings=settings, mappings=mappings, aliases=aliases)
            new.check_copies(least_copies)
            if provided_name not in (None, name):
                new.settings["provided_name"] = provided_name
            index_uuid = uuid.uuid4().hex[:22]
            created = int(time.time() * 1000)
            with self._database.transaction():
                self._database.execute(
                    "INSERT INTO indices VALUES (?, ?, ?, ?, ?)",
                    (name, index_uuid, created, orjson.dumps(new.settings), orjson.dumps(new.mappings)),
                )
                for alias, body in new.aliases.items():
                    self.put_alias(alias, name, body)
                index = self._index(name, index_uuid, created, new.settings, new.mappings)
            self._indices[name] = index
            return index

    def delete(self, names: list[str]) -> None:
        """Delete indices with their documents and aliases, all or none; who waits for one finds it deleted."""
        with self.lock, ExitStack() as stack:
            indices = [self.get(name) for name in sorted(names)]
            for index in indices:
                stack.enter_context(index.lock)
            with self._database.transaction():
                for index in indices:
                    forget(self._database, index.uuid)
                    self._database.execute("DELETE FROM aliases WHERE name = ?", (index.name,))
                    self._database.execute("DELETE FROM indices WHERE name = ?", (index.name,))
            for index in indices:
                index.deleted = True
                del self._indices[index.name]

    @contextmanager
    def changing(self) -> Iterator[None]:
        """For a change of several indices or none: nobody writes to an index, makes or deletes one meanwhile.

        Locks are taken in one order everywhere: this table's, those of indices by name, the database's. Who has one of
        them waits for none before it. If it fails, what is in memory is as before, too.
        """
        with self.lock, ExitStack() as stack:
            before = {name: self.get(name) for name in self.names()}
            for index in before.values():
                stack.enter_context(index.lock)
            said = [(index, index.settings, index.mappings) for index in before.values()]
            try:
                with self._database.transaction():
                    yield
            except BaseException:
                for index, settings, mappings in said:
                    index.settings, index.mappings, index.deleted = settings, mappings, False
                self._indices = before
                raise

    def update_mapping(self, index: Index, addition: Mapping[str, Any]) -> None:
        """Merge a normalised mapping into an index's.

        Raises:
            ApiError: 400 for what conflicts, or goes beyond a limit.
        """
        with index.lock:
            self.set_mapping(index, self.merged_mapping(index, addition))

    def merged_mapping(self, index: Index, addition: Mapping[str, Any]) -> dict[str, Any]:
        """What an index's mapping would be with another merged into it; nothing is changed.

        Raises:
            ApiError: 400 for what conflicts, or goes beyond a limit.
        """
        merged = mappings_of.merge(index.mappings, addition, traits_of(self.node, index))
        if merged != index.mappings:
            mappings_of.check_limits(merged, index.settings)
        return merged

    def set_mapping(self, index: Index, mapping: dict[str, Any]) -> None:
        """Give an index a mapping that was checked; its lock is held."""
        if mapping != index.mappings:
            self._database.execute(
                "UPDATE indices SET mappings = ? WHERE name = ?", (orjson.dumps(mapping), index.name)
            )
            index.mappings = mapping

    def update_settings(
        self, index: Index, change: Mapping[str, str | None], *, preserve_existing: bool = False
    ) -> None:
        """Change settings that may be changed; ``None`` takes one back to its default."""
        with index.lock:
            settings = settings_of.updated(index.settings, change, preserve_existing=preserve_existing)
            self._database.execute(
                "UPDATE indices SET settings = ? WHERE name = ?", (orjson.dumps(settings), index.name)
            )
            index.settings = settings

    def refresh(self, name: str) -> None:
        """Make what an index has acknowledged searchable."""
        self.get(name).refresh()

    def _index(
        self, name: str, uuid: str, created: int, settings: dict[str, str | None], mappings: dict[str, Any]
    ) -> Index:
        count = int(settings.get("number_of_shards") or 1)
        return Index(name, uuid, created, settings, mappings, Shard(self._database, uuid, count))


def _open(index: Index) -> Index:
    if index.closed:
        raise index_closed(index.name, index.uuid)
    return index
