"""Runs every benchmark against stand-ins, and prints one table of what they measured.

    run.py <directory of cargo's release build> [name of a section …]

Each program prints rows, tab-separated: figure, unit, ours, the other's, how to compare the two ("ratio", "more" or
nothing), and the aim. docs/figures.md says what each figure is made of.
"""

import glob
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
BUILT = os.path.abspath(sys.argv[1])
LIBRARY = os.path.join(BUILT, "libentra_odbc.so")
SYSTEM_ROOTS = "/etc/ssl/certs/ca-certificates.crt"


def real_driver():
    arch = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    package = ".venv/lib/python3*/site-packages/mssql_python_odbc/libs/linux/debian_ubuntu"
    (path,) = glob.glob(os.path.join(ROOT, package, arch, "lib", "libmsodbcsql-18.*.so.*"))
    return path


class Bench:
    def __init__(self, directory, standins):
        self.directory = directory
        self.standins = standins
        self.driver = real_driver()
        # As many authorities as the distribution trusts, and the stand-ins' own: for cold starts.
        self.roots = os.path.join(directory, "roots.pem")
        with open(self.roots, "w", encoding="utf-8") as file:
            for path in (SYSTEM_ROOTS, standins["ca"]):
                with open(path, encoding="utf-8") as part:
                    file.write(part.read())
        with open(os.path.join(directory, "odbcinst.ini"), "w", encoding="utf-8") as file:
            file.write("[ODBC]\nPooling=No\n")
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": directory,
            "LC_ALL": "C.UTF-8",
            "ODBCSYSINI": directory,
            "ODBCINI": os.path.join(directory, "odbc.ini"),
            "ENTRA_ODBC_DRIVER": self.driver,
            "AZURE_AUTHORITY_HOST": standins["authority"],
            "IDENTITY_ENDPOINT": standins["identity_endpoint"],
            "IDENTITY_HEADER": standins["identity_header"],
            # The stand-ins' own authority alone: Driver 18 reads the whole file for each connection, 20 ms for
            # Debian's, in which any difference of ours would be lost.
            "SSL_CERT_FILE": standins["ca"],
            "BENCH_LIBRARY": LIBRARY,
            "BENCH_DRIVER": self.driver,
            "BENCH_STANDINS": json.dumps(standins),
        }

    def run(self, *command, **variables):
        environment = {**self.environment, **variables}
        run = subprocess.run(command, env=environment, cwd=self.directory, stdout=subprocess.PIPE, text=True, check=True)
        return run.stdout

    def rows(self, *command, **variables):
        return [line.split("\t") for line in self.run(*command, **variables).splitlines()]

    def host(self, program, *arguments, **variables):
        return self.rows(sys.executable, os.path.join(HERE, "hosts", program), *arguments, **variables)


def forward(bench):
    login = bench.standins["sql_login"]
    password = login["password"].replace("}", "}}")
    string = f"SERVER={bench.standins['server']};UID={login['user']};PWD={{{password}}}"
    return bench.rows(os.path.join(HERE, "forward", "run.sh"), LIBRARY, bench.driver, string)


def load(bench):
    return bench.rows(os.path.join(HERE, "load", "run.sh"), LIBRARY, bench.driver)


def cold_program(bench):
    """The program that loads the library and connects once, and a driver that accepts everything."""
    program = os.path.join(bench.directory, "cold")
    null_driver = os.path.join(bench.directory, "libnull.so")
    source = os.path.join(HERE, "cold_start")
    bench.run("cc", "-O2", "-w", os.path.join(source, "cold.c"), "-o", program, "-ldl")
    bench.run("cc", "-O2", "-w", "-shared", "-fPIC", os.path.join(source, "null_driver.c"), "-o", null_driver)
    return program, null_driver


def in_turn(bench, commands, variables):
    """The numbers that 21 processes of each command print, run in turn."""
    numbers = {name: [] for name in commands}
    for turn in range(22):
        for name, command in commands.items():
            printed = [float(number) for number in bench.run(*command, **variables).split()]
            # The first of each warms the page cache.
            if turn:
                numbers[name].append(printed)
    return numbers


def cold_start(bench):
    """Load and first token."""
    program, null_driver = cold_program(bench)
    source = os.path.join(HERE, "cold_start")
    app, tenant, authority = (bench.standins[name] for name in ("app", "tenant_id", "authority"))
    secret = app["secret"].replace("}", "}}")
    who = f"Authentication=ActiveDirectoryServicePrincipal;UID={app['client_id']};TenantId={tenant};PWD={{{secret}}}"
    principal = (authority, tenant, app["client_id"], app["secret"])
    commands = {
        "shim": (program, LIBRARY, f"SERVER=localhost;{who}"),
        "floor": (os.path.join(BUILT, "bare_rustls"), *principal),
        "python": (sys.executable, os.path.join(source, "azure_identity.py"), *principal),
    }
    variables = {"ENTRA_ODBC_DRIVER": null_driver, "SSL_CERT_FILE": bench.roots, "REQUESTS_CA_BUNDLE": bench.roots}
    times = in_turn(bench, commands, variables)
    parts = {name: [statistics.median(column) for column in zip(*runs)] for name, runs in times.items()}
    total = {name: statistics.median(sum(run[:2]) for run in runs) for name, runs in times.items()}
    return [
        ["load and first token, against Python azure-identity", "ms", total["shim"], total["python"], "ratio", ""],
        ["load and first token, against bare rustls", "ms", total["shim"], total["floor"], "more", ""],
        ["load and first token", "ms", total["shim"], "-", "", 4],
        ["  of which: loading, against the import", "ms", parts["shim"][0], parts["python"][0], "", ""],
        ["  of which: first token, against azure-identity's", "ms", parts["shim"][1], parts["python"][1], "", ""],
        ["  bare rustls: of which reading the roots", "ms", "-", parts["floor"][0], "", ""],
        ["  azure-identity: a cached token and its struct", "ns", "-", parts["python"][2] * 1e6, "", ""],
    ]


def developer_tool(bench):
    """Load and first token by az, asked in each process, and with the tokens shared."""
    program, null_driver = cold_program(bench)
    tools = os.path.join(bench.directory, "tools")
    profile = os.path.join(bench.directory, ".azure")
    runtime = os.path.join(bench.directory, "run")
    for directory in (tools, profile, runtime):
        os.makedirs(directory, mode=0o700)
    with open(os.path.join(profile, "azureProfile.json"), "w", encoding="utf-8") as file:
        json.dump({"subscriptions": []}, file)
    az = os.path.join(tools, "az")
    with open(os.path.join(HERE, "cold_start", "az.py"), encoding="utf-8") as source, open(
        az, "w", encoding="utf-8"
    ) as file:
        file.write(f"#!{sys.executable}\n{source.read()}")
    os.chmod(az, 0o755)
    string = "SERVER=localhost;Authentication=ActiveDirectoryAzCli"
    variables = {
        "ENTRA_ODBC_DRIVER": null_driver,
        "PATH": f"{tools}:{bench.environment['PATH']}",
        "XDG_RUNTIME_DIR": runtime,
        "BENCH_USER_TOKEN": bench.standins["user"]["token"],
    }
    commands = {
        "shared": (program, LIBRARY, f"{string};TokenCache=shared"),
        "cold": (program, LIBRARY, string),
    }
    times = in_turn(bench, commands, variables)
    total = {name: statistics.median(sum(run) for run in runs) for name, runs in times.items()}
    return [["load and first token: shared, against cold", "ms", total["shared"], total["cold"], "ratio", 0.1]]


def spark(bench):
    """With PySpark, which is in an environment of its own."""
    python = os.path.join(ROOT, ".venv-spark", "bin", "python")
    variables = {"BENCH_PACKAGE": os.path.join(ROOT, "python")}
    if jdbc := os.environ.get("MSSQL_JDBC"):
        variables["BENCH_MSSQL_JDBC"] = os.path.abspath(jdbc)
    return bench.rows(python, os.path.join(HERE, "hosts", "spark.py"), **variables)


SECTIONS = {
    "ca_bundle": (
        "a connect with Debian's CA certificates, cached token against ready struct",
        "shim",
        "Driver 18",
        lambda bench: bench.host("ca_bundle.py", SSL_CERT_FILE=bench.roots),
    ),
    "forward": ("a forwarded call (SQLNumResultCols)", "shim", "Driver 18", forward),
    "fetch": ("a large result", "shim", "Driver 18", lambda bench: bench.host("fetch.py")),
    "connect": (
        "a connect: cached token, against the bare driver with a ready struct",
        "shim",
        "Driver 18",
        # Both in one process, where the driver would share its certificates with itself as well.
        lambda bench: bench.host("connect.py", ENTRA_ODBC_CA_CACHE="no"),
    ),
    "load": ("loading", "shim", "Driver 18", load),
    "ready_struct": (
        "the core without a driver",
        "core",
        "",
        lambda bench: bench.rows(os.path.join(BUILT, "ready_struct")),
    ),
    "cold_start": ("the first token of a process, by client secret", "shim", "other", cold_start),
    "developer_tool": ("the first token of a process, by az", "shared", "cold", developer_tool),
    "python": (
        "the Python package, against azure-identity",
        "package",
        "azure",
        lambda bench: bench.host("python_package.py"),
    ),
    "storms": (
        "one request per identity, against Driver 18's own ActiveDirectoryMsi",
        "shim",
        "Driver 18",
        lambda bench: bench.host("storms.py"),
    ),
    "renewal": (
        "connects during renewals that take 500 ms, against an identity without them",
        "renewed",
        "lasting",
        lambda bench: bench.host("renewal.py"),
    ),
    "spark": ("Spark: rows per second", "source", "other", spark),
    "identities": (
        "10,000 identities",
        "core",
        "",
        lambda bench: bench.rows(os.path.join(BUILT, "identities")),
    ),
}


def number(value):
    if value in ("-", ""):
        return value
    value = float(value)
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}"
    return f"{value:,.2f}" if abs(value) < 1000 else f"{value:,.0f}"


def line(row):
    figure, unit, ours, other, compare, aim = row
    result = None
    shown = ""
    if compare == "ratio":
        result = float(ours) / float(other)
        shown = f"× {result:.3f}"
    elif compare == "more":
        result = float(ours) - float(other)
        shown = f"{result:+.2f}"
    elif ours != "-":
        result = float(ours)
    verdict = ""
    if aim != "":
        verdict = "met" if result <= float(aim) else "MISSED"
        aim = f"≤ {aim}"
    return f"{figure:<64} {unit:<6}{number(ours):>12}{number(other):>12}{shown:>12}{aim:>9} {verdict}".rstrip()


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [entry.split(":", 1)[1].strip() for entry in file if entry.startswith("model name")]
    model = models[0] if models else platform.machine()
    return f"{os.cpu_count()} cores, {model}, Linux {platform.release()}, load {os.getloadavg()[0]:.1f}"


def main():
    # A thousand connections at once, here and in the stand-ins.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    wanted = sys.argv[2:] or list(SECTIONS)
    lines = [machine()]
    failed = []
    with tempfile.TemporaryDirectory(prefix="entra-odbc-bench-") as directory:
        program = [os.path.join(BUILT, "standins"), "--directory", directory]
        with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            bench = Bench(directory, json.loads(process.stdout.readline()))
            for name in wanted:
                title, ours, other, measure = SECTIONS[name]
                start = time.monotonic()
                print(f"measuring {name} …", end=" ", file=sys.stderr, flush=True)
                lines += ["", f"{title:<70} {ours:>11}{other:>12}{'':>12}{'aim':>9}"]
                try:
                    lines += map(line, measure(bench))
                except (subprocess.CalledProcessError, OSError, ValueError) as error:
                    lines.append(f"FAILED: {error}")
                    failed.append(name)
                print(f"{time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
            process.stdin.close()
    print("\n".join(lines))
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
