//! Kinds whose token the program has already.

use standins::playground::USER;
use test_support::{drivers::built_library, machine::Machine, process::finished};

use super::Visit;

/// A host that registers a provider by the C API of the library that the driver manager loads as well.
pub const PROVIDER: &str = "
import ctypes, pyodbc, sys
string, library, token = sys.argv[1:]
entra = ctypes.CDLL(library)
@ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint32, ctypes.c_void_p)
def provider(user, scope, patience_ms, answer):
    assert scope == b'https://database.windows.net/.default', scope
    entra.entra_answer_token(ctypes.c_void_p(answer), token.encode(), ctypes.c_int64(0), None)
assert entra.entra_register_provider(b'vault', provider, None, None) == 0
print(pyodbc.connect(string).execute('SELECT SUSER_SNAME()').fetchval())
";

pub fn access_token(machine: Machine) -> Visit {
    let rest = format!("AccessToken={}", machine.user_token(USER));
    Visit::by_string(machine, &rest, USER)
}

pub fn token_provider(machine: Machine) -> Visit {
    let string = machine.string("Authentication=ActiveDirectoryTokenProvider;TokenProvider=vault");
    let library = built_library();
    let token = machine.user_token(USER);
    let output = machine.python(PROVIDER, &[&string, library.to_str().unwrap(), &token]);
    Visit {
        said: finished(&output, "pyodbc"),
        machine,
        expected: USER.to_owned(),
    }
}

#[test]
fn a_provider_that_is_not_registered_is_named() {
    let machine = Machine::new();
    let string = machine.string("Authentication=ActiveDirectoryTokenProvider;TokenProvider=vault");
    let error = machine.pyodbc_error(&string);
    assert!(
        error.contains("HY000") && error.contains("[TokenProvider]") && error.contains("vault"),
        "{error}"
    );
}
