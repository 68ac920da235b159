"""Prints the paths of test programs that cargo has built, in the order in which they are named.

    cargo test --workspace --no-run --message-format=json | built_tests.py <package>:<target>…
"""

import json
import sys


def main():
    programs = {}
    for line in sys.stdin:
        message = json.loads(line)
        if message["reason"] == "compiler-artifact" and message["profile"]["test"] and message["executable"]:
            # path+file:///…/entra-odbc/cli#entra-odbc-cli@0.1.0, or …/auth#0.1.0 where the directory has the name.
            place, _, version = message["package_id"].rpartition("#")
            package = version.split("@")[0] if "@" in version else place.rpartition("/")[2]
            programs[f"{package}:{message['target']['name']}"] = message["executable"]
    for name in sys.argv[1:]:
        if name not in programs:
            sys.exit(f"there is no test program {name}: there are {', '.join(sorted(programs))}")
        print(programs[name])


main()
