//! The hosts that many tests run: isql, and pyodbc in Python.

use std::{
    io::Write,
    process::{Output, Stdio},
};

use crate::{
    machine::Machine,
    process::{finished, printed},
};

/// The Python that has pyodbc.
pub fn python() -> String {
    std::env::var("ENTRA_ODBC_TEST_PYTHON")
        .expect("ENTRA_ODBC_TEST_PYTHON must name a Python with pyodbc: run the tests by `make test`")
}

/// A Python program that connects by its argument and prints what `SELECT SUSER_SNAME()` answers.
pub const PYODBC_LOGIN_NAME: &str = "
import pyodbc, sys
print(pyodbc.connect(sys.argv[1]).execute('SELECT SUSER_SNAME()').fetchval())
";

const PYODBC_ERROR: &str = "
import pyodbc, sys
try:
    pyodbc.connect(sys.argv[1])
except pyodbc.Error as error:
    print(error)
else:
    sys.exit('connected')
";

impl<Standins> Machine<Standins> {
    /// `isql -k` with a query on its standard input; its output, which must not be a failure.
    pub fn isql(&self, string: &str, sql: &str) -> String {
        self.isql_with(&["-k", string], sql)
    }

    /// isql with arguments of one's own.
    pub fn isql_with(&self, arguments: &[&str], sql: &str) -> String {
        finished(&self.isql_output(arguments, sql), "isql")
    }

    /// What isql says of a connection that fails.
    pub fn isql_failure(&self, string: &str) -> String {
        let output = self.isql_output(&["-k", string], "");
        assert!(!output.status.success(), "connected");
        printed(&output)
    }

    fn isql_output(&self, arguments: &[&str], sql: &str) -> Output {
        let mut child = self
            .command("isql")
            .args(["-b", "-v", "-d|"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // isql ends without reading when it cannot connect.
        let _ = writeln!(child.stdin.take().unwrap(), "{sql}");
        child.wait_with_output().unwrap()
    }

    /// Python, with `arguments` in `sys.argv[1:]`.
    pub fn python(&self, program: &str, arguments: &[&str]) -> Output {
        self.command(python())
            .args(["-c", program])
            .args(arguments)
            .output()
            .unwrap()
    }

    /// What `SELECT SUSER_SNAME()` answers to pyodbc.
    pub fn pyodbc(&self, string: &str) -> String {
        finished(&self.python(PYODBC_LOGIN_NAME, &[string]), "pyodbc")
    }

    /// The text of the exception that pyodbc raises.
    pub fn pyodbc_error(&self, string: &str) -> String {
        finished(&self.python(PYODBC_ERROR, &[string]), "pyodbc")
    }
}
