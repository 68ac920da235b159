use super::*;
use std::fs;

/// An ini file in a directory of its own.
struct Bench(PathBuf);

impl Bench {
    fn new(name: &str, content: Option<&[u8]>) -> Self {
        let here =
            std::env::temp_dir().join(format!("entra-odbc-registration-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&here);
        fs::create_dir_all(&here).unwrap();
        let bench = Self(here);
        if let Some(content) = content {
            fs::write(bench.file(), content).unwrap();
        }
        bench
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
        let pending = self.registration().with(wanted).unwrap();
        pending.map(|pending| pending.commit().unwrap()).is_some()
    }

    fn uninstall(&self) -> bool {
        let pending = self.registration().without().unwrap();
        pending.map(|pending| pending.commit().unwrap()).is_some()
    }

    fn names(&self) -> usize {
        fs::read_dir(&self.0).unwrap().count()
    }
}

impl Drop for Bench {
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
        let bench = Bench::new(name, before);
        assert!(bench.install(&[section("Ours", "/ours.so")]));
        assert!(bench.install(&[section("Ours", "/ours.so"), section("Stock", "/ours.so")]));
        assert!(!bench.install(&[section("Ours", "/ours.so")]));
        assert!(!bench.install(&[section("Stock", "/ours.so")]));
        assert!(bench.uninstall());
        assert_eq!(fs::read(bench.file()).ok().as_deref(), before, "{name}");
        assert_eq!(bench.names(), usize::from(before.is_some()), "{name}");
        assert!(!bench.uninstall());
    }
}

#[test]
fn a_name_that_is_taken_over_keeps_its_other_entries() {
    let bench = Bench::new("entries", Some(STOCK.as_bytes()));
    bench.install(&[section("stock", "/ours.so")]);
    assert_eq!(
        bench.text(),
        STOCK.replace("Driver=/opt/stock-18.6.so", "Driver = /ours.so")
    );
}

#[test]
fn what_others_wrote_since_stays_and_only_ours_goes() {
    let bench = Bench::new("others", Some(STOCK.as_bytes()));
    bench.install(&[section("Ours", "/ours.so"), section("Stock", "/ours.so")]);
    let changed = bench.text().replace("UsageCount=1", "UsageCount=2") + "\n[Later]\nDriver=/later.so\n";
    fs::write(bench.file(), changed).unwrap();
    assert!(
        !bench.install(&[section("Ours", "/ours.so")]),
        "it is there still"
    );
    assert!(bench.uninstall());
    let expected = STOCK.replace("UsageCount=1", "UsageCount=2") + "\n\n[Later]\nDriver=/later.so\n";
    assert_eq!(bench.text(), expected);
}

#[test]
fn a_name_that_an_upgrade_took_back_is_noticed_and_left_to_it() {
    let bench = Bench::new("upgrade", Some(STOCK.as_bytes()));
    bench.install(&[section("Ours", "/ours.so"), section("Stock", "/ours.so")]);
    let upgraded = bench.text().replace(
        "Driver = /ours.so\nUsageCount",
        "Driver=/opt/stock-18.7.so\nUsageCount",
    );
    fs::write(bench.file(), &upgraded).unwrap();
    let registration = bench.registration();
    let changed: Vec<_> = registration
        .changed_since()
        .map(|section| section.name.as_str())
        .collect();
    assert_eq!(changed, ["Stock"]);
    // Taken over again, and then undone: the upgrade's name is what comes back.
    assert!(bench.install(&[section("Stock", "/ours.so")]));
    assert!(bench.uninstall());
    assert_eq!(bench.text(), STOCK.replace("18.6", "18.7") + "\n");
}

#[test]
fn a_section_that_someone_made_theirs_is_not_removed() {
    let bench = Bench::new("theirs", None);
    bench.install(&[section("Ours", "/ours.so")]);
    fs::write(bench.file(), bench.text().replace("/ours.so", "/theirs.so")).unwrap();
    assert!(bench.uninstall());
    assert_eq!(bench.text(), "[Ours]\nDriver = /theirs.so\n");
}

#[test]
fn a_malformed_file_or_past_is_refused_and_kept() {
    let bench = Bench::new("malformed", Some(b"[Open\n"));
    assert!(matches!(
        Registration::read(&bench.file()),
        Err(Failure::Refused { .. })
    ));
    assert_eq!(bench.text(), "[Open\n");
    let bench = Bench::new("past", Some(b""));
    fs::write(State::path(&bench.file()), "{\"version\":9}").unwrap();
    assert!(matches!(
        Registration::read(&bench.file()),
        Err(Failure::Refused { .. })
    ));
}
