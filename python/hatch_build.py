"""Puts what is not Python into the wheel: scripts/wheel.sh builds it before, and says where it is."""

from __future__ import annotations

import os
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class NativeParts(BuildHookInterface):
    """All files in the directory ENTRA_ODBC_NATIVE go into the package, for ENTRA_ODBC_PLATFORM."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        native = os.environ.get("ENTRA_ODBC_NATIVE")
        if native is None:
            if version == "editable":
                # ENTRA_ODBC_LIBRARY names the library at run time.
                return
            raise SystemExit("the wheel needs the library: build it by `make wheel`")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{os.environ['ENTRA_ODBC_PLATFORM']}"
        for directory, _, names in os.walk(native):
            for name in names:
                path = os.path.join(directory, name)
                build_data["force_include"][path] = f"entra_odbc/{os.path.relpath(path, native)}"
