//! `install`, `uninstall` and `status`: what they write, and that all of it can be taken back.

use crate::machine::{self, ToolMachine as _, registered, text};
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
};
use test_support::{
    drivers::{built_library, real_driver},
    registration::{DRIVER, STOCK_DRIVER},
};

#[test]
fn the_driver_is_registered_for_everyone_and_unixodbc_sees_it() {
    let machine = machine::with_stock_driver();
    let out = machine.install(&[]).done();
    assert!(out.starts_with(&format!("Registered \"{DRIVER}\" in ")), "{out}");
    let real = real_driver().canonicalize().unwrap();
    for part in [text(&built_library()), text(&real), "18."] {
        assert!(out.contains(part), "{part}: {out}");
    }
    assert!(out.contains(&format!("({})", env!("CARGO_PKG_VERSION"))), "{out}");
    let seen = registered(&machine, DRIVER, false);
    assert!(
        seen.contains(&format!("Driver={}", built_library().display())),
        "{seen}"
    );
    let ini = machine.read("odbcinst.ini");
    assert!(ini.starts_with(&machine.stock_registration()), "{ini}");
    assert!(
        !ini.contains("RealDriver"),
        "what the search finds needs no naming: {ini}"
    );
}

#[test]
fn a_second_run_changes_nothing_and_uninstall_puts_everything_back_to_the_byte() {
    let machine = machine::with_stock_driver();
    let before = "; sources\n[old]\nDriver=Other";
    machine.write_ini("odbc.ini", before);
    let arguments = [
        "--replace",
        "--dsn",
        "payroll",
        "Server=contoso.database.windows.net",
    ];
    machine.install(&arguments).done();
    let written = [machine.read("odbcinst.ini"), machine.read("odbc.ini")];
    let files = machine.files();
    let out = machine.install(&arguments).done();
    assert!(out.starts_with("Nothing to change"), "{out}");
    assert_eq!([machine.read("odbcinst.ini"), machine.read("odbc.ini")], written);
    assert_eq!(machine.files(), files);
    machine.run(&["uninstall"]).done();
    assert_eq!(machine.read("odbcinst.ini"), machine.stock_registration());
    assert_eq!(machine.read("odbc.ini"), before);
    assert_eq!(machine.files(), ["odbc.ini", "odbcinst.ini"]);
    assert_eq!(machine.run(&["uninstall"]).done(), "Nothing is registered.\n");
}

#[test]
fn a_user_alone_gets_files_of_their_own_which_go_again() {
    let machine = machine::with_stock_driver();
    machine
        .install(&[
            "--user",
            "--dsn",
            "payroll",
            "Server=contoso.database.windows.net",
        ])
        .done();
    assert_eq!(machine.read("odbcinst.ini"), machine.stock_registration());
    assert!(registered(&machine, DRIVER, true).contains("Driver="));
    assert!(!registered(&machine, DRIVER, false).contains("Driver="));
    let source = machine.read("home/.odbc.ini");
    assert_eq!(
        source,
        format!("[payroll]\nDriver = {DRIVER}\nServer = contoso.database.windows.net\n")
    );
    machine.run(&["uninstall", "--user"]).done();
    assert_eq!(machine.files(), ["odbcinst.ini"]);
}

#[test]
fn the_stock_name_is_taken_over_without_freezing_a_version() {
    let machine = machine::with_stock_driver();
    let out = machine.install(&["--replace"]).done();
    assert!(out.contains(STOCK_DRIVER), "{out}");
    let seen = registered(&machine, STOCK_DRIVER, false);
    assert!(
        seen.contains(&format!("Driver={}", built_library().display())),
        "{seen}"
    );
    assert!(
        seen.contains("UsageCount=1") && seen.contains("Microsoft's"),
        "{seen}"
    );
    let ini = machine.read("odbcinst.ini");
    let directory = format!("RealDriver = {}\n", machine.path("microsoft").display());
    assert!(ini.contains(&directory), "{ini}");
}

#[test]
fn status_notices_that_an_upgrade_has_taken_the_name_back() {
    let machine = machine::with_stock_driver();
    machine.install(&["--replace"]).done();
    let status = machine.run(&["status", "--json"]).json();
    assert_eq!(status["problems"].as_array().unwrap().len(), 0, "{status}");
    assert_eq!(status["registered"][1]["is_ours"], true);
    assert_eq!(status["registered"][0]["version"], env!("CARGO_PKG_VERSION"));
    // As the package's scripts do it.
    let ini = machine.read("odbcinst.ini");
    let (head, tail) = ini.split_once(&format!("[{STOCK_DRIVER}]")).unwrap();
    let tail = tail.replacen(text(&built_library()), text(&machine.stock_driver()), 1);
    machine.register(&format!("{head}[{STOCK_DRIVER}]{tail}"));
    let run = machine.run(&["status"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.out.contains("taken the name back") && run.out.contains("install --replace"),
        "{}",
        run.out
    );
    machine.install(&["--replace"]).done();
    assert_eq!(machine.run(&["status"]).code, Some(0));
    machine.run(&["uninstall"]).done();
    let back = machine.read("odbcinst.ini");
    assert!(
        !back.contains("libentra_odbc") && back.contains(text(&machine.stock_driver())),
        "{back}"
    );
}

#[test]
fn a_library_that_moves_takes_the_stock_name_along() {
    let machine = machine::with_stock_driver();
    let [old, new] = ["old.so", "new.so"].map(|name| {
        fs::copy(built_library(), machine.path(name)).unwrap();
        machine.path(name)
    });
    machine
        .run(&["install", "--replace", "--library", text(&old)])
        .done();
    fs::remove_file(&old).unwrap();
    // What names it is named by status and doctor, since all programs fail that use the stock name.
    let run = machine.run(&["status"]);
    assert_eq!(run.code, Some(1));
    let told = format!(
        "[{STOCK_DRIVER}] in {} names {}",
        text(&machine.path("odbcinst.ini")),
        text(&old)
    );
    assert!(run.out.contains(&told), "{}", run.out);
    let doctor = machine.run(&["doctor", "--timeout", "1"]).out;
    assert!(doctor.contains(&told), "{doctor}");
    let out = machine.run(&["install", "--library", text(&new)]).done();
    assert!(out.contains(&format!("\"{STOCK_DRIVER}\"")), "{out}");
    for name in [STOCK_DRIVER, DRIVER] {
        let seen = registered(&machine, name, false);
        assert!(seen.contains(&format!("Driver={}", text(&new))), "{seen}");
    }
    assert_eq!(machine.run(&["status"]).code, Some(0));
    machine.run(&["uninstall"]).done();
    assert_eq!(machine.read("odbcinst.ini"), machine.stock_registration());
}

#[test]
fn status_notices_that_the_systems_file_hides_a_users_own() {
    let machine = machine::empty();
    machine.stock_driver();
    let microsoft = machine.path("microsoft");
    machine
        .install(&["--user", "--replace", "--real-driver", text(&microsoft)])
        .done();
    assert_eq!(machine.run(&["status"]).code, Some(0));
    // Microsoft's package is installed.
    machine.register(&machine.stock_registration());
    let run = machine.run(&["status"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.out.contains("hides the one in") && run.out.contains("entra-odbc install --replace"),
        "{}",
        run.out
    );
}

#[test]
fn an_entry_for_64_bits_that_would_win_is_written_as_well() {
    let machine = machine::with_stock_driver();
    let before = format!(
        "{}\n[{DRIVER}]\nDriver64=/gone.so\n",
        machine.stock_registration()
    );
    machine.register(&before);
    machine.install(&[]).done();
    assert_eq!(machine.run(&["status"]).code, Some(0));
    machine.run(&["uninstall"]).done();
    assert_eq!(machine.read("odbcinst.ini"), before);
}

#[test]
fn what_others_wrote_meanwhile_stays() {
    let machine = machine::with_stock_driver();
    machine.install(&[]).done();
    let grown = machine.read("odbcinst.ini") + "\n[Later]\nDriver=/later.so\n";
    machine.register(&grown);
    machine.run(&["uninstall"]).done();
    assert_eq!(
        machine.read("odbcinst.ini"),
        machine.stock_registration() + "\n[Later]\nDriver=/later.so\n"
    );
}

#[test]
fn status_shows_versions_sources_and_logs() {
    let machine = machine::with_stock_driver();
    let run = machine.run(&["status"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.out.contains("is not registered") && run.out.contains("entra-odbc install"),
        "{}",
        run.out
    );
    machine.install(&["--dsn", "payroll"]).done();
    let mut command = machine.tool_command(&["status"]);
    command
        .env("ENTRA_ODBC_LOG", "debug")
        .env("ENTRA_ODBC_LOG_FILE", "/var/log/x");
    let out = crate::tool::Run::of(&mut command).done();
    for part in [
        "payroll in ",
        "unixODBC",
        "2.3",
        "debug, to /var/log/x",
        "libmsodbcsql-18",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
}

#[test]
fn bad_input_is_refused_with_code_2_and_nothing_changed() {
    let machine = machine::with_stock_driver();
    machine.write_ini("odbc.ini", "[taken]\nDriver=Other\n");
    machine.file("text.so", "no library");
    let (library, stock) = (built_library(), machine.stock_driver());
    let refusals: [(&[&str], &str); 13] = [
        (&["install", "--library", "text.so"], "is not a shared library"),
        (
            &["install", "--library", text(&stock)],
            "is not entra-odbc's library",
        ),
        (&["install", "--library", "/nowhere.so"], "not found"),
        (&["install", "--real-driver", "/nowhere.so"], "not found"),
        (
            &["install", "--real-driver", text(machine.directory())],
            "no libmsodbcsql-18",
        ),
        (
            &["install", "--real-driver", text(&library)],
            "is entra-odbc itself",
        ),
        (&["install", "--dsn", "a]b"], "none of"),
        (&["install", "--dsn", "x", "PWD=s3cret"], "is a secret"),
        (&["install", "--dsn", "x", "PWD=s3cret;x"], "stands in braces"),
        (
            &["install", "--dsn", "x", "Authentication=ActiveDirectoryDefualt"],
            "Did you mean ActiveDirectoryDefault?",
        ),
        (
            &["install", "--dsn", "x", "Client_Id=y"],
            "did you mean ClientId=?",
        ),
        (&["install", "Server=x"], "--dsn"),
        (&["install", "--dsn", "taken"], "already"),
    ];
    for (arguments, reason) in refusals {
        let mut arguments = arguments.to_vec();
        if !arguments.contains(&"--library") {
            arguments.extend(["--library", text(&library)]);
        }
        let err = machine.run(&arguments).refused(2);
        assert!(
            err.contains(reason) && !err.contains("s3cret"),
            "{arguments:?}: {err}"
        );
        assert_eq!(machine.read("odbcinst.ini"), machine.stock_registration());
        assert_eq!(machine.files(), ["odbc.ini", "odbcinst.ini", "text.so"]);
    }
}

#[test]
fn files_that_make_no_sense_are_kept_as_they_are() {
    for bad in [
        "[open\n",
        "[A]\nwhat is this\n",
        "x=1\n",
        "\u{feff}[A]\nx=1\n",
        " [A]\nx=1\n",
    ] {
        let machine = machine::with_stock_driver();
        machine.register(bad);
        let err = machine.install(&[]).refused(2);
        assert!(err.contains("line "), "{err}");
        assert_eq!(machine.read("odbcinst.ini"), bad);
        assert_eq!(machine.files(), ["odbcinst.ini"]);
    }
    let machine = machine::empty();
    fs::create_dir(machine.path("odbcinst.ini")).unwrap();
    machine.install(&[]).refused(2);
    // The second file is bad: the first is not written either.
    let machine = machine::with_stock_driver();
    machine.write_ini("odbc.ini", "[open\n");
    machine.install(&["--dsn", "payroll"]).refused(2);
    assert_eq!(machine.read("odbcinst.ini"), machine.stock_registration());
}

#[test]
fn without_the_right_to_write_it_says_who_has_it() {
    let machine = machine::with_stock_driver();
    let ini = machine.path("odbcinst.ini");
    fs::set_permissions(machine.directory(), Permissions::from_mode(0o755)).unwrap();
    // Root may write anywhere: the test then runs the tool as nobody, who may not. Copies, since nobody may not see
    // where they were built either.
    let [tool, library] = [
        (env!("CARGO_BIN_EXE_entra-odbc").into(), "entra-odbc"),
        (built_library(), "library.so"),
    ]
    .map(|(from, name)| {
        fs::copy::<std::path::PathBuf, _>(from, machine.path(name)).unwrap();
        machine.path(name)
    });
    let arguments = ["install", "--library", text(&library)];
    let program = machine.tool_command(&arguments);
    let run = if nix::unistd::geteuid().is_root() {
        let mut command = std::process::Command::new("setpriv");
        command
            .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
            .arg(tool)
            .args(program.get_args())
            .env_clear()
            .envs(
                program
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .current_dir("/");
        crate::tool::Run::of(&mut command)
    } else {
        fs::set_permissions(machine.directory(), Permissions::from_mode(0o555)).unwrap();
        let run = machine.run(&arguments);
        fs::set_permissions(machine.directory(), Permissions::from_mode(0o755)).unwrap();
        run
    };
    let err = run.refused(2);
    assert!(
        err.contains("permission denied") && err.contains("sudo") && err.contains("--user"),
        "{err}"
    );
    assert_eq!(fs::read_to_string(ini).unwrap(), machine.stock_registration());
}

#[test]
fn without_driver_18_the_command_that_installs_it_is_shown() {
    let machine = machine::empty();
    let err = machine.install(&[]).refused(2);
    assert!(
        err.contains("Driver 18") && err.contains("not registered"),
        "{err}"
    );
    assert!(
        err.contains("msodbcsql18") || err.contains("learn.microsoft.com"),
        "{err}"
    );
    assert!(machine.files().is_empty());
    machine.install(&["--real-driver", text(&real_driver())]).done();
    assert!(machine.read("odbcinst.ini").contains("RealDriver = "));
}

#[test]
fn what_the_systems_file_would_hide_is_refused_for_a_user() {
    let machine = machine::with_stock_driver();
    let err = machine.install(&["--user", "--replace"]).refused(2);
    assert!(
        err.contains("prefers it") && err.contains("entra-odbc install --replace"),
        "{err}"
    );
    assert_eq!(machine.files(), ["odbcinst.ini"]);
}

#[test]
fn what_was_registered_by_hand_is_not_guessed_at() {
    let machine = machine::with_stock_driver();
    let by_hand = format!(
        "{}\n[{DRIVER}]\nDriver={}\n",
        machine.stock_registration(),
        built_library().display()
    );
    machine.register(&by_hand);
    let err = machine.run(&["uninstall"]).refused(2);
    assert!(err.contains("odbcinst -u -d -n"), "{err}");
    // Written over with the tool, it comes back as it was.
    machine.install(&[]).done();
    machine.run(&["uninstall"]).done();
    assert_eq!(machine.read("odbcinst.ini"), by_hand);
}

#[test]
fn without_a_home_the_system_can_still_be_looked_after() {
    let machine = machine::with_stock_driver();
    let library = built_library();
    let mut command = machine.tool_command(&["install", "--library", text(&library)]);
    command.env_remove("HOME").env_remove("ODBCINI");
    crate::tool::Run::of(&mut command).done();
    let mut command = machine.tool_command(&["install", "--user", "--library", text(&library)]);
    command.env_remove("HOME");
    let err = crate::tool::Run::of(&mut command).refused(2);
    assert!(err.contains("HOME is not set"), "{err}");
}

#[test]
fn many_at_once_do_not_get_in_each_others_way() {
    let machine = machine::with_stock_driver();
    let names = ["a", "b", "c", "d", "e", "f"];
    std::thread::scope(|scope| {
        for name in names {
            let machine = &machine;
            scope.spawn(move || machine.install(&["--replace", "--dsn", name]).done());
        }
    });
    let sources = machine.read("odbc.ini");
    for name in names {
        assert!(sources.contains(&format!("[{name}]")), "{sources}");
    }
    machine.run(&["uninstall"]).done();
    assert_eq!(machine.read("odbcinst.ini"), machine.stock_registration());
    assert_eq!(machine.files(), ["odbcinst.ini"]);
}
