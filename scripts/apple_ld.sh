#!/bin/sh
# The linker for macOS where no Mac is: LLD, which is part of Rust's toolchain. Zig's linker exports every function, since it
# does not heed the list that Rust gives it. Arguments for the linker behind a C compiler (`-Wl,…`) are taken as well.
set -eu
for argument; do
    shift
    case $argument in
        -Wl,*)
            parts=$(printf '%s' "${argument#-Wl,}" | tr ',' '\n')
            while IFS= read -r part; do
                set -- "$@" "$part"
            done <<EOF
$parts
EOF
            ;;
        *) set -- "$@" "$argument" ;;
    esac
done
exec "$(rustc --print sysroot)/lib/rustlib/$(rustc --print host-tuple)/bin/rust-lld" "$@"
