"""The start pages: each command as it stands there, on a machine on which nothing is installed."""

import re
import shlex

import pytest
import yaml
from page import ROOT, File, Page, is_printed

START = ROOT / "docs/start"
# Whose commands are for programs that are not here; their tests are below.
ELSEWHERE = ("kubernetes", "pipelines")
# What the place where a page's program runs gives to it.
ENVIRONMENTS = {
    "app-service": lambda standins: {
        "IDENTITY_ENDPOINT": standins["identity_endpoint"],
        "IDENTITY_HEADER": standins["identity_header"],
    },
    "fastapi": lambda standins: {
        "APP_CLIENT_ID": standins["portal"]["client_id"],
        "APP_CLIENT_SECRET": standins["portal"]["secret"],
        "APP_TENANT_ID": standins["tenant_id"],
        "TOKEN": standins["portal"]["token_of_user"],
    },
}
VENV = "python3 -m venv .venv\n. .venv/bin/activate\n"
# The Azure CLI of somebody who has signed in.
AZ = """#!/bin/sh
[ "$1 $2" = 'account get-access-token' ]
echo '{"accessToken": "%s", "expires_on": 4102444800, "tokenType": "Bearer"}'
"""


@pytest.mark.parametrize("name", sorted(path.stem for path in START.glob("*.md") if path.stem not in ELSEWHERE))
def test_who_follows_a_page_ends_where_it_says(name, machine, standins):
    machine.variables |= ENVIRONMENTS.get(name, lambda _: {})(standins)
    page = Page(START / f"{name}.md")
    assert any(step.printed for step in page.steps()), "it says nothing of what is printed"
    machine.follow(page)


def test_who_follows_the_first_page_is_signed_in(machine, standins):
    page = Page(ROOT / "README.md")
    steps = [step for step in page.steps() if "make " not in step.text]
    assert [step.text.count("\n") for step in steps] == [3, 4]
    first, last = steps[1].text.strip().rsplit("\n", 1)
    said = machine.run(f"cd\n{steps[0].text}{first}")
    assert "0 failures" in said
    assert standins["user"]["name"] in machine.run(last)


def test_the_wheel_is_all_that_python_needs(machine):
    install = Page(ROOT / "docs/install.md")
    (block,) = (text for language, _, text, _ in install.blocks() if language == "sh" and text.startswith("pip install"))
    machine.run(VENV + block)


def test_the_files_of_a_release_have_the_names_that_are_built():
    version = re.search(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
    named = set()
    for path in (ROOT / "README.md", ROOT / "docs/install.md", ROOT / "docs/release-notes-0.1.0.md", *START.glob("*.md")):
        named |= set(re.findall(r"entra[-_]odbc[-_]\d[\w.-]*\.(?:deb|rpm|apk|whl|tar\.gz)", path.read_text()))
    assert named == {
        f"entra-odbc_{version}-1_amd64.deb",
        f"entra-odbc-{version}-1.x86_64.rpm",
        f"entra-odbc_{version}-r1_x86_64.apk",
        f"entra-odbc-{version}-linux-x86_64.tar.gz",
        f"entra_odbc-{version}-py3-none-manylinux_2_28_x86_64.whl",
        f"entra_odbc-{version}-py3-none-macosx_11_0_arm64.whl",
    }


def files(machine, page):
    """The page's files, which are on the machine then."""
    found = {step.name: step for step in page.steps() if isinstance(step, File)}
    for step in found.values():
        machine.write(step)
    return found


def test_a_pod_signs_in_as_its_service_account(machine, standins):
    found = files(machine, Page(START / "kubernetes.md"))
    job = list(yaml.safe_load_all(found["job.yaml"].text))[1]["spec"]["template"]
    assert job["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    (container,) = job["spec"]["containers"]
    (token := machine.directory / "token").write_text(standins["cluster"]["assertion"])
    injected = {
        "AZURE_CLIENT_ID": standins["cluster"]["client_id"],
        "AZURE_TENANT_ID": standins["tenant_id"],
        "AZURE_FEDERATED_TOKEN_FILE": str(token),
    }
    # Copying and who runs it are the container's.
    lines = found["Dockerfile"].text.splitlines()
    installs = "\n".join(line.removeprefix("RUN ") for line in lines if line.startswith("RUN "))
    machine.run(VENV + installs)
    named = {variable["name"]: variable["value"] for variable in container["env"]}
    out = machine.run(f". .venv/bin/activate\n{shlex.join(container['command'])}", **injected, **named)
    assert is_printed(found["job.yaml"].printed, out), out


def test_github_actions_signs_in_by_the_azure_cli(machine, standins):
    found = files(machine, Page(START / "pipelines.md"))
    workflow = yaml.safe_load(found[".github/workflows/who.yaml"].text)
    steps = workflow["jobs"]["who"]["steps"]
    assert any(step.get("uses", "").startswith("azure/login@") for step in steps)
    assert workflow["permissions"]["id-token"] == "write"
    az = machine.directory / "usr/bin/az"
    az.parent.mkdir()
    az.write_text(AZ % standins["user"]["token"])
    az.chmod(0o755)
    out = machine.run(VENV + "\n".join(step["run"] for step in steps if "run" in step))
    assert out.splitlines()[-1] == standins["user"]["name"], out


def test_azure_pipelines_signs_in_by_the_service_connection(machine, standins):
    found = files(machine, Page(START / "pipelines.md"))
    install, program = yaml.safe_load(found["azure-pipelines.yml"].text)["steps"]
    machine.run(VENV + install["script"])
    about = standins["azure_pipelines"]
    values = {
        "SYSTEM_ACCESSTOKEN": about["access_token"],
        "AZURESUBSCRIPTION_CLIENT_ID": about["client_id"],
        "AZURESUBSCRIPTION_TENANT_ID": standins["tenant_id"],
        "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": about["service_connection_id"],
    }
    assert set(program["env"]) == set(values)
    # Every task has this one.
    out = machine.run(". .venv/bin/activate\n" + program["script"], SYSTEM_OIDCREQUESTURI=about["oidc_request_uri"], **values)
    assert out.strip() == f"{about['client_id']}@{standins['tenant_id']}", out
