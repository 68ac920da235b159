//! The first steps from nothing to a connection, the commands of all documents, and where their links lead.

use crate::{
    login::login,
    machine::{self, ToolMachine as _, server},
    tool::{Run, tools},
};
use standins::playground::USER;
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};
use test_support::{drivers::built_library, machine::Machine, process::output, workspace::root};

/// The commands of the first block of a page's section that has the language `sh`.
fn commands(page: &str, section: &str) -> Vec<String> {
    let page = fs::read_to_string(root().join(page)).unwrap();
    let (_, rest) = page.split_once(&format!("\n## {section}\n")).unwrap();
    let (_, block) = rest.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("\n```").unwrap();
    let lines = block.lines().map(|line| line.split(" #").next().unwrap().trim());
    lines
        .map(|line| line.trim_start_matches("sudo ").to_owned())
        .collect()
}

/// What `make install` and `make uninstall` run, below a directory of the test's.
fn install_script<Standins>(machine: &Machine<Standins>) -> Command {
    let mut command = Command::new(root().join("scripts/install.sh"));
    command
        .env("DESTDIR", machine.path("root"))
        .env("PREFIX", "/usr/local");
    command
}

/// `make install`, with what is built already.
fn make_install<Standins>(machine: &Machine<Standins>) -> PathBuf {
    let mut command = install_script(machine);
    command.env("LIBRARY", built_library()).env("TOOLS", tools());
    output(&mut command);
    machine.path("root/usr/local")
}

#[test]
fn from_nothing_to_a_connected_isql() {
    let machine = machine::with_standins();
    // Nothing is registered but Microsoft's driver.
    machine.register(&machine.stock_registration());
    let prefix = make_install(&machine);
    let path = format!(
        "{}:{}",
        prefix.join("bin").display(),
        std::env::var("PATH").unwrap()
    );
    let install = commands("docs/install.md", "From source");
    assert_eq!(install.last().unwrap(), "entra-odbc install");
    let run = |line: &str| {
        let line = line.replace("Server=contoso.database.windows.net", &server(&machine));
        let mut command = machine.program("sh", &["-euc", &line]);
        // This machine has an identity of its own, which would come before the person.
        command.env("AZURE_TOKEN_CREDENTIALS", "dev").env("PATH", &path);
        Run::of(&mut command).done()
    };
    run(install.last().unwrap());
    let first = commands("README.md", "Connect");
    assert_eq!(first.len(), 4, "{first:?}");
    assert_eq!(first[0], "entra-odbc login");
    login(&machine, USER).done();
    run(&first[1]);
    assert!(run(&first[2]).contains("0 failures"));
    let printed = run(&first[3]);
    assert!(printed.contains(USER), "{printed}");
    run("entra-odbc uninstall");
    assert_eq!(machine.read("odbcinst.ini"), machine.stock_registration());
}

#[test]
fn what_make_install_puts_there_is_found_and_goes_again() {
    let machine = machine::with_stock_driver();
    let prefix = make_install(&machine);
    for file in [
        "bin/entra-odbc",
        "libexec/entra-odbc/entra-odbc-connect",
        "share/man/man1/entra-odbc-doctor.1",
        "share/man/man5/entra-odbc-keywords.5",
        "share/bash-completion/completions/entra-odbc",
        "share/zsh/site-functions/_entra-odbc",
        "share/fish/vendor_completions.d/entra-odbc.fish",
    ] {
        assert!(prefix.join(file).is_file(), "{file}");
    }
    output(install_script(&machine).arg("--uninstall"));
    let left = output(
        Command::new("find")
            .arg(machine.path("root"))
            .args(["-type", "f", "-o", "-type", "l"]),
    );
    assert_eq!(left, "");
}

/// Where `apt-get` is not, or has other packages, the library can be built all the same.
#[test]
fn make_build_installs_nothing() {
    let plan = output(Command::new("make").args(["-n", "build"]).current_dir(root()));
    assert!(
        plan.contains("cargo build --release") && !plan.contains("setup"),
        "{plan}"
    );
}

/// root often has no Rust: what the user has built is installed.
#[test]
fn under_sudo_nothing_is_built() {
    let machine = machine::empty();
    fs::create_dir_all(machine.path("bin")).unwrap();
    symlink("/bin/false", machine.path("bin/cargo")).unwrap();
    let path = format!(
        "{}:{}",
        machine.path("bin").display(),
        std::env::var("PATH").unwrap()
    );
    let install = || {
        let mut command = install_script(&machine);
        command
            .env("SUDO_USER", "ada")
            .env("PATH", &path)
            .env("CARGO_TARGET_DIR", machine.path("target"))
            .env_remove("LIBRARY")
            .env_remove("TOOLS");
        Run::of(&mut command)
    };
    let err = install().refused(1);
    assert!(
        err.contains("make build") && err.contains("without sudo"),
        "{err}"
    );
    let release = machine.path("target/release");
    fs::create_dir_all(&release).unwrap();
    symlink(built_library(), release.join("libentra_odbc.so")).unwrap();
    for program in ["entra-odbc", "entra-odbc-connect"] {
        symlink(tools().join(program), release.join(program)).unwrap();
    }
    install().done();
    assert!(machine.path("root/usr/local/bin/entra-odbc").is_file());
}

/// The pages in a directory and those below it.
fn pages(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(pages(&path));
        } else if path.extension().is_some_and(|ending| ending == "md") {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_command_in_the_documents_is_one_that_the_tool_knows() {
    let mut documents = vec![root().join("README.md")];
    documents.extend(
        ["docs", "examples", "docker"]
            .iter()
            .flat_map(|name| pages(&root().join(name))),
    );
    let mut count = 0;
    for page in documents {
        let text = fs::read_to_string(&page).unwrap();
        let mut in_block = false;
        for line in text.lines() {
            if line.trim_start().starts_with("```") {
                in_block = !in_block;
            }
            let line = line
                .trim()
                .trim_start_matches("sudo ")
                .split(" #")
                .next()
                .unwrap();
            let Some(arguments) = line.strip_prefix("entra-odbc ").filter(|_| in_block) else {
                continue;
            };
            count += 1;
            // Parsed, and then nothing but the help of that command.
            let mut command = Command::new(env!("CARGO_BIN_EXE_entra-odbc"));
            command.args(arguments.split_whitespace()).arg("--help");
            let run = Run::of(&mut command);
            assert_eq!(run.code, Some(0), "{}: {line}\n{}", page.display(), run.err);
        }
    }
    assert!(count > 25, "{count} commands");
}

#[test]
fn the_links_of_installed_documents_lead_to_installed_documents() {
    let machine = machine::with_stock_driver();
    let documents = make_install(&machine).join("share/doc/entra-odbc");
    let mut count = 0;
    for page in pages(&documents) {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1) {
            let link = link.split([')', '#']).next().unwrap();
            if link.is_empty() || link.starts_with("https://") {
                continue;
            }
            count += 1;
            let target = page.parent().unwrap().join(link);
            assert!(target.is_file(), "{}: {link}", page.display());
        }
    }
    assert!(count > 150, "{count} links");
}
