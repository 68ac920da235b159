//! A machine of its own for each test of registration: ini files and a home in a private directory.

use crate::{
    library::{built_library, real_driver},
    tool::{Run, tool},
};
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

/// The name that Microsoft's package registers its driver by.
pub const STOCK: &str = "ODBC Driver 18 for SQL Server";
pub const OURS: &str = "ODBC Driver 18 Entra for SQL Server";

/// The directory and its files.
pub struct Machine {
    pub directory: PathBuf,
}

impl Machine {
    /// Nothing is registered.
    pub fn empty() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("entra-odbc-tool-{}-{number}", std::process::id()));
        fs::create_dir_all(directory.join("home")).unwrap();
        Self { directory }
    }

    /// Microsoft's driver is registered, in a directory whose files carry their version in their names.
    pub fn with_stock() -> Self {
        let machine = Self::empty();
        machine.write("odbcinst.ini", machine.stock());
        machine
    }

    pub fn stock(&self) -> String {
        format!(
            "# this machine's drivers\n[Other]\nDriver=/other.so\n\n[{STOCK}]\nDescription=Microsoft's\nDriver={}\nUsageCount=1\n",
            self.stock_driver().display()
        )
    }

    /// Microsoft's driver, where a package would have put it.
    pub fn stock_driver(&self) -> PathBuf {
        let directory = self.directory.join("microsoft");
        let driver = directory.join(real_driver().file_name().unwrap());
        if !driver.exists() {
            fs::create_dir_all(&directory).unwrap();
            symlink(real_driver(), &driver).unwrap();
        }
        driver
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The names of all files, to see that nothing was left behind.
    pub fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = [self.directory.clone(), self.path("home")]
            .iter()
            .flat_map(|directory| fs::read_dir(directory).unwrap())
            .map(|entry| entry.unwrap())
            .filter(|entry| !entry.file_type().unwrap().is_dir())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The tool on this machine.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = tool(arguments);
        command
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.path("home"))
            .env("ODBCSYSINI", &self.directory)
            .env("ODBCINI", self.path("home/.odbc.ini"))
            .current_dir(&self.directory);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// `install` of the library that was built, with further arguments.
    pub fn install(&self, arguments: &[&str]) -> Run {
        let library = built_library();
        self.run(&[&["install", "--library", library.to_str().unwrap()], arguments].concat())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("kept for inspection: {}", self.directory.display());
        } else {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

/// The section of a driver, as unixODBC itself reads it.
pub fn registered(machine: &Machine, name: &str, home: bool) -> String {
    let mut command = Command::new("odbcinst");
    command
        .args(["-q", "-d", "-n", name])
        .env("ODBCSYSINI", &machine.directory);
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
