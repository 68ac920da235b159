//! Runs the tool, and checks its output and exit code.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
    sync::LazyLock,
};
use test_support::workspace::build;

/// The tool with these arguments and nothing in its environment.
pub fn tool(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_entra-odbc"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

/// How a run ended.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Run {
    pub fn of(command: &mut Command) -> Self {
        Self::ended(&command.output().unwrap())
    }

    pub fn ended(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Standard output of a run that succeeded.
    #[track_caller]
    pub fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.out
    }

    /// The same as JSON.
    #[track_caller]
    pub fn json(self) -> serde_json::Value {
        let out = self.done();
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
    }

    /// Standard error of a run that ended with this code and printed no result.
    #[track_caller]
    pub fn refused(self, code: i32) -> String {
        assert_eq!((self.code, self.out.as_str()), (Some(code), ""), "{self:#?}");
        self.err
    }
}

/// Runs the tool with these arguments and nothing in its environment.
pub fn run(arguments: &[&str]) -> Run {
    Run::of(&mut tool(arguments))
}

/// Where the tool's programs are: itself, and the one through which it connects.
pub fn tools() -> &'static Path {
    // Cargo builds the program of another package for nobody's tests.
    static CONNECTING: LazyLock<()> = LazyLock::new(|| {
        build("entra-odbc-connect");
    });
    LazyLock::force(&CONNECTING);
    Path::new(env!("CARGO_BIN_EXE_entra-odbc")).parent().unwrap()
}
