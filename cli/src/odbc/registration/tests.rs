use super::*;
use std::fs;

/// An ini file in a directory of its own.
struct TestFile(PathBuf);

impl TestFile {
    fn new(name: &str, content: Option<&[u8]>) -> Self {
        let here =
            std::env::temp_dir().join(format!("entra-odbc-registration-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&here);
        fs::create_dir_all(&here).unwrap();
        let test_file = Self(here);
        if let Some(content) = content {
            fs::write(test_file.file(), content).unwrap();
        }
        test_file
    }

    fn file(&self) -> PathBuf {
        self.0.join("odbcinst.ini")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }

    fn registration(&self) -> Registration {
        Registration::read(&self.file()).unwrap()
    }

    /// Whether anything changed.
    fn install(&self, wanted: &[Section]) -> bool {
        let pending = self.registration().with_sections(wanted);
        apply(pending.as_slice(), None).unwrap();
        pending.is_some()
    }

    fn uninstall(&self) -> bool {
        let pending = self.registration().restored(Edited::Removed);
        apply(pending.as_slice(), None).unwrap();
        pending.is_some()
    }

    fn names(&self) -> usize {
        fs::read_dir(&self.0).unwrap().count()
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn section(name: &str, driver: &str) -> Section {
    Section {
        name: name.to_owned(),
        entries: vec![("Driver".to_owned(), driver.to_owned())],
    }
}

const STOCK: &str =
    "# by hand\n[Stock]\nDescription=Microsoft's\nDriver=/opt/stock-18.6.so\nUsageCount=1\n\n; the end";

#[test]
fn what_was_there_comes_back_to_the_byte() {
    for (name, before) in [
        ("none", None),
        ("empty", Some(&b""[..])),
        ("stock", Some(STOCK.as_bytes())),
        ("latin", Some(b"[Gr\xf6\xdfe]\r\nDriver = /x.so\r\n\r\n")),
    ] {
        let test_file = TestFile::new(name, before);
        assert!(test_file.install(&[section("Ours", "/ours.so")]));
        assert!(test_file.install(&[section("Ours", "/ours.so"), section("Stock", "/ours.so")]));
        assert!(!test_file.install(&[section("Ours", "/ours.so")]));
        assert!(!test_file.install(&[section("Stock", "/ours.so")]));
        assert!(test_file.uninstall());
        assert_eq!(fs::read(test_file.file()).ok().as_deref(), before, "{name}");
        assert_eq!(test_file.names(), usize::from(before.is_some()), "{name}");
        assert!(!test_file.uninstall());
    }
}

#[test]
fn a_name_that_is_taken_over_keeps_its_other_entries() {
    let test_file = TestFile::new("entries", Some(STOCK.as_bytes()));
    test_file.install(&[section("stock", "/ours.so")]);
    assert_eq!(
        test_file.text(),
        STOCK.replace("Driver=/opt/stock-18.6.so", "Driver = /ours.so")
    );
}

#[test]
fn what_others_wrote_since_stays_and_only_ours_goes() {
    let test_file = TestFile::new("others", Some(STOCK.as_bytes()));
    test_file.install(&[section("Ours", "/ours.so"), section("Stock", "/ours.so")]);
    let changed = test_file.text().replace("UsageCount=1", "UsageCount=2") + "\n[Later]\nDriver=/later.so\n";
    fs::write(test_file.file(), changed).unwrap();
    assert!(
        !test_file.install(&[section("Ours", "/ours.so")]),
        "it is there still"
    );
    assert!(test_file.uninstall());
    let expected = STOCK.replace("UsageCount=1", "UsageCount=2") + "\n\n[Later]\nDriver=/later.so\n";
    assert_eq!(test_file.text(), expected);
}

#[test]
fn a_name_that_an_upgrade_took_back_is_noticed_and_left_to_it() {
    let test_file = TestFile::new("upgrade", Some(STOCK.as_bytes()));
    test_file.install(&[section("Ours", "/ours.so"), section("Stock", "/ours.so")]);
    let upgraded = test_file.text().replace(
        "Driver = /ours.so\nUsageCount",
        "Driver=/opt/stock-18.7.so\nUsageCount",
    );
    fs::write(test_file.file(), &upgraded).unwrap();
    let registration = test_file.registration();
    let changed: Vec<_> = registration
        .changed_sections()
        .map(|section| section.name.as_str())
        .collect();
    assert_eq!(changed, ["Stock"]);
    // Taken over again, and then undone: the upgrade's name is what comes back.
    assert!(test_file.install(&[section("Stock", "/ours.so")]));
    assert!(test_file.uninstall());
    assert_eq!(test_file.text(), STOCK.replace("18.6", "18.7") + "\n");
}

#[test]
fn what_an_upgrade_took_back_is_left_to_it_until_it_is_wanted_again() {
    let test_file = TestFile::new("left", Some(STOCK.as_bytes()));
    test_file.install(&[section("Ours", "/ours.so"), section("Stock", "/ours.so")]);
    let upgraded = test_file.text().replace(
        "Driver = /ours.so\nUsageCount",
        "Driver=/opt/stock-18.7.so\nUsageCount",
    );
    fs::write(test_file.file(), &upgraded).unwrap();
    // Something else changes.
    assert!(test_file.install(&[section("Ours", "/moved.so")]));
    assert_eq!(test_file.text(), upgraded.replace("/ours.so", "/moved.so"));
    assert_eq!(test_file.registration().changed_sections().count(), 1);
    assert!(test_file.uninstall());
    assert_eq!(test_file.text(), STOCK.replace("18.6", "18.7") + "\n");
}

#[test]
fn what_someone_changed_in_one_section_stays_when_another_is_written() {
    let source = |database: &str, more: &[&str]| {
        let entries = [&["Driver", "Ours", "Database", database][..], more].concat();
        let pairs = entries
            .chunks(2)
            .map(|pair| (pair[0].to_owned(), pair[1].to_owned()));
        vec![Section {
            name: "payroll".to_owned(),
            entries: pairs.collect(),
        }]
    };
    let test_file = TestFile::new("edited", None);
    test_file.install(&source("payroll", &["Encrypt", "yes"]));
    let edited = test_file.text().replace("= payroll", "= archive") + "ApplicationIntent = ReadOnly\n";
    fs::write(test_file.file(), &edited).unwrap();
    test_file.install(&[section("Other", "/ours.so")]);
    assert_eq!(test_file.text(), edited + "\n[Other]\nDriver = /ours.so\n");
    // A second registration updates our entries, and keeps those of others.
    test_file.install(&source("finance", &[]));
    assert_eq!(
        test_file.text(),
        "[payroll]\nDriver = Ours\nDatabase = finance\nApplicationIntent = ReadOnly\n\n[Other]\nDriver = /ours.so\n"
    );
    assert!(test_file.uninstall());
    assert!(!test_file.file().exists());
}

#[test]
fn nothing_is_written_before_it_happens() {
    let test_file = TestFile::new("before", Some(STOCK.as_bytes()));
    let pending = test_file
        .registration()
        .with_sections(&[section("Ours", "/ours.so")]);
    assert!(pending.is_some());
    assert_eq!(test_file.names(), 1, "Ctrl-C would leave it behind");
}

#[test]
fn what_a_killed_run_has_left_is_no_obstacle_and_goes() {
    let test_file = TestFile::new("killed", Some(STOCK.as_bytes()));
    // A container's processes often have the same number in each run.
    let left = [std::process::id(), 1].map(|id| test_file.0.join(format!(".odbcinst.ini.{id}.new")));
    for left in &left {
        fs::write(left, "half").unwrap();
    }
    let pending = test_file
        .registration()
        .with_sections(&[section("Ours", "/ours.so")]);
    apply(pending.as_slice(), file::lock_directory_of(&test_file.file())).unwrap();
    assert_eq!(test_file.names(), 2);
    assert!(test_file.text().contains("/ours.so"));
}

#[test]
fn a_section_that_someone_made_theirs_is_not_removed() {
    let test_file = TestFile::new("theirs", None);
    test_file.install(&[section("Ours", "/ours.so")]);
    fs::write(
        test_file.file(),
        test_file.text().replace("/ours.so", "/theirs.so"),
    )
    .unwrap();
    assert!(test_file.uninstall());
    assert_eq!(test_file.text(), "[Ours]\nDriver = /theirs.so\n");
}

#[test]
fn a_malformed_file_or_past_is_refused_and_kept() {
    let test_file = TestFile::new("malformed", Some(b"[Open\n"));
    assert!(matches!(
        Registration::read(&test_file.file()),
        Err(Failure::Refused { .. })
    ));
    assert_eq!(test_file.text(), "[Open\n");
    let test_file = TestFile::new("past", Some(b""));
    fs::write(Backup::path(&test_file.file()), "{\"version\":9}").unwrap();
    assert!(matches!(
        Registration::read(&test_file.file()),
        Err(Failure::Refused { .. })
    ));
}
