"""Whether server and client are versions that work here, and with each other.

A client of a newer major asks for answers in a form that an older server does not know, and is refused (400,
``media_type_header_exception``); a server answers clients of the major before its own (``compatible-with``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from provisioning.doctor.facts import Facts
from provisioning.doctor.finding import Finding, Level
from provisioning.doctor.needs import Needs
from provisioning.observed import OLDEST, SERVERLESS

_CHECK = "version"
_NEWEST_MAJOR = 9


def judge(facts: Facts, needs: Needs) -> Iterator[Finding]:
    """The server's version, then the majors of both."""
    client = int(facts.client_version.split(".")[0])
    info = facts.get("info")
    if info is None:
        yield from _refused(facts, client)
        return
    if info["version"].get("build_flavor") == SERVERLESS:
        yield Finding(
            check=_CHECK,
            level=Level.BLOCKS,
            subject="cluster",
            what="this is Elasticsearch Serverless",
            cause="it lacks APIs and settings that clipline uses (nodes, licence, replicas), and its version says nothing",
            next_step="use a hosted or self-managed deployment",
        )
        return
    text = str(info["version"]["number"])
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", text)
    version = (int(found[1]), int(found[2]), int(found[3])) if found else (0, 0, 0)
    if version < OLDEST:
        yield Finding(
            check=_CHECK,
            level=Level.BLOCKS,
            subject="cluster",
            what=f"the server is Elasticsearch {text}",
            cause=f"clipline works with {'.'.join(map(str, OLDEST))} and newer: older servers lack parameters that it sets",
            next_step="upgrade the cluster",
        )
    elif client < version[0] - 1 or version[0] > _NEWEST_MAJOR:
        yield Finding(
            check=_CHECK,
            level=Level.WARNING,
            subject="cluster",
            what=f"the server is Elasticsearch {text}, the client {facts.client_version}",
            cause="this pair of versions was never tried",
            next_step=f"pip install 'elasticsearch>={version[0]},<{version[0] + 1}', or a newer clipline",
        )
    elif client < version[0]:
        yield Finding(
            check=_CHECK,
            level=Level.NOTE,
            subject="cluster",
            what=f"the server is Elasticsearch {text}, the client {facts.client_version}",
            cause="the server answers a client of the major before its own in that one's form",
            next_step=f"nothing has to be done; pip install 'elasticsearch>={version[0]},<{version[0] + 1}' brings its own",
        )
    else:
        yield Finding(
            check=_CHECK,
            level=Level.OK,
            subject="cluster",
            what=f"the server is Elasticsearch {text}, the client {facts.client_version}",
        )


def _refused(facts: Facts, client: int) -> Iterator[Finding]:
    answer = facts.answers.get("info")
    if answer is None or answer.status not in (400, 406):
        return
    yield Finding(
        check=_CHECK,
        level=Level.BLOCKS,
        subject="cluster",
        what=f"the server refuses the installed client, {facts.client_version}: {answer.reason}",
        cause="it is of an older major version than the client and does not know the client's media type",
        next_step=f"pip install 'elasticsearch<{client}' in an environment without clipline[models]",
    )
