# shellcheck shell=sh
# To be sourced: counts what passes and fails.
passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# check <name> <command>…: one check that passes or fails as a whole.
check() {
    name=$1
    shift
    printf '\n== %s\n' "$name"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '== %s: FAILED\n' "$name"
    fi
}

# cargo_test <arguments>…: a run of cargo's tests, counted one by one; an ignored test counts as failed.
cargo_test() {
    rust_tests cargo test "$@"
}

# rust_tests <command>…: the same of any command that runs such tests.
rust_tests() {
    printf '\n== %s\n' "$*"
    status=0
    { "$@" 2>&1 || echo "the tests ended with $?"; } | tee "$log"
    if grep -q '^the tests ended with' "$log"; then status=1; fi
    counts=$(awk '/^test result:/ { passed += $4; failed += $6 + $8 } END { print passed + 0, failed + 0 }' "$log")
    passed=$((passed + ${counts% *}))
    failed=$((failed + ${counts#* }))
    # What does not compile, or dies, has no result line of its own.
    if [ "$status" = 1 ] && [ "${counts#* }" = 0 ]; then failed=$((failed + 1)); fi
}

# python_tests <arguments>…: a run of pytest, counted one by one; a skipped test counts as failed.
python_tests() {
    pytest_tests "$ENTRA_ODBC_TEST_PYTHON" -m pytest "$@"
}

# pytest_tests <command>…: the same of any command that runs pytest.
pytest_tests() {
    printf '\n== %s\n' "$*"
    "$@" 2>&1 | tee "$log"
    # Its last line: "1 failed, 125 passed in 47.5s". What ends before it fails as a whole.
    counts=$(awk '/ in [0-9.]+s/ {
            passes = fails = 0
            for (field = 1; field < NF; field++) {
                if ($(field + 1) ~ /^passed/) passes = $field
                if ($(field + 1) ~ /^(failed|skipped|errors?)/) fails += $field
            }
        }
        END { print passes + 0, fails + (passes + fails == 0) }' "$log")
    passed=$((passed + ${counts% *}))
    failed=$((failed + ${counts#* }))
}

# counted: the last line, "N passed, N failed"; fails unless there was something and all of it passed.
counted() {
    printf '\n%s passed, %s failed\n' "$passed" "$failed"
    [ "$failed" = 0 ] && [ "$passed" != 0 ]
}
