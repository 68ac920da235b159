//! The test machine as the tool finds it: with a home apart from the system's ini files, and a driver of Microsoft's
//! where its package puts it.

use crate::tool::{Run, tools};
use standins::playground::{PAYROLL_CLIENT_ID, PlaygroundOptions, TENANT_ID};
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};
use test_support::{
    drivers::{built_library, real_driver},
    machine::Machine,
    registration::{DRIVER, STOCK_DRIVER, our_section},
};

/// Nothing is registered.
pub fn empty() -> Machine<()> {
    let machine = Machine::empty();
    let home = machine.path("home");
    fs::create_dir(&home).unwrap();
    machine
        .with("HOME", text(&home))
        .with("ODBCINI", text(&home.join(".odbc.ini")))
}

/// Microsoft's driver is registered, in a directory whose files carry their version in their names.
pub fn with_stock_driver() -> Machine<()> {
    let machine = empty();
    machine.register(&machine.stock_registration());
    machine
}

/// The library is registered, and Entra, managed identity and SQL Server are stand-ins.
pub fn with_standins() -> Machine {
    // The tool looks for the program beside itself.
    tools();
    let machine = empty().with_standins(&PlaygroundOptions::default());
    machine.register(&our_section(DRIVER));
    machine
}

/// The tool on a machine, and what it finds there.
pub trait ToolMachine {
    /// The tool with these arguments.
    fn tool_command(&self, arguments: &[&str]) -> Command;

    /// Another program with these arguments.
    fn program(&self, program: &str, arguments: &[&str]) -> Command;

    /// odbcinst.ini as Microsoft's package would have written it, with a comment of the owner's.
    fn stock_registration(&self) -> String;

    /// Microsoft's driver, where its package would have put it.
    fn stock_driver(&self) -> PathBuf;

    /// The names of all files, to see that nothing was left behind.
    fn files(&self) -> Vec<String>;

    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.tool_command(arguments))
    }

    /// `install` of the library that was built, with further arguments.
    fn install(&self, arguments: &[&str]) -> Run {
        self.run(&[&["install", "--library", text(&built_library())], arguments].concat())
    }
}

impl<Standins> ToolMachine for Machine<Standins> {
    fn tool_command(&self, arguments: &[&str]) -> Command {
        self.program(env!("CARGO_BIN_EXE_entra-odbc"), arguments)
    }

    fn program(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = self.command(program);
        command.args(arguments);
        command
    }

    fn stock_registration(&self) -> String {
        format!(
            "# this machine's drivers\n[Other]\nDriver=/other.so\n\n[{STOCK_DRIVER}]\nDescription=Microsoft's\n\
             Driver={}\nUsageCount=1\n",
            self.stock_driver().display()
        )
    }

    fn stock_driver(&self) -> PathBuf {
        let directory = self.path("microsoft");
        let driver = directory.join(real_driver().file_name().unwrap());
        if !driver.exists() {
            fs::create_dir_all(&directory).unwrap();
            symlink(real_driver(), &driver).unwrap();
        }
        driver
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = [self.directory(), &self.path("home")]
            .iter()
            .flat_map(|directory| fs::read_dir(directory).unwrap())
            .map(|entry| entry.unwrap())
            .filter(|entry| !entry.file_type().unwrap().is_dir())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// `Server=` of the stand-in, as an argument.
pub fn server(machine: &Machine) -> String {
    format!("Server=localhost,{}", machine.playground.sql_server.port())
}

/// Keywords by which the application "payroll" signs in, its secret left out.
pub fn payroll() -> [String; 3] {
    [
        "Authentication=ActiveDirectoryServicePrincipal".to_owned(),
        format!("UID={PAYROLL_CLIENT_ID}"),
        format!("TenantId={TENANT_ID}"),
    ]
}

/// The value of an entry, by unixODBC's own eyes.
pub fn registered<Standins>(machine: &Machine<Standins>, name: &str, home: bool) -> String {
    let mut command = Command::new("odbcinst");
    command
        .args(["-q", "-d", "-n", name])
        .env("ODBCSYSINI", machine.directory());
    if home {
        command.env("HOME", machine.path("home"));
    } else {
        command.env_remove("HOME");
    }
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

/// A path as text.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
