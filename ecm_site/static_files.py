"""Static files with their content's hash in the name, also inside the ``import`` lines of script modules."""

from collections.abc import Iterator
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]

UNUSED = ("django_htmx/ext/",)
"""Extras of a library that no page loads. They import files that the library itself does not ship."""


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Pages load script modules by hashed name; without this, what those import would be looked up by its plain name."""

    support_js_module_import_aggregation = True

    def post_process(self, paths: dict[str, Any], *args: Any, **kwargs: Any) -> Iterator[Any]:
        used = {name: path for name, path in paths.items() if not name.startswith(UNUSED)}
        yield from super().post_process(used, *args, **kwargs)
