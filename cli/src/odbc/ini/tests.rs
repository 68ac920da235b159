use super::*;

const FILE: &str = "; drivers of this machine\n[One]\nDriver = /one.so\n#Driver=/no.so\n\n[two] ; as ever\n  DRIVER=/two.so ; it is \n";

fn ini(text: &str) -> Ini {
    Ini::parse(text.as_bytes()).unwrap()
}

fn text(ini: &Ini) -> String {
    String::from_utf8(ini.bytes()).unwrap()
}

#[test]
fn a_file_is_read_as_unixodbc_reads_it() {
    let file = ini(FILE);
    assert_eq!(file.get("ONE", "driver"), Some("/one.so"));
    assert_eq!(file.get("Two", "Driver"), Some("/two.so ; it is"));
    assert_eq!(file.get("One", "Setup"), None);
    assert_eq!(file.get("Three", "Driver"), None);
    assert_eq!(file.sections().collect::<Vec<_>>(), ["One", "two"]);
    let twice = ini("[A]\nx=1\nX=2\n[a]\nx=3\n");
    assert_eq!(twice.get("a", "x"), Some("1"));
}

#[test]
fn what_is_not_meant_stays_as_it_was() {
    let mut file = ini(FILE);
    assert_eq!(text(&file), FILE);
    file.set("one", "Driver", "/new.so");
    file.set("One", "RealDriver", "/real.so");
    let expected = FILE.replace("Driver = /one.so\n", "Driver = /new.so\nRealDriver = /real.so\n");
    assert_eq!(text(&file), expected);
    file.copy_entry(&ini(FILE), "One", "Driver");
    file.copy_entry(&ini(FILE), "One", "RealDriver");
    assert_eq!(text(&file), FILE);
}

#[test]
fn a_new_section_stands_at_the_end_and_can_go_again() {
    for before in [
        "",
        "[One]\nDriver=/one.so",
        "[One]\nDriver=/one.so\n",
        "# only a comment\n\n",
    ] {
        let mut file = ini(before);
        file.set("New", "Driver", "/new.so");
        file.set("New", "Description", "x");
        let after = text(&file);
        assert!(
            after.ends_with("[New]\nDriver = /new.so\nDescription = x\n"),
            "{after}"
        );
        let again = {
            let mut again = ini(&after);
            again.set("New", "Driver", "/new.so");
            text(&again)
        };
        assert_eq!(again, after);
        file.remove("new");
        assert_eq!(text(&file).trim_end(), before.trim_end());
    }
}

#[test]
fn comments_below_a_section_that_goes_stay() {
    let mut file = ini("[A]\nx=1\n\n[B]\ny=1\n; about C\n[C]\nz=1\n");
    file.remove("B");
    assert_eq!(text(&file), "[A]\nx=1\n; about C\n[C]\nz=1\n");
}

#[test]
fn bytes_that_are_no_utf_8_are_kept() {
    let bytes = b"[Gr\xf6\xdfe]\nDriver=/x.so\n";
    let mut file = Ini::parse(bytes).unwrap();
    file.set("New", "Driver", "/new.so");
    assert!(file.bytes().starts_with(bytes));
}

#[test]
fn what_unixodbc_would_not_understand_is_named_by_its_line() {
    let malformed = |text: &str| Ini::parse(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        malformed("[A]\nx=1\n[B\n"),
        "line 3: a section's name is not closed by ]"
    );
    assert_eq!(
        malformed("[A]\nhello\n"),
        "line 2: neither a section, an entry nor a comment"
    );
    assert_eq!(
        malformed("x=1\n[A]\n"),
        "line 1: an entry before the first section"
    );
    assert_eq!(malformed("[A]\nx=\0\n"), "line 2: it has a NUL byte");
    assert!(malformed("\u{feff}[A]\nx=1\n").contains("byte order mark"));
    assert!(malformed("; x\n [A]\nx=1\n").starts_with("line 2: blanks before the first section"));
    assert_eq!(ini("  ; x\n[A]\nx=1\n [B]\nx=2\n").get("B", "x"), Some("2"));
}
