//! `install`, `uninstall` and `status`: what they write, and that all of it can be taken back.

use crate::{
    library::{built_library, real_driver},
    machine::{OURS, Place, STOCK, registered, text},
};
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
};

#[test]
fn the_driver_is_registered_for_everyone_and_unixodbc_sees_it() {
    let place = Place::with_stock();
    let out = place.install(&[]).done();
    assert!(out.starts_with(&format!("Registered \"{OURS}\" in ")), "{out}");
    let real = real_driver().canonicalize().unwrap();
    for part in [text(&built_library()), text(&real), "18."] {
        assert!(out.contains(part), "{part}: {out}");
    }
    assert!(out.contains(&format!("({})", env!("CARGO_PKG_VERSION"))), "{out}");
    let seen = registered(&place, OURS, false);
    assert!(
        seen.contains(&format!("Driver={}", built_library().display())),
        "{seen}"
    );
    let ini = place.read("odbcinst.ini");
    assert!(ini.starts_with(&place.stock()), "{ini}");
    assert!(
        !ini.contains("RealDriver"),
        "what the search finds needs no naming: {ini}"
    );
}

#[test]
fn a_second_run_changes_nothing_and_uninstall_puts_everything_back_to_the_byte() {
    let place = Place::with_stock();
    let before = "; sources\n[old]\nDriver=Other";
    place.write("odbc.ini", before);
    let arguments = [
        "--replace",
        "--dsn",
        "payroll",
        "Server=contoso.database.windows.net",
    ];
    place.install(&arguments).done();
    let written = [place.read("odbcinst.ini"), place.read("odbc.ini")];
    let files = place.files();
    let out = place.install(&arguments).done();
    assert!(out.starts_with("Nothing to change"), "{out}");
    assert_eq!([place.read("odbcinst.ini"), place.read("odbc.ini")], written);
    assert_eq!(place.files(), files);
    place.run(&["uninstall"]).done();
    assert_eq!(place.read("odbcinst.ini"), place.stock());
    assert_eq!(place.read("odbc.ini"), before);
    assert_eq!(place.files(), ["odbc.ini", "odbcinst.ini"]);
    assert_eq!(place.run(&["uninstall"]).done(), "Nothing is registered.\n");
}

#[test]
fn a_user_alone_gets_files_of_their_own_which_go_again() {
    let place = Place::with_stock();
    place
        .install(&[
            "--user",
            "--dsn",
            "payroll",
            "Server=contoso.database.windows.net",
        ])
        .done();
    assert_eq!(place.read("odbcinst.ini"), place.stock());
    assert!(registered(&place, OURS, true).contains("Driver="));
    assert!(!registered(&place, OURS, false).contains("Driver="));
    let source = place.read("home/.odbc.ini");
    assert_eq!(
        source,
        format!("[payroll]\nDriver = {OURS}\nServer = contoso.database.windows.net\n")
    );
    place.run(&["uninstall", "--user"]).done();
    assert_eq!(place.files(), ["odbcinst.ini"]);
}

#[test]
fn the_stock_name_is_taken_over_without_freezing_a_version() {
    let place = Place::with_stock();
    let out = place.install(&["--replace"]).done();
    assert!(out.contains(STOCK), "{out}");
    let seen = registered(&place, STOCK, false);
    assert!(
        seen.contains(&format!("Driver={}", built_library().display())),
        "{seen}"
    );
    assert!(
        seen.contains("UsageCount=1") && seen.contains("Microsoft's"),
        "{seen}"
    );
    let ini = place.read("odbcinst.ini");
    let directory = format!("RealDriver = {}\n", place.path("microsoft").display());
    assert!(ini.contains(&directory), "{ini}");
}

#[test]
fn status_notices_that_an_upgrade_has_taken_the_name_back() {
    let place = Place::with_stock();
    place.install(&["--replace"]).done();
    let status = place.run(&["status", "--json"]).json();
    assert_eq!(status["problems"].as_array().unwrap().len(), 0, "{status}");
    assert_eq!(status["registered"][1]["is_ours"], true);
    assert_eq!(status["registered"][0]["version"], env!("CARGO_PKG_VERSION"));
    // As the package's scripts do it.
    let ini = place.read("odbcinst.ini");
    let (head, tail) = ini.split_once(&format!("[{STOCK}]")).unwrap();
    let tail = tail.replacen(text(&built_library()), text(&place.stock_driver()), 1);
    place.write("odbcinst.ini", format!("{head}[{STOCK}]{tail}"));
    let run = place.run(&["status"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.out.contains("taken the name back") && run.out.contains("install --replace"),
        "{}",
        run.out
    );
    place.install(&["--replace"]).done();
    assert_eq!(place.run(&["status"]).code, Some(0));
    place.run(&["uninstall"]).done();
    let back = place.read("odbcinst.ini");
    assert!(
        !back.contains("libentra_odbc") && back.contains(text(&place.stock_driver())),
        "{back}"
    );
}

#[test]
fn a_library_that_moves_takes_the_stock_name_along() {
    let place = Place::with_stock();
    let [old, new] = ["old.so", "new.so"].map(|name| {
        fs::copy(built_library(), place.path(name)).unwrap();
        place.path(name)
    });
    place
        .run(&["install", "--replace", "--library", text(&old)])
        .done();
    fs::remove_file(&old).unwrap();
    // What names it is named by status and doctor, since all programs fail that use the stock name.
    let run = place.run(&["status"]);
    assert_eq!(run.code, Some(1));
    let told = format!(
        "[{STOCK}] in {} names {}",
        text(&place.path("odbcinst.ini")),
        text(&old)
    );
    assert!(run.out.contains(&told), "{}", run.out);
    let doctor = place.run(&["doctor", "--timeout", "1"]).out;
    assert!(doctor.contains(&told), "{doctor}");
    let out = place.run(&["install", "--library", text(&new)]).done();
    assert!(out.contains(&format!("\"{STOCK}\"")), "{out}");
    for name in [STOCK, OURS] {
        let seen = registered(&place, name, false);
        assert!(seen.contains(&format!("Driver={}", text(&new))), "{seen}");
    }
    assert_eq!(place.run(&["status"]).code, Some(0));
    place.run(&["uninstall"]).done();
    assert_eq!(place.read("odbcinst.ini"), place.stock());
}

#[test]
fn status_notices_that_the_systems_file_hides_a_users_own() {
    let place = Place::empty();
    place.stock_driver();
    let microsoft = place.path("microsoft");
    place
        .install(&["--user", "--replace", "--real-driver", text(&microsoft)])
        .done();
    assert_eq!(place.run(&["status"]).code, Some(0));
    // Microsoft's package is installed.
    place.write("odbcinst.ini", place.stock());
    let run = place.run(&["status"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.out.contains("hides the one in") && run.out.contains("sudo entra-odbc install --replace"),
        "{}",
        run.out
    );
}

#[test]
fn an_entry_for_64_bits_that_would_win_is_written_as_well() {
    let place = Place::with_stock();
    let before = format!("{}\n[{OURS}]\nDriver64=/gone.so\n", place.stock());
    place.write("odbcinst.ini", &before);
    place.install(&[]).done();
    assert_eq!(place.run(&["status"]).code, Some(0));
    place.run(&["uninstall"]).done();
    assert_eq!(place.read("odbcinst.ini"), before);
}

#[test]
fn what_others_wrote_meanwhile_stays() {
    let place = Place::with_stock();
    place.install(&[]).done();
    let grown = place.read("odbcinst.ini") + "\n[Later]\nDriver=/later.so\n";
    place.write("odbcinst.ini", &grown);
    place.run(&["uninstall"]).done();
    assert_eq!(
        place.read("odbcinst.ini"),
        place.stock() + "\n[Later]\nDriver=/later.so\n"
    );
}

#[test]
fn status_shows_versions_sources_and_logs() {
    let place = Place::with_stock();
    let run = place.run(&["status"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.out.contains("is not registered") && run.out.contains("entra-odbc install"),
        "{}",
        run.out
    );
    place.install(&["--dsn", "payroll"]).done();
    let mut command = place.command(&["status"]);
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
    let place = Place::with_stock();
    place.write("odbc.ini", "[taken]\nDriver=Other\n");
    place.write("text.so", "no library");
    let (library, stock) = (built_library(), place.stock_driver());
    let refusals: [(&[&str], &str); 10] = [
        (&["install", "--library", "text.so"], "is not a shared library"),
        (
            &["install", "--library", text(&stock)],
            "is not entra-odbc's library",
        ),
        (&["install", "--library", "/nowhere.so"], "not found"),
        (&["install", "--real-driver", "/nowhere.so"], "not found"),
        (
            &["install", "--real-driver", text(&place.directory)],
            "no libmsodbcsql-18",
        ),
        (
            &["install", "--real-driver", text(&library)],
            "is entra-odbc itself",
        ),
        (&["install", "--dsn", "a]b"], "none of"),
        (&["install", "--dsn", "x", "PWD=s3cret"], "is a secret"),
        (&["install", "Server=x"], "--dsn"),
        (&["install", "--dsn", "taken"], "already"),
    ];
    for (arguments, reason) in refusals {
        let mut arguments = arguments.to_vec();
        if !arguments.contains(&"--library") {
            arguments.extend(["--library", text(&library)]);
        }
        let err = place.run(&arguments).refused(2);
        assert!(
            err.contains(reason) && !err.contains("s3cret"),
            "{arguments:?}: {err}"
        );
        assert_eq!(place.read("odbcinst.ini"), place.stock());
        assert_eq!(place.files(), ["odbc.ini", "odbcinst.ini", "text.so"]);
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
        let place = Place::with_stock();
        place.write("odbcinst.ini", bad);
        let err = place.install(&[]).refused(2);
        assert!(err.contains("line "), "{err}");
        assert_eq!(place.read("odbcinst.ini"), bad);
        assert_eq!(place.files(), ["odbcinst.ini"]);
    }
    let place = Place::empty();
    fs::create_dir(place.path("odbcinst.ini")).unwrap();
    place.install(&[]).refused(2);
    // The second file is bad: the first is not written either.
    let place = Place::with_stock();
    place.write("odbc.ini", "[open\n");
    place.install(&["--dsn", "payroll"]).refused(2);
    assert_eq!(place.read("odbcinst.ini"), place.stock());
}

#[test]
fn without_the_right_to_write_it_says_who_has_it() {
    let place = Place::with_stock();
    let ini = place.path("odbcinst.ini");
    fs::set_permissions(&place.directory, Permissions::from_mode(0o755)).unwrap();
    // Root may write anywhere: the test then runs the tool as nobody, who may not. Copies, since nobody may not see
    // where they were built either.
    let [tool, library] = [
        (env!("CARGO_BIN_EXE_entra-odbc").into(), "entra-odbc"),
        (built_library(), "library.so"),
    ]
    .map(|(from, name)| {
        fs::copy::<std::path::PathBuf, _>(from, place.path(name)).unwrap();
        place.path(name)
    });
    let arguments = ["install", "--library", text(&library)];
    let program = place.command(&arguments);
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
        fs::set_permissions(&place.directory, Permissions::from_mode(0o555)).unwrap();
        let run = place.run(&arguments);
        fs::set_permissions(&place.directory, Permissions::from_mode(0o755)).unwrap();
        run
    };
    let err = run.refused(2);
    assert!(
        err.contains("permission denied") && err.contains("sudo") && err.contains("--user"),
        "{err}"
    );
    assert_eq!(fs::read_to_string(ini).unwrap(), place.stock());
}

#[test]
fn without_driver_18_the_command_that_installs_it_is_shown() {
    let place = Place::empty();
    let err = place.install(&[]).refused(2);
    assert!(
        err.contains("Driver 18") && err.contains("not registered"),
        "{err}"
    );
    assert!(
        err.contains("msodbcsql18") || err.contains("learn.microsoft.com"),
        "{err}"
    );
    assert!(place.files().is_empty());
    place.install(&["--real-driver", text(&real_driver())]).done();
    assert!(place.read("odbcinst.ini").contains("RealDriver = "));
}

#[test]
fn what_the_systems_file_would_hide_is_refused_for_a_user() {
    let place = Place::with_stock();
    let err = place.install(&["--user", "--replace"]).refused(2);
    assert!(
        err.contains("prefers it") && err.contains("sudo entra-odbc install --replace"),
        "{err}"
    );
    assert_eq!(place.files(), ["odbcinst.ini"]);
}

#[test]
fn what_was_registered_by_hand_is_not_guessed_at() {
    let place = Place::with_stock();
    let by_hand = format!(
        "{}\n[{OURS}]\nDriver={}\n",
        place.stock(),
        built_library().display()
    );
    place.write("odbcinst.ini", &by_hand);
    let err = place.run(&["uninstall"]).refused(2);
    assert!(err.contains("odbcinst -u -d -n"), "{err}");
    // Written over with the tool, it comes back as it was.
    place.install(&[]).done();
    place.run(&["uninstall"]).done();
    assert_eq!(place.read("odbcinst.ini"), by_hand);
}

#[test]
fn without_a_home_the_system_can_still_be_looked_after() {
    let place = Place::with_stock();
    let library = built_library();
    let mut command = place.command(&["install", "--library", text(&library)]);
    command.env_remove("HOME").env_remove("ODBCINI");
    crate::tool::Run::of(&mut command).done();
    let mut command = place.command(&["install", "--user", "--library", text(&library)]);
    command.env_remove("HOME");
    let err = crate::tool::Run::of(&mut command).refused(2);
    assert!(err.contains("HOME is not set"), "{err}");
}

#[test]
fn many_at_once_do_not_get_in_each_others_way() {
    let place = Place::with_stock();
    let names = ["a", "b", "c", "d", "e", "f"];
    std::thread::scope(|scope| {
        for name in names {
            let place = &place;
            scope.spawn(move || place.install(&["--replace", "--dsn", name]).done());
        }
    });
    let sources = place.read("odbc.ini");
    for name in names {
        assert!(sources.contains(&format!("[{name}]")), "{sources}");
    }
    place.run(&["uninstall"]).done();
    assert_eq!(place.read("odbcinst.ini"), place.stock());
    assert_eq!(place.files(), ["odbcinst.ini"]);
}
