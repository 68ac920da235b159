# Everything goes through here, the same on a laptop and in CI. `make help` lists it.
.PHONY: help setup build install uninstall demo wheel wheels test-wheel packages test-packages test-reproducible docker-context test-docker examples test e2e test-hosts test-spark docs-site test-docs test-data-frames test-debian test-arm64 test-musl check-targets fuzz bench bench-size header docs pictures clean

help: ## this list
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## install what the demo and the tests need (Debian packages, Python packages into .venv)
	@scripts/setup.sh

build: ## the library and the tool, as they are shipped: target/release/libentra_odbc.so, target/release/entra-odbc
	cargo build --release -p entra-odbc
# Apart from the library, which would else get what the tool needs of their common dependencies.
	cargo build --release -p entra-odbc-cli -p entra-odbc-connect

install: ## put library, tool, header and pkg-config file under PREFIX (/usr/local), below DESTDIR
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' scripts/install.sh

uninstall: ## remove what `make install` put there
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' scripts/install.sh --uninstall

demo: setup ## sign in by several authentication modes through several hosts, against stand-ins for Entra and SQL Server
	@scripts/build-demo.sh
	@.venv/bin/python scripts/demo.py

wheel: ## build the wheel of the Python package, for this platform: build/wheel/*.whl
	@scripts/wheel.sh

wheels: ## build the wheels for all platforms, and check what their libraries export and need
	@scripts/wheels.sh

test-wheel: setup wheel ## install the wheel into a virtual environment of each Python from 3.10 to 3.14, and run its tests there
	@scripts/test-wheel.sh

packages: ## build .deb, .rpm, .apk and tarball for x86-64 and arm64, with bills of materials and checksums: build/packages/
	@scripts/make-packages.sh

test-packages: setup ## install, use, upgrade and remove each package in a bare Debian of its own (as root)
	@scripts/test-packages.sh

test-reproducible: ## build packages and wheel in two checkouts, with different CARGO_HOME, and compare the bytes
	@scripts/test-reproducible.sh

docker-context: ## build what docker/Dockerfile takes from here
	@scripts/docker-context.sh

test-docker: setup ## build the images of docker/Dockerfile with buildah, and run them (as root)
	@scripts/test-docker.sh

examples: setup ## what the examples need: see examples/README.md
	@scripts/build-demo.sh
	@scripts/setup-examples.sh

test: setup ## every check: format, lints, units, end to end, header, documentation
	@scripts/test.sh

e2e: setup ## end-to-end tests by name: make e2e TEST=trust::strangers
	@scripts/e2e.sh $(TEST)

test-hosts: setup ## what needs further hosts and programs; CI runs it too
	@scripts/test-hosts.sh

test-spark: setup ## the Spark data source, on Spark with two executors
	@scripts/test-spark.sh

docs-site: ## the documents as a site: build/site/html; ends with an error where a link leads nowhere
	@scripts/docs-site.sh

test-docs: setup ## the site, and its start pages, whose commands are run as they stand there
	@scripts/test-docs.sh

test-data-frames: setup ## the code of docs/data-frames.md, with pandas, Polars, DuckDB, Dask and Ray
	@scripts/test-data-frames.sh

test-debian: setup ## the tests that go through unixODBC inside another Debian: make test-debian SUITE=trixie (or testing); needs root
	@scripts/test-debian.sh $(or $(SUITE),trixie)

test-arm64: setup ## tests of the build for arm64 in a Debian for arm64, under QEMU; needs root
	@scripts/test-arm64.sh

test-musl: setup ## what is built for musl, with Driver 18 for Alpine, against the stand-ins
	@scripts/test-musl.sh

check-targets: ## lints for all systems; for macOS and musl the library is linked, and its exports and needs checked
	@scripts/check-targets.sh

fuzz: setup ## connect by odd strings and data sources until stopped, each time by another seed
	@scripts/fuzz.sh

bench: setup build ## print the figures of docs/figures.md, measured on this machine
	@scripts/bench.sh

bench-size: build ## print what the library is made of, by section and by crate
	@scripts/bench-size.sh

header: ## write include/entra_odbc.h anew from the sources and cbindgen.toml
	@scripts/header.sh

docs: ## write the lists of authentication modes anew: docs/keywords.md, the C header, the Python package
	ENTRA_ODBC_WRITE_DOCS=1 cargo test --quiet -p entra-auth --test mode_lists the_lists
	@scripts/header.sh

pictures: setup ## make the pictures of the documents anew: docs/pictures/
	@scripts/pictures.sh

clean: ## remove what was built and installed here
	cargo clean
	rm -rf build .venv .venv-examples .venv-hosts .venv-wheel .venv-packages .venv-spark .venv-data-frames .venv-pictures .node-hosts
