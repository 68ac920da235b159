"""A machine as the documents have it, on which the tool is recorded: file names of /usr/local and /etc, and Azure's name.

To be run within mount and network namespaces of its own (scripts/pictures.sh starts it so), in which nothing of the real
machine is changed. What is put in place of the cloud there: `contoso.database.windows.net` is an address of this machine in
/etc/hosts, the stand-ins listen on it, and their certificate authority is one of the system's.
"""

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import playground  # noqa: E402

SERVER = "contoso.database.windows.net"
HOME = Path("/home/ada")
# Where Microsoft's packages put it.
DRIVERS = Path("/opt/microsoft/msodbcsql18")


def run(*command, **options):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)


def own_files(work):
    """Makes what is written below /etc, /home, /opt and /usr/local from now on be seen in this namespace alone.

    `work` is an empty directory. This checkout stays the real one, wherever it is.
    """
    if os.readlink("/proc/self/ns/mnt") == os.readlink("/proc/1/ns/mnt"):
        sys.exit("pictures: to be started by scripts/pictures.sh, in namespaces of its own")
    run("ip", "link", "set", "lo", "up")
    run("mount", "-t", "tmpfs", "tmpfs", work)
    checkout = directory(work, "checkout")
    run("mount", "--bind", ROOT, checkout)
    for place in ("/etc", "/home", "/opt", "/usr/local"):
        upper, layers = (directory(work, f"{place.replace('/', '-')}-{name}") for name in ("upper", "work"))
        run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={place},upperdir={upper},workdir={layers}", place)
    run("mount", "--bind", checkout, ROOT)
    HOME.mkdir()
    # What is installed on the real machine is not to be found.
    shutil.rmtree("/opt/microsoft", ignore_errors=True)
    for name in ("odbcinst.ini", "odbc.ini"):
        Path("/etc", name).unlink(missing_ok=True)
    # unixODBC looks for a user's data sources in the home directory that is named there.
    users = Path("/etc/passwd")
    users.write_text(users.read_text(encoding="utf-8").replace(":/root:", f":{HOME}:"), encoding="utf-8")
    with open("/etc/hosts", "a", encoding="utf-8") as hosts:
        hosts.write(f"\n127.0.0.1 {SERVER}\n")


def directory(work, name):
    made = Path(work, name)
    made.mkdir()
    return made


def installed():
    """Library, tool and Driver 18 where their packages put them; ours as they were built last."""
    for name, place in [
        ("libentra_odbc.so", "/usr/local/lib"),
        ("entra-odbc", "/usr/local/bin"),
        ("entra-odbc-connect", "/usr/local/libexec/entra-odbc"),
    ]:
        Path(place).mkdir(parents=True, exist_ok=True)
        shutil.copy2(playground.built(name)[0], place)
    driver = Path(playground.real_driver())
    (DRIVERS / "lib64").mkdir(parents=True)
    shutil.copy2(driver, DRIVERS / "lib64")
    shutil.copytree(driver.parents[1] / "share", DRIVERS / "share")


@contextmanager
def standins(work):
    """The stand-ins, on the ports of the real ones; what they tell of themselves."""
    ports = ["--sql-port", "1433", "--entra-port", "443"]
    command = [playground.built("standins")[0], "--directory", work, "--name", SERVER, *ports]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            told = json.loads(process.stdout.readline())
            authorities = Path("/usr/local/share/ca-certificates")
            authorities.mkdir(parents=True, exist_ok=True)
            shutil.copy2(told["ca"], authorities / "standins.crt")
            run("update-ca-certificates", stderr=subprocess.DEVNULL)
            yield told
        finally:
            process.stdin.close()


def environment(told):
    """What a shell of this machine has."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(HOME),
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm",
        # Entra has no name that could be led here, since a stand-in is not to pass for it in a picture.
        "AZURE_AUTHORITY_HOST": told["authority"],
    }
