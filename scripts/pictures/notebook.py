"""Makes the picture of the notebook: the prompt of examples/notebook/device_code.ipynb, and what comes of it.

To be run by scripts/playground.py, with the Python of .venv-examples. The notebook runs from its first cell to its last,
and somebody enters the code at the stand-in Entra, as in its tests. Two of its cells are then drawn by a browser, as
Jupyter's own exporter writes them: nothing of what they show is changed.
"""

import os
import sys
import tempfile
from pathlib import Path

import httpx
import nbformat
from nbconvert import HTMLExporter
from selenium import webdriver
from selenium.webdriver.common.by import By

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "examples" / "notebook"
PICTURE = ROOT / "docs" / "pictures" / "notebook.png"
WIDTH = 740
sys.path.insert(0, str(NOTEBOOKS))

from person import Person  # noqa: E402


def executed():
    """The notebook as it is after Ada has run it."""
    notebook = nbformat.read(NOTEBOOKS / "device_code.ipynb", as_version=4)
    ada = httpx.get(os.environ["PLAYGROUND"]).json()["user"]
    resources = {"metadata": {"path": str(NOTEBOOKS)}}
    person = Person(notebook, ada, timeout=120, kernel_name="python3", resources=resources)
    person.execute()
    [(asked_in, _)] = person.asked
    # The cell that shows the prompt, and the next, with the answer of the server.
    notebook.cells = notebook.cells[asked_in : asked_in + 2]
    return notebook


def picture(notebook, directory):
    page = Path(directory, "notebook.html")
    page.write_text(HTMLExporter(template_name="lab").from_notebook_node(notebook)[0], encoding="utf-8")
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        # What the exporter would load from elsewhere (MathJax, require.js) is not needed.
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--force-device-scale-factor=1.5",
        f"--window-size={WIDTH},1000",
        f"--user-data-dir={directory}/browser",
    ]:
        options.add_argument(argument)
    browser = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    try:
        browser.get(page.as_uri())
        PICTURE.write_bytes(browser.find_element(By.TAG_NAME, "main").screenshot_as_png)
    finally:
        browser.quit()


def main():
    with tempfile.TemporaryDirectory() as directory:
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            os.environ[name] = os.path.join(directory, name)
        picture(executed(), directory)


if __name__ == "__main__":
    main()
