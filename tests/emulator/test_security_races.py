"""Changes of one user, role or key at the same time: what was acknowledged last is not undone by who read before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest

from clipline.emulator.database import Database
from clipline.emulator.http.wire import Call
from clipline.emulator.security import api_keys, api_users
from clipline.emulator.security.authenticate import Authenticator
from clipline.emulator.security.key_request import new_key
from clipline.emulator.security.store import SecurityStore
from clipline.emulator.security.subject import Subject, User

KIM = User(name="kim", roles=("left",))


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Any]:
    """As much of a node as these handlers ask for, and kim, who makes the requests."""
    database = Database(tmp_path / "emulator.sqlite")
    store = SecurityStore(database, tmp_path)
    store.put_user(KIM, "kim-password")
    subject = Subject(user=KIM, limits=(store.named(("superuser",)),))
    yield SimpleNamespace(security=SimpleNamespace(store=store, subject=subject, authenticator=Authenticator(store)))
    database.close()


def asked(path: str, raw: bytes = b"", **args: str) -> Call:
    return Call(method="PUT", path=path, args=args, params={}, raw=raw)


def beside(node: Any, read: str, slow: Callable[[], object], quick: Callable[[], object]) -> None:
    """Begin ``quick`` when ``slow`` has read by the method ``read`` of the store and has not written yet."""
    store, method, has_read = node.security.store, getattr(node.security.store, read), Event()

    def lingering(*arguments: Any) -> Any:
        found = method(*arguments)
        if not has_read.is_set():
            has_read.set()
            time.sleep(0.1)
        return found

    setattr(store, read, lingering)
    first, second = Thread(target=slow), Thread(target=quick)
    first.start()
    assert has_read.wait(5)
    second.start()
    first.join()
    second.join()
    setattr(store, read, method)


def test_an_invalidated_key_stays_so(node: Any) -> None:
    key_id = new_key(node.security.store, node.security.subject, {"name": "k"})["id"]
    body = b'{"ids": ["%s"]}' % key_id.encode()
    beside(
        node,
        "api_key",
        lambda: api_keys.update_key(node, asked("/", b'{"metadata": {"a": 1}}', id=key_id)),
        lambda: api_keys.invalidate_keys(node, asked("/", body)),
    )
    assert node.security.store.api_key(key_id)["invalidated"] is True


def test_a_key_that_is_changed_is_invalidated_as_it_is_then(node: Any) -> None:
    key_id = new_key(node.security.store, node.security.subject, {"name": "k"})["id"]
    body = b'{"ids": ["%s"]}' % key_id.encode()

    def update() -> None:
        with pytest.raises(Exception, match="cannot update invalidated"):
            api_keys.update_key(node, asked("/", b'{"metadata": {"a": 1}}', id=key_id))

    beside(node, "api_keys", lambda: api_keys.invalidate_keys(node, asked("/", body)), update)
    assert node.security.store.api_key(key_id)["invalidated"] is True


@pytest.mark.parametrize(
    "change",
    [
        lambda node: api_users.enable_user(node, asked("/_security/user/ann/_disable", username="ann")),
        lambda node: api_users.change_password(node, asked("/", b'{"password": "a-new-one"}', username="ann")),
    ],
)
def test_a_deleted_user_and_taken_roles_do_not_come_back(node: Any, change: Callable[[Any], object]) -> None:
    store = node.security.store
    store.put_user(User(name="ann", roles=("left",)), "ann-password")
    call = asked("/", b'{"roles": ["right"]}', username="ann")
    beside(node, "user", lambda: change(node), lambda: api_users.put_user(node, call))
    assert store.user("ann").roles == ("right",)
    beside(node, "user", lambda: change(node), lambda: api_users.delete_user(node, asked("/", username="ann")))
    assert store.user("ann") is None
