"""A package in place of Microsoft's msodbcsql18, with the driver of the wheel on PyPI. It registers the driver as Microsoft's
does: by odbcinst, which writes the whole odbcinst.ini anew. It stays on this machine."""

import glob
import os
import shutil
import subprocess

SECTION = "ODBC Driver 18 for SQL Server"
CONTROL = """\
Package: msodbcsql18
Version: {version}
Architecture: amd64
Maintainer: test <test@localhost>
Depends: unixodbc, odbcinst, libodbcinst2, libgssapi-krb5-2, openssl
Description: in place of Microsoft's
"""
INI = "/opt/microsoft/msodbcsql18/etc/odbcinst.ini"
POSTINST = f"#!/bin/sh\nset -e\nodbcinst -i -d -f {INI}\n"
PRERM = f'#!/bin/sh\nset -e\nodbcinst -u -d -n "{SECTION}"\n'


def wheel():
    """The directory with the driver for this Debian."""
    driver = os.environ["ENTRA_ODBC_DRIVER"]
    return os.path.dirname(os.path.dirname(driver))


def lay_out(root):
    """Puts the driver below a directory where Microsoft's package has it, and returns its path there."""
    home = os.path.join(root, "opt/microsoft/msodbcsql18")
    os.makedirs(os.path.join(home, "lib64"))
    (driver,) = glob.glob(os.path.join(wheel(), "lib", "libmsodbcsql-18.*.so.*"))
    shutil.copy(driver, os.path.join(home, "lib64"))
    shutil.copytree(os.path.join(wheel(), "share"), os.path.join(home, "share"))
    return "/opt/microsoft/msodbcsql18/lib64/" + os.path.basename(driver)


def deb(directory, version):
    """Builds the package in a directory, and returns its path."""
    root = os.path.join(directory, f"msodbcsql18-{version}")
    driver = lay_out(root)
    os.makedirs(os.path.join(root, os.path.dirname(INI).lstrip("/")))
    scripts = {"control": CONTROL.format(version=version), "postinst": POSTINST, "prerm": PRERM}
    os.makedirs(os.path.join(root, "DEBIAN"))
    for name, content in scripts.items():
        path = os.path.join(root, "DEBIAN", name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
        os.chmod(path, 0o644 if name == "control" else 0o755)
    with open(os.path.join(root, INI.lstrip("/")), "w", encoding="utf-8") as file:
        file.write(f"[{SECTION}]\nDescription=Microsoft ODBC Driver 18 for SQL Server\nDriver={driver}\nUsageCount=1\n")
    target = f"{root}.deb"
    subprocess.run(["dpkg-deb", "-Znone", "--root-owner-group", "--build", root, target], check=True, capture_output=True)
    return target
