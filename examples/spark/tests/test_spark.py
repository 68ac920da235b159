"""The notebook is run from its first cell to its last on Spark with two executors, while somebody signs in as it asks."""

import os
import sys
from pathlib import Path

import httpx
import nbformat
import pytest

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE.parent / "notebook"))

from person import Person  # noqa: E402

TOKEN_LIFE_S = 8


@pytest.fixture
def playground():
    address = os.environ.get("PLAYGROUND")
    if not address:
        pytest.exit("There are no stand-ins: start the tests by the command in README.md.", 2)
    with httpx.Client(base_url=address) as control:
        control.post("/logins/clear").raise_for_status()
        control.post("/lifetime", json={"seconds": TOKEN_LIFE_S}).raise_for_status()
        yield control


def test_a_person_signs_in_once_and_reads_again_when_the_token_has_ended(playground, monkeypatch, tmp_path):
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("PYTHONPATH", str(HERE.parent.parent / "python"))
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("SPARK_MASTER", "local-cluster[2,1,1024]")
    monkeypatch.setenv("PAUSE", str(TOKEN_LIFE_S + 1))
    notebook = nbformat.read(HERE / "spark.ipynb", as_version=4)
    ada = playground.get("/").json()["user"]
    person = Person(notebook, ada, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}})
    person.execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    [(asked_in, *_)] = person.asked
    assert notebook.cells[asked_in] is cells[1]
    frame, chart, again = cells[-3:]
    assert "10000" in frame.outputs[-1].data["text/plain"]
    assert any("image/png" in output.get("data", {}) for output in chart.outputs)
    assert again.outputs[-1].data["text/plain"] == "100000"
    accepted = [login["outcome"].get("accepted") for login in playground.get("/logins").json()]
    # One for the schema, two for the plans, and one for each of the tasks, twice.
    assert len(accepted) >= 10 and set(accepted) == {"ada@contoso.com"}


def test_the_repository_has_the_notebook_without_output():
    notebook = nbformat.read(HERE / "spark.ipynb", as_version=4)
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in notebook.cells)
