"""A bare Debian system in a directory of its own, as packages are tested in."""

import hashlib
import json
import os
import shutil
import stat
import subprocess
import urllib.request

ROOTS = os.environ["ROOTS"]
PACKAGES = os.environ["PACKAGES"]
DRIVER = "ODBC Driver 18 Entra for SQL Server"
# What package managers and the loader write for themselves, and what is mounted.
OWN_FILES = ("dev", "proc", "tmp", "var/cache", "var/lib/apt", "var/lib/dpkg", "var/lib/rpm", "var/log")
HISTORY = ".isql_history"


def package(pattern, directory=PACKAGES):
    """The one file of that kind among the packages."""
    (name,) = (name for name in os.listdir(directory) if name.endswith(pattern))
    return os.path.join(directory, name)


class Root:
    """A copy of the bare system, which is gone after the test."""

    def __init__(self, release):
        self.path = os.path.join(ROOTS, f"test-{os.getpid()}")
        self.remove()
        subprocess.run(["cp", "-a", "--reflink=auto", os.path.join(ROOTS, release), self.path], check=True)
        # Names of the network, as the host resolves them.
        shutil.copy("/etc/resolv.conf", self.file("etc/resolv.conf"))

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)

    def file(self, name):
        return os.path.join(self.path, name.lstrip("/"))

    def read(self, name):
        with open(self.file(name), "rb") as file:
            return file.read().decode()

    def write(self, name, content):
        with open(self.file(name), "wb") as file:
            file.write(content.encode())

    def run(self, *command, user=None, check=True, stdin="", **variables):
        """Runs a command in it, and returns all that it prints. Mounts are its own, and so are gone with it."""
        script = 'mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"; shift; exec "$@"'
        who = [f"--userspec={user}"] if user else []
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        result = subprocess.run(
            ["unshare", "--mount", "sh", "-euc", script, "sh", self.path, "chroot", *who, self.path, *command],
            env=environment | {"HOME": "/root"} | variables, input=stdin, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=500,
        )
        if check and result.returncode:
            raise AssertionError(f"{' '.join(command)}: {result.returncode}\n{result.stdout}")
        return result.stdout

    def apt(self, command, *names):
        return self.run("apt-get", "-q", "-y", "--no-install-recommends", *command.split(), *names)

    def bring(self, path):
        """Copies a file of the host's to /tmp."""
        shutil.copy(path, self.file("tmp"))
        return "/tmp/" + os.path.basename(path)

    def isql(self, program=("isql", "-b", "-v", "-k"), **more):
        """Signs in by managed identity, and returns what isql prints: whom the server saw, or why not."""
        variables = {
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": os.environ["AZURE_POD_IDENTITY_AUTHORITY_HOST"],
            "AZURE_AUTHORITY_HOST": os.environ["AZURE_AUTHORITY_HOST"],
            "SSL_CERT_FILE": self.bring(os.environ["SSL_CERT_FILE"]),
        }
        string = os.environ["DATABASE"] + "Authentication=ActiveDirectoryMsi"
        return self.run(*program, string, check=False, stdin="SELECT SUSER_SNAME()\n", **variables | more)

    def snapshot(self, below=""):
        """Each file's kind, mode, owner and content, by name."""
        found = {}
        start = self.file(below)
        for folder, directories, names in os.walk(start):
            inner = os.path.relpath(folder, self.path)
            directories[:] = [name for name in directories if os.path.normpath(f"{inner}/{name}") not in OWN_FILES]
            for name in directories + names:
                path = os.path.join(folder, name)
                if os.path.relpath(path, self.path) not in OWN_FILES and name != HISTORY:
                    found[os.path.relpath(path, start)] = describe(path)
        return found


def difference(before, after):
    """What was there and is not as it was, and what is there more."""
    names = before.keys() | after.keys()
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}


def describe(path):
    status = os.lstat(path)
    content = ""
    if stat.S_ISLNK(status.st_mode):
        content = os.readlink(path)
    elif stat.S_ISREG(status.st_mode):
        with open(path, "rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
    return f"{stat.filemode(status.st_mode)} {status.st_uid}:{status.st_gid} {content}"


def system_identity():
    """Whom the server sees when this machine signs in."""
    with urllib.request.urlopen(os.environ["PLAYGROUND"]) as answer:
        standins = json.load(answer)
    return f"{standins['system_assigned']['client_id']}@{standins['tenant_id']}"
