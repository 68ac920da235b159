//! A secret that is typed at the terminal, and not shown there.

use crate::{system::signals::Held, ui::failure::Failure};
use nix::sys::termios::{self, LocalFlags, SetArg, Termios};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
};
use zeroize::Zeroizing;

/// The longest secret that can be typed or pasted: a terminal's line has 4,096 bytes, less its end.
const LONGEST: usize = 64 * 1024;

/// Ctrl-C, Ctrl-D, and what the rubout keys send.
const INTERRUPT: u8 = 3;
const END: u8 = 4;
const RUBOUT: [u8; 2] = [8, 127];
const KILL_LINE: u8 = 21;

/// Asks for a secret at the terminal, whatever standard input and output are.
pub fn secret(what: &str) -> Result<Zeroizing<String>, Failure> {
    let refused = |why: &str| {
        Failure::refused(
            format!("{what} is to be typed, but {why}"),
            "Read it from a file (@FILE) or from standard input (-).",
        )
    };
    let terminal = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/tty")
        .map_err(|_| refused("there is no terminal"))?;
    let mut quiet = Quiet::of(terminal).map_err(|error| refused(&format!("the terminal fails: {error}")))?;
    quiet.ask(what).map_err(|error| match error.kind() {
        io::ErrorKind::Interrupted => Failure::Interrupted,
        _ => refused(&error.to_string()),
    })
}

/// A terminal that shows nothing of what is typed; dropped, it is as it was.
///
/// It hands over each byte, Ctrl-C as well: a signal would end the program and leave the terminal mute.
struct Quiet {
    terminal: File,
    before: Termios,
    /// Last, so that a signal from elsewhere ends the program once the terminal is as it was.
    held: Held,
}

impl Quiet {
    fn of(terminal: File) -> nix::Result<Self> {
        let held = Held::back();
        let before = termios::tcgetattr(&terminal)?;
        let mut mute = before.clone();
        mute.local_flags &= !(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG);
        termios::tcsetattr(&terminal, SetArg::TCSAFLUSH, &mute)?;
        Ok(Self {
            terminal,
            before,
            held,
        })
    }

    fn ask(&mut self, what: &str) -> io::Result<Zeroizing<String>> {
        let label = what.trim_end_matches('=');
        write!(self.terminal, "{label}: ")?;
        let line = self.line();
        writeln!(self.terminal)?;
        let line = line?;
        match std::str::from_utf8(&line) {
            Ok(text) => Ok(Zeroizing::new(text.to_owned())),
            Err(_) => Err(io::Error::other("it is not UTF-8 text")),
        }
    }

    fn line(&mut self) -> io::Result<Zeroizing<Vec<u8>>> {
        let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
        let mut byte = [0];
        loop {
            self.held.until_readable(&self.terminal)?;
            if self.terminal.read(&mut byte)? == 0 {
                return Ok(line);
            }
            match byte {
                [b'\n' | b'\r' | END] => return Ok(line),
                [INTERRUPT] => return Err(io::ErrorKind::Interrupted.into()),
                [KILL_LINE] => line.clear(),
                [byte] if RUBOUT.contains(&byte) => {
                    // The whole of a character.
                    while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
                }
                [byte] if line.len() < LONGEST => line.push(byte),
                _ => return Err(io::Error::other("it is too long")),
            }
        }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = termios::tcsetattr(&self.terminal, SetArg::TCSAFLUSH, &self.before);
    }
}
