"""What an index may be called, and the error for a name that nothing has."""

from __future__ import annotations

from clipline.emulator.errors import ApiError

_FORBIDDEN = ' "*\\<|,>/?'


def index_not_found(name: str, more: str = "") -> ApiError:
    """404 for a name that is neither index nor alias; ``more`` is what there is to say besides."""
    meta = {"resource.type": "index_or_alias", "resource.id": name, "index_uuid": "_na_", "index": name}
    return ApiError(404, "index_not_found_exception", f"no such index [{name}]{more}", meta=meta)


def index_exists(name: str, uuid: str) -> ApiError:
    """400 for the name of another index."""
    meta = {"index_uuid": uuid, "index": name}
    return ApiError(400, "resource_already_exists_exception", f"index [{name}/{uuid}] already exists", meta=meta)


def invalid_name(name: str, wrong: str) -> ApiError:
    """400 for a name that no index can have."""
    meta = {"index_uuid": "_na_", "index": name}
    return ApiError(400, "invalid_index_name_exception", f"Invalid index name [{name}], {wrong}", meta=meta)


def wrong_name(name: str, *, lowercase: bool = True) -> str | None:
    """What is wrong with the name of an index or an alias, the first of it that Elasticsearch finds."""
    if not name:
        return "must not be empty"
    if any(character in _FORBIDDEN for character in name):
        return "must not contain the following characters [' ','\"','*',',','/','<','>','?','\\','|']"
    if "#" in name or ":" in name:
        return f"must not contain '{'#' if '#' in name else ':'}'"
    if name[0] in "_-+":
        return "must not start with '_', '-', or '+'"
    if (length := len(name.encode(errors="surrogatepass"))) > 255:
        return f"index name is too long, ({length} > 255)"
    if name in (".", ".."):
        return "must not be '.' or '..'"
    if lowercase and name != name.lower():
        return "must be lowercase"
    return None


def index_closed(name: str, uuid: str) -> ApiError:
    """400 for what a closed index does not do."""
    return ApiError(400, "index_closed_exception", "closed", meta={"index_uuid": uuid, "index": name})
