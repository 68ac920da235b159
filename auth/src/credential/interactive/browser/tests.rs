//! Openers that are scripts.

use super::*;
use crate::os::child::tests::write_script;
use std::{fs, time::Instant};

/// A directory with openers in it, gone in the end.
struct Desk(PathBuf);

impl Desk {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("entra-odbc-browser-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A program that writes down how it was called and ends so.
    fn with(self, name: &str, code: i32) -> Self {
        let path = self.0.join(name);
        let log = self.0.join("calls");
        write_script(
            &path,
            &format!("echo {name} \"$@\" >>{}\nexit {code}", log.display()),
        );
        self
    }

    fn browser(&self, variables: &[(&str, &str)]) -> Browser {
        let here = ("PATH", self.0.to_str().unwrap());
        Browser::from_environment(&Environment::fixed(variables.iter().copied().chain([here])).with_tools())
    }

    fn open(&self, variables: &[(&str, &str)]) -> (Result<(), String>, String) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let opened = runtime.block_on(self.browser(variables).open("https://login.example/?a&b"));
        let calls = fs::read_to_string(self.0.join("calls")).unwrap_or_default();
        (opened, calls)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const SCREEN: (&str, &str) = ("DISPLAY", ":0");

#[test]
fn what_the_environment_names_comes_before_what_the_desktop_has() {
    let desk = Desk::new("named").with("mine", 0).with("xdg-open", 0);
    let (opened, calls) = desk.open(&[SCREEN, ("BROWSER", "absent:mine --new=%s now:xdg-open")]);
    assert_eq!(opened, Ok(()));
    assert_eq!(calls, "mine --new=https://login.example/?a&b now\n");
}

#[test]
fn an_opener_that_fails_gives_way_to_the_next() {
    let desk = Desk::new("next").with("xdg-open", 3).with("gio", 0);
    let (opened, calls) = desk.open(&[SCREEN]);
    assert_eq!(opened, Ok(()));
    assert_eq!(
        calls,
        "xdg-open https://login.example/?a&b\ngio open https://login.example/?a&b\n"
    );
    let desk = Desk::new("none").with("xdg-open", 3);
    let failure = desk.open(&[SCREEN]).0.unwrap_err();
    assert!(failure.contains("exit code 3"), "{failure}");
}

#[test]
fn without_a_screen_there_is_no_browser_unless_one_is_named() {
    let desk = Desk::new("screen").with("xdg-open", 0);
    assert!(!desk.browser(&[]).is_prompt());
    assert!(desk.browser(&[SCREEN]).is_prompt());
    assert!(desk.browser(&[("WAYLAND_DISPLAY", "wayland-0")]).is_prompt());
    assert!(desk.browser(&[("BROWSER", "xdg-open")]).is_prompt());
    assert!(!desk.browser(&[("BROWSER", "absent")]).is_prompt());
    assert_eq!(desk.open(&[]).0, Err("none was found".to_owned()));
}

#[test]
fn a_privileged_program_opens_nothing() {
    let desk = Desk::new("privileged").with("xdg-open", 0);
    let environment = Environment::fixed([("PATH", desk.0.to_str().unwrap()), SCREEN]);
    assert!(!Browser::from_environment(&environment).is_prompt());
}

#[test]
fn an_opener_that_is_the_browser_itself_keeps_nobody_waiting_for_its_end() {
    let desk = Desk::new("itself");
    let path = desk.0.join("xdg-open");
    let fifo = desk.0.join("fifo");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    write_script(&path, &format!("read line <{}", fifo.display()));
    let start = Instant::now();
    assert_eq!(desk.open(&[SCREEN]).0, Ok(()));
    assert!(start.elapsed() >= OPENER_TIMEOUT);
    fs::write(&fifo, "end\n").unwrap();
}
