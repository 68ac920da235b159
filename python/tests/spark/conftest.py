"""A notebook with Spark on two executors, among the stand-ins: one for all tests, since Spark takes its time to start."""

import json
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

# What an executor and the notebook have in common.
KERNEL = Path(__file__).with_name("kernel.py")
TIMEOUT_S = 240

# It needs the network of machines.sh, which sets this.
collect_ignore = [] if "ENTRA_ODBC_TEST_STANDINS" in os.environ else ["test_machines.py"]


class CellError(Exception):
    """What a cell raised: its traceback."""


class Notebook:
    """A process that runs cells one after another, in one namespace, as a notebook's kernel does."""

    def __init__(self, machine, *arguments):
        self.machine = machine
        self.log = (machine.directory / "kernel.log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, str(KERNEL), *arguments],
            env=machine.variables | {"PYSPARK_PYTHON": sys.executable, "TMPDIR": str(machine.directory)},
            cwd=machine.directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )

    def run(self, code, **values):
        """What the cell leaves in `result`; CellError with what it raised."""
        self.process.stdin.write(json.dumps([textwrap.dedent(code), values]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"the kernel ended: {self.output()[-5000:]}"
        result, error = json.loads(answer)
        if error is not None:
            raise CellError(error)
        return result

    def fails(self, code, **values):
        """What the cell raises."""
        with pytest.raises(CellError) as raised:
            self.run(code, **values)
        return str(raised.value)

    def output(self):
        """What the notebook and Spark printed to standard error."""
        self.log.seek(0)
        return self.log.read()

    def close(self):
        """Ends it, as when its window is closed."""
        self.process.stdin.close()
        self.process.wait(TIMEOUT_S)
        self.log.close()


class Service:
    """A program of Spark's that serves until it is closed, and `ready`: the line in which it says that it does."""

    def __init__(self, command, machine, ready):
        self.log: list[str] = []
        self._process = subprocess.Popen(
            command,
            env=machine.variables | {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_DIRS": str(machine.directory)},
            cwd=machine.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        late = threading.Timer(TIMEOUT_S, self._process.kill)
        late.start()
        self.ready = ""
        for line in self._process.stderr:
            self.log.append(line)
            if ready in line:
                self.ready = line
                break
        late.cancel()
        self._reading = threading.Thread(target=self.log.extend, args=(self._process.stderr,))
        self._reading.start()
        if not self.ready:
            self.close()
            pytest.fail(f"{command} did not start: {''.join(self.log[-50:])}")

    def close(self):
        """Ends it."""
        self._process.terminate()
        self._process.wait(TIMEOUT_S)
        self._reading.join()
        self._process.stderr.close()


@pytest.fixture(scope="session")
def notebook(tmp_path_factory, new_machine):
    notebook = Notebook(new_machine(tmp_path_factory.mktemp("notebook")))
    try:
        yield notebook
    finally:
        notebook.close()


@pytest.fixture
def cells(notebook, standins):
    """The notebook, with nothing left of what tests asked of the stand-ins before."""
    standins.forget()
    return notebook
