"""The tool in the wheel, as the script `entra-odbc` and as `python -m entra_odbc`: in all it is the program itself."""

import os
import pty
import signal
import subprocess
import sys

import pytest
from conftest import BARE, PYTHON, run


@pytest.fixture(params=["script", "module"])
def tool(request, installed):
    """The command that starts the tool."""
    return [installed / "entra-odbc"] if request.param == "script" else [installed / "python", "-m", "entra_odbc"]


@pytest.fixture
def program(installed):
    """The program that the command becomes."""
    return next(installed.parent.glob("lib/python3*/site-packages/entra_odbc/entra-odbc"))


def test_it_connects_without_unixodbc_and_with_nothing_registered(fresh, tool):
    server = f"SERVER={fresh.standins.description['server']}"
    assert "Connected" in run(fresh, [*BARE, *tool, "connect", server, "Authentication=ActiveDirectoryMsi"])
    assert run(fresh, [*tool, "token", "Authentication=ActiveDirectoryMsi"]).count(".") == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        [],
        ["help", "connect"],
        ["token", "a b;c"],
        ["token", "Authentication=ActiveDirectoryServicePrincipal"],
        ["sid", "619a4449-b4aa-4383-a2a9-7c365106c5e7"],
        ["sid", "", "--", "-m"],
        [b"\xff\xfe", "\n"],
    ],
    ids=repr,
)
def test_arguments_output_and_exit_status_are_the_programs_own(fresh, tool, program, arguments):
    def answer(command):
        ended = subprocess.run([*command, *arguments], env=fresh.variables, cwd=fresh.directory, capture_output=True)
        return ended.returncode, ended.stdout, ended.stderr

    assert answer(tool) == answer([program])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_is_one_process_and_gets_its_signals(fresh, tool, program, number):
    fresh.standins.control("/fault", service="entra", path="/token", times=1, fault="hang_before")
    app, tenant = fresh.standins.description["app"], fresh.standins.description["tenant_id"]
    who = [f"UID={app['client_id']}", f"PWD={app['secret']}", f"TenantId={tenant}"]
    command = [*tool, "token", "Authentication=ActiveDirectoryServicePrincipal", *who]
    # Whoever runs the tests in the background of a shell bequeaths them these two, ignored.
    as_in_foreground = lambda: [signal.signal(each, signal.SIG_DFL) for each in (signal.SIGINT, signal.SIGQUIT)]
    options = {"cwd": fresh.directory, "preexec_fn": as_in_foreground}
    with subprocess.Popen(command, env=fresh.variables, stderr=subprocess.PIPE, text=True, **options) as process:
        while not fresh.standins.requests():
            assert process.poll() is None, process.stderr.read()
        assert os.readlink(f"/proc/{process.pid}/exe") == str(program)
        assert ignored(process.pid) == {signal.SIGPIPE}
        process.send_signal(number)
        assert process.wait(timeout=60) in (-number, 130)
    fresh.standins.control("/release")


def ignored(process):
    """The signals that a process ignores."""
    with open(f"/proc/{process}/status") as file:
        (mask,) = (int(line.split()[1], 16) for line in file if line.startswith("SigIgn:"))
    return {signal.Signals(number) for number in range(1, 32) if mask & 1 << (number - 1)}


def test_the_terminal_is_its_own(fresh, tool):
    ours, its = pty.openpty()
    command = [*tool, "token", "Authentication=ActiveDirectoryDeviceCode"]
    options = {"cwd": fresh.directory, "stdin": its, "stdout": its, "stderr": its}
    with subprocess.Popen(command, env=fresh.variables, **options) as process:
        os.close(its)
        shown = b""
        while b"enter the code" not in shown:
            shown += os.read(ours, 4096)
        process.send_signal(signal.SIGTERM)
    os.close(ours)


def test_without_the_program_it_says_what_to_do(machine):
    # In the sources there is none.
    variables = machine.variables | {"PYTHONPATH": str(PYTHON)}
    command = [sys.executable, "-m", "entra_odbc", "status"]
    process = subprocess.run(command, env=variables, cwd=machine.directory, capture_output=True, text=True)
    assert process.returncode == 1
    assert process.stderr.endswith("does not exist. Install entra-odbc from a wheel for this platform.\n")
