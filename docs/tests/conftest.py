"""Stand-ins for Entra and SQL Server, and a new machine for each test."""

import machine as machines
import pytest


@pytest.fixture(scope="session")
def standins(tmp_path_factory):
    with machines.start_standins(tmp_path_factory.mktemp("standins")) as process:
        yield machines.described(process)
        process.stdin.close()


@pytest.fixture
def machine(tmp_path, standins):
    return machines.Machine(tmp_path, standins)
