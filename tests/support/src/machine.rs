//! A machine of its own for each test: ini files in a private directory, stand-ins on ports of their own.
//!
//! Hosts run as processes with exactly the environment that is set here; nothing of the user's own ini files or
//! of this process is changed.

mod servers;

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use standins::playground::{Playground, PlaygroundOptions};

use crate::{
    drivers::real_driver,
    registration::{DRIVER, STOCK_DRIVER, our_section, section},
    scratch_directory::ScratchDirectory,
};

/// Ini files, the environment of the hosts, and stand-ins for Entra, managed identity and SQL Server: none where
/// `Standins` is `()`.
pub struct Machine<Standins = Playground> {
    /// The running stand-ins.
    pub playground: Standins,
    /// The environment of the hosts.
    pub variables: BTreeMap<String, String>,
    directory: ScratchDirectory,
}

impl Machine<()> {
    /// A machine with no driver registered, and without stand-ins.
    pub fn empty() -> Self {
        let directory = ScratchDirectory::new("machine");
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let variables = [
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("HOME", text(directory.path())),
            ("LC_ALL", "C.UTF-8".to_owned()),
            ("ODBCSYSINI", text(directory.path())),
            ("ODBCINI", text(&directory.join("odbc.ini"))),
        ];
        Self {
            playground: (),
            variables: variables.map(|(name, value)| (name.to_owned(), value)).into(),
            directory,
        }
    }

    /// The same machine where Entra, managed identity and SQL Server are stand-ins of this kind.
    pub fn with_standins(self, options: &PlaygroundOptions) -> Machine {
        let playground = Playground::start(options);
        let authorities = self.file("ca.pem", playground.ca.pem());
        let authority = playground.entra.authority();
        let imds = playground.managed_identity.imds();
        Machine {
            playground,
            variables: self.variables,
            directory: self.directory,
        }
        .with("SSL_CERT_FILE", authorities)
        .with("AZURE_AUTHORITY_HOST", authority)
        .with("AZURE_POD_IDENTITY_AUTHORITY_HOST", imds)
    }
}

impl Machine {
    /// A machine on which the library and Microsoft's driver are registered, with stand-ins.
    #[expect(clippy::new_without_default, reason = "it starts servers")]
    pub fn new() -> Self {
        Self::with_options(&PlaygroundOptions::default())
    }

    /// The same, where tokens live for 5 s, so that they expire while a test runs.
    pub fn with_short_lived_tokens() -> Self {
        let machine = Self::new();
        machine.playground.set_token_lifetime(Duration::from_secs(5));
        machine
    }

    /// The same with stand-ins of this kind.
    pub fn with_options(options: &PlaygroundOptions) -> Self {
        let machine = Machine::empty().with_standins(options);
        machine.register(&[our_section(DRIVER), section(STOCK_DRIVER, &real_driver())].concat());
        machine.write_ini("odbc.ini", "");
        machine
    }
}

impl<Standins> Machine<Standins> {
    /// The directory of the ini files, which is the hosts' home and working directory as well.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The path of something in that directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The same machine with another variable.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// Writes odbc.ini or another ini file.
    pub fn write_ini(&self, name: &str, content: &str) {
        self.file(name, content);
    }

    /// Writes odbcinst.ini.
    pub fn register(&self, sections: &str) {
        self.write_ini("odbcinst.ini", sections);
    }

    /// Gives the library the stock driver's name, as `entra-odbc install --replace` does.
    pub fn take_the_stock_name(&self) {
        self.register(&our_section(STOCK_DRIVER));
    }

    /// Turns unixODBC's pool on.
    pub fn pool(&self) {
        self.register(&format!(
            "[ODBC]\nPooling=Yes\n\n{}CPTimeout=120\n",
            our_section(DRIVER)
        ));
    }

    /// Writes a file on this machine and returns its path.
    pub fn file(&self, name: &str, content: &str) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// What is in a file on this machine.
    pub fn read(&self, name: &str) -> String {
        let path = self.path(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Writes a shell script on this machine, in its directory `tools`, and returns its path.
    ///
    /// Another process writes it: what this one opens for writing, a host that another test starts just then has for a
    /// moment as well, and the script could not be run meanwhile (`ETXTBSY`).
    pub fn tool(&self, name: &str, script: &str) -> PathBuf {
        let path = self.path("tools").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut writer = Command::new("/bin/sh")
            .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
            .arg(&path)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        write!(writer.stdin.take().unwrap(), "#!/bin/sh\n{script}\n").unwrap();
        assert!(writer.wait().unwrap().success());
        path
    }

    /// The same machine with that script before all others on its PATH.
    pub fn with_tool(self, name: &str, script: &str) -> Self {
        let tool = self.tool(name, script);
        let path = format!("{}:{}", tool.parent().unwrap().display(), self.variables["PATH"]);
        self.with("PATH", path)
    }

    /// A command with this machine's environment and nothing else of the test's own.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(&self.variables)
            .current_dir(self.directory())
            .stdin(Stdio::null());
        command
    }
}
