"""What an index may be called, and the error for a name that nothing has."""

from __future__ import annotations

from clipline.emulator.errors import ApiError

_FORBIDDEN = ' "*\\<|,>/?'


def index_not_found(name: str) -> ApiError:
    """404 for a name that is neither index nor alias."""
    meta = {"resource.type": "index_or_alias", "resource.id": name, "index_uuid": "_na_", "index": name}
    return ApiError(404, "index_not_found_exception", f"no such index [{name}]", meta=meta)


def index_exists(name: str, uuid: str) -> ApiError:
    """400 for the name of another index."""
    meta = {"index_uuid": uuid, "index": name}
    return ApiError(400, "resource_already_exists_exception", f"index [{name}/{uuid}] already exists", meta=meta)


def invalid_name(name: str, wrong: str) -> ApiError:
    """400 for a name that no index can have."""
    meta = {"index_uuid": "_na_", "index": name}
    return ApiError(400, "invalid_index_name_exception", f"Invalid index name [{name}], {wrong}", meta=meta)


def wrong_name(name: str, *, lowercase: bool = True) -> str | None:
    """What is wrong with the name of an index or an alias."""
    if lowercase and name != name.lower():
        return "must be lowercase"
    if name[:1] in "_-+":
        return "must not start with '_', '-', or '+'"
    if any(character in _FORBIDDEN for character in name):
        return "must not contain the following characters [' ','\"','*',',','/','<','>','?','\\','|']"
    if "#" in name or ":" in name:
        return f"must not contain '{'#' if '#' in name else ':'}'"
    if name in (".", ".."):
        return "must not be '.' or '..'"
    if len(name.encode()) > 255:
        return "index name is too long, (> 255)"
    return None
