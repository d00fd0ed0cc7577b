"""One emulated node: its identity and the rooms that hold state.

Rooms reach each other only through these attributes, and only by the methods named here:

- ``licence``: what may be used (``clipline.emulator.licence.require(node, "ml")``)
- ``settings``: the cluster's (``settings.flag("action.destructive_requires_name")``)
- ``indices``: templates, indices, aliases, documents (``clipline.emulator.indices.Indices``)
- ``pipelines``: ingest pipelines; ``pipelines.run(name, document)`` (``clipline.emulator.ingest.Pipelines``)
- ``points``: the points in time of searches
- ``ml_tier``: whether there is an ML node, and whether another may come
- ``models``: trained models and deployments; ``models.infer(...)`` (``clipline.emulator.ml.Models``)
"""

from __future__ import annotations

import uuid
from pathlib import Path

from clipline.emulator.cluster_settings import ClusterSettings
from clipline.emulator.database import Database
from clipline.emulator.identity import Identity, Version
from clipline.emulator.indices import Indices
from clipline.emulator.ingest import Pipelines
from clipline.emulator.licence import Licence
from clipline.emulator.ml import Models
from clipline.emulator.ml.tier import Tier
from clipline.emulator.node_description import IP
from clipline.emulator.search.pit import Points
from clipline.emulator.security.room import Security


class DowngradeError(Exception):
    """The data folder belongs to a newer version; the message is Elasticsearch's (NodeMetadata)."""

    def __init__(self, before: Version, now: Version) -> None:
        super().__init__(f"cannot downgrade a node from version [{before}] to version [{now}]")
        self.before = before


class Node:
    """The emulated single-node cluster over one data folder."""

    def __init__(self, data: Path, identity: Identity | None = None) -> None:
        """Open the folder, or make it.

        Raises:
            DowngradeError: a newer version has written to it.
        """
        data.mkdir(parents=True, exist_ok=True)
        self.data = data
        self.address = f"{IP}:9200"
        """Where requests are accepted; the process says which port it was given."""
        self.identity = identity or Identity()
        self.database = Database(data / "emulator.sqlite")
        self.database.create("CREATE TABLE IF NOT EXISTS identity (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
        self._check_version()
        self.cluster_uuid = self._identity("cluster_uuid", uuid.uuid4().hex[:22])
        self.node_id = self._identity("node_id", uuid.uuid4().hex[:22])
        self.licence = Licence(self)
        self.settings = ClusterSettings(self)
        self.security = Security(self, data)
        self.ml_tier = Tier(self)
        self.models = Models(self)
        self.pipelines = Pipelines(self)
        self.indices = Indices(self)
        self.points = Points()

    @property
    def version(self) -> Version:
        """The announced version; compares with a tuple."""
        return self.identity.version

    def _identity(self, name: str, value: str) -> str:
        self.database.execute("INSERT OR IGNORE INTO identity VALUES (?, ?)", (name, value))
        row = self.database.row("SELECT value FROM identity WHERE name = ?", (name,))
        assert row is not None  # inserted by the line before
        return str(row[0])

    def _check_version(self) -> None:
        """An older folder is this version's from now on, and there is no way back."""
        before = Version.parse(self._identity("version", str(self.version)))
        if before > self.version:
            self.database.close()
            raise DowngradeError(before, self.version)
        self.database.execute("UPDATE identity SET value = ? WHERE name = 'version'", (str(self.version),))

    def close(self) -> None:
        """End the native processes and close the database."""
        self.ml_tier.close()
        self.models.close()
        self.database.close()
