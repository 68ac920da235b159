//! Prompts for a secret, without echo.

use crate::{system::signals::BlockedSignals, ui::failure::Failure};
use nix::sys::termios::{self, LocalFlags, SetArg, Termios};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
};
use zeroize::Zeroizing;

/// The longest secret that can be typed or pasted; a line in canonical mode would end at 4,095 bytes.
const MAX_LENGTH: usize = 64 * 1024;

/// The control characters of the keys Ctrl-C, Ctrl-D, Backspace or Delete, and Ctrl-U.
const INTERRUPT: u8 = 3;
const END_OF_INPUT: u8 = 4;
const ERASE: [u8; 2] = [8, 127];
const KILL_LINE: u8 = 21;

/// Asks for a secret on the controlling terminal, even where standard input and output are redirected.
pub fn read_secret(what: &str) -> Result<Zeroizing<String>, Failure> {
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
    let mut terminal =
        NoEcho::enable(terminal).map_err(|error| refused(&format!("the terminal fails: {error}")))?;
    terminal.read_secret(what).map_err(|error| match error.kind() {
        io::ErrorKind::Interrupted => Failure::Interrupted,
        _ => refused(&error.to_string()),
    })
}

/// A terminal in raw input mode without echo; its settings are restored on drop.
///
/// Ctrl-C is read as a byte: a signal would end the process and leave the echo off.
struct NoEcho {
    terminal: File,
    settings: Termios,
    /// Last, so that a signal from elsewhere is delivered once the settings are restored.
    signals: BlockedSignals,
}

impl NoEcho {
    fn enable(terminal: File) -> nix::Result<Self> {
        let signals = BlockedSignals::block();
        let settings = termios::tcgetattr(&terminal)?;
        let mut no_echo = settings.clone();
        no_echo.local_flags &= !(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG);
        termios::tcsetattr(&terminal, SetArg::TCSAFLUSH, &no_echo)?;
        Ok(Self {
            terminal,
            settings,
            signals,
        })
    }

    fn read_secret(&mut self, what: &str) -> io::Result<Zeroizing<String>> {
        let label = what.trim_end_matches('=');
        write!(self.terminal, "{label}: ")?;
        let line = self.read_line();
        writeln!(self.terminal)?;
        let line = line?;
        match std::str::from_utf8(&line) {
            Ok(text) => Ok(Zeroizing::new(text.to_owned())),
            Err(_) => Err(io::Error::other("it is not UTF-8 text")),
        }
    }

    fn read_line(&mut self) -> io::Result<Zeroizing<Vec<u8>>> {
        let mut line = Zeroizing::new(Vec::with_capacity(MAX_LENGTH));
        let mut byte = [0];
        loop {
            self.signals.wait_readable(&self.terminal)?;
            if self.terminal.read(&mut byte)? == 0 {
                return Ok(line);
            }
            match byte {
                [b'\n' | b'\r' | END_OF_INPUT] => return Ok(line),
                [INTERRUPT] => return Err(io::ErrorKind::Interrupted.into()),
                [KILL_LINE] => line.clear(),
                [byte] if ERASE.contains(&byte) => {
                    // All bytes of a UTF-8 character.
                    while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
                }
                [byte] if line.len() < MAX_LENGTH => line.push(byte),
                _ => return Err(io::Error::other("it is too long")),
            }
        }
    }
}

impl Drop for NoEcho {
    fn drop(&mut self) {
        let _ = termios::tcsetattr(&self.terminal, SetArg::TCSAFLUSH, &self.settings);
    }
}
