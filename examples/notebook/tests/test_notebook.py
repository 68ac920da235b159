"""The notebook is run from its first cell to its last, while somebody types the code at the stand-in Entra."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import nbformat
import pytest

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE))

from person import Person  # noqa: E402


@pytest.fixture
def playground():
    address = os.environ.get("PLAYGROUND")
    if not address:
        pytest.exit("There are no stand-ins: start the tests by the command in README.md.", 2)
    with httpx.Client(base_url=address) as control:
        control.post("/logins/clear").raise_for_status()
        yield control


@pytest.fixture(autouse=True)
def directories(monkeypatch, tmp_path):
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.fixture
def run(playground, monkeypatch, tmp_path):
    """Runs a notebook as Ada; its cells of code, and the one in which she was asked to sign in."""

    def run(name):
        notebook = nbformat.read(HERE / name, as_version=4)
        resources = {"metadata": {"path": str(HERE)}}
        ada = playground.get("/").json()["user"]
        person = Person(notebook, ada, timeout=120, kernel_name="python3", resources=resources)
        person.execute()
        [(asked_in, page, code)] = person.asked
        nbformat.write(notebook, tmp_path / name)
        saved = (tmp_path / name).read_text(encoding="utf-8")
        assert code not in saved and page not in saved, "the code is in the notebook that is saved"
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        outputs = [output for cell in cells for output in cell.outputs]
        assert not any(output.output_type == "stream" and output.name == "stderr" for output in outputs)
        return cells, notebook.cells[asked_in]

    monkeypatch.setenv("PYTHONPATH", str(HERE.parent.parent / "python"))
    return run


def people(playground):
    logins = playground.get("/logins").json()
    return [login["claims"]["upn"] for login in logins if login.get("claims")]


def test_a_person_signs_in_by_a_code_once_and_gets_frames(playground, run):
    (_, connects, frame, again), asked = run("device_code.ipynb")
    assert asked is connects
    assert "Signed in." in str(connects.outputs)
    assert "signed in as ada@contoso.com" in str(connects.outputs)
    assert "ada@contoso.com" in frame.outputs[0].data["text/html"]
    assert "master" in again.outputs[0].data["text/html"]
    assert people(playground) == ["ada@contoso.com"] * 2


def test_the_package_shows_the_code_by_itself(playground, run):
    (_, frame, again), asked = run("with_the_package.ipynb")
    assert asked is frame
    assert frame.outputs[0].data["text/html"] == "<p>Signed in as ada@contoso.com.</p>"
    assert "ada@contoso.com" in frame.outputs[-1].data["text/html"]
    assert "master" in again.outputs[0].data["text/html"]
    assert people(playground) == ["ada@contoso.com"] * 2


@pytest.mark.parametrize("name", ["device_code.ipynb", "with_the_package.ipynb"])
@pytest.mark.parametrize(
    "command",
    [
        "-m nbconvert --to notebook --execute {notebook} --output-dir {directory} --output out",
        "-m papermill {notebook} {directory}/out.ipynb --cwd {cwd}",
        "-m jupyter execute {notebook} --output {directory}/out",
    ],
    ids=["nbconvert", "papermill", "jupyter execute"],
)
def test_where_nobody_is_there_the_cell_that_connects_fails_at_once(playground, monkeypatch, tmp_path, name, command):
    monkeypatch.setenv("PYTHONPATH", str(HERE.parent.parent / "python"))
    arguments = command.format(notebook=HERE / name, directory=tmp_path, cwd=HERE).split()
    # A prompt would be waited for for five minutes.
    ended = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=120, cwd=HERE)
    assert ended.returncode != 0
    assert "HYC00" in ended.stderr and "can show no prompt" in ended.stderr, ended.stderr
    assert "entra-odbc login" in ended.stderr
    assert people(playground) == []


@pytest.mark.parametrize("name", [path.name for path in HERE.glob("*.ipynb")])
def test_the_repository_has_the_notebooks_without_output(name):
    notebook = nbformat.read(HERE / name, as_version=4)
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in notebook.cells)


def test_prompts_become_links_and_nothing_else_becomes_markup():
    from prompt_in_cell import as_html

    assert as_html("<b>open https://login.example/device and enter the code ABC123 to go on") == (
        '&lt;b&gt;open <a href="https://login.example/device" target="_blank">https://login.example/device</a>'
        " and enter the code <code>ABC123</code> to go on"
    )
