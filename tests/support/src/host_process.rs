//! A host in a process of its own, mostly in Python, that a test leads line by line, to do things between two steps of it.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use crate::{hosts::python, machine::Machine};

/// Longer than anything takes here, shorter than a test runner's own limit.
const LINE_TIMEOUT: Duration = Duration::from_mins(1);

/// What every program begins with: `say` prints a line, `hear` waits for one.
const PRELUDE: &str = "
import os, signal, sys, threading, time
import pyodbc
def say(*words):
    print(*words, flush=True)
def hear():
    return sys.stdin.readline().strip()
";

/// The running host; dropped, it is killed.
pub struct HostProcess {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl HostProcess {
    /// Starts Python with a program and its `sys.argv[1:]`.
    pub fn start<Standins>(machine: &Machine<Standins>, program: &str, arguments: &[&str]) -> Self {
        let mut command = machine.command(python());
        command
            .arg("-c")
            .arg(format!("{PRELUDE}{program}"))
            .args(arguments);
        Self::spawn(command)
    }

    /// Starts any program.
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            output
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        Self {
            input: child.stdin.take().unwrap(),
            child,
            lines,
        }
    }

    /// The next line that it prints.
    pub fn read_line(&self) -> String {
        match self.lines.recv_timeout(LINE_TIMEOUT) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => panic!("the host printed nothing for {LINE_TIMEOUT:?}"),
            Err(RecvTimeoutError::Disconnected) => panic!("the host ended"),
        }
    }

    /// Writes a line to its standard input.
    pub fn write_line(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    /// Asks it to end, as an operator does.
    pub fn terminate(&self) {
        let id = self.child.id().to_string();
        let kill = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(kill.success());
    }

    /// Waits for its end, which has to come within `timeout`: how it ended and how long that took.
    pub fn wait(&mut self, timeout: Duration) -> (ExitStatus, Duration) {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, start.elapsed());
            }
            assert!(
                start.elapsed() < timeout,
                "the host has not ended after {timeout:?}"
            );
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
