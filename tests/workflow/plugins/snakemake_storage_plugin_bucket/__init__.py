"""A storage as far from the jobs as a bucket: a folder that they reach through Snakemake only."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from snakemake_interface_storage_plugins.io import IOCacheStorageInterface, get_constant_prefix
from snakemake_interface_storage_plugins.storage_object import (
    StorageObjectGlob,
    StorageObjectRead,
    StorageObjectWrite,
)
from snakemake_interface_storage_plugins.storage_provider import (
    ExampleQuery,
    Operation,
    QueryType,
    StorageProviderBase,
    StorageQueryValidationResult,
)

SCHEME = "bucket://"


class StorageProvider(StorageProviderBase):
    """Objects are named ``bucket:///FOLDER/NAME``."""

    @classmethod
    def example_queries(cls) -> list[ExampleQuery]:
        return [ExampleQuery(f"{SCHEME}/folder/name", "an object", QueryType.ANY)]

    def rate_limiter_key(self, query: str, operation: Operation) -> Any:
        return None

    def default_max_requests_per_second(self) -> float:
        return 0

    def use_rate_limiter(self) -> bool:
        return False

    @classmethod
    def is_valid_query(cls, query: str) -> StorageQueryValidationResult:
        return StorageQueryValidationResult(query, query.startswith(SCHEME), "no bucket")


class StorageObject(StorageObjectRead, StorageObjectWrite, StorageObjectGlob):
    """A file or a folder."""

    @property
    def place(self) -> Path:
        return Path(self.query.removeprefix(SCHEME))

    def local_suffix(self) -> str:
        return self.query.removeprefix(f"{SCHEME}/")

    async def inventory(self, cache: IOCacheStorageInterface) -> None:
        """Know nothing beforehand."""

    def get_inventory_parent(self) -> str | None:
        return None

    def cleanup(self) -> None:
        """Leave nothing behind."""

    def exists(self) -> bool:
        return self.place.exists()

    def mtime(self) -> float:
        return self.place.stat().st_mtime

    def size(self) -> int:
        return self.place.stat().st_size if self.place.is_file() else 0

    def retrieve_object(self) -> None:
        _copy(self.place, self.local_path())

    def store_object(self) -> None:
        if self.exists():
            self.remove()
        _copy(self.local_path(), self.place)

    def remove(self) -> None:
        if self.place.is_dir():
            shutil.rmtree(self.place)
        else:
            self.place.unlink()

    def list_candidate_matches(self) -> Iterable[str]:
        prefix = Path(get_constant_prefix(self.query).removeprefix(SCHEME))
        return (f"{SCHEME}{path}" for path in prefix.rglob("*"))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)
