//! Runs the stand-ins as a program: for `make demo`, for containers, and for tests in other languages.
//!
//! When all is ready, one line of JSON on standard output tells addresses, ids and secrets. The program ends when its
//! standard input closes (so that a script that dies leaves nothing behind), at SIGTERM or SIGINT, or on
//! `POST /shutdown` to its control endpoint.

use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use serde_json::Value;
use standins::control;
use standins::playground::{Playground, PlaygroundOptions};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "usage: standins [options]
  --directory DIR                write the authority's certificate there, as ca.pem (default: .)
  --listen ADDRESS               where the stand-ins listen (default: 127.0.0.1)
  --entra-port PORT              0, the default, is a port of the system's choice; likewise:
  --managed-identity-port PORT
  --sql-port PORT
  --control-port PORT            the control endpoint listens on 127.0.0.1 alone
  --name NAME                    a further name for the certificates; may be repeated
  --token-lifetime SECONDS       for how long tokens live (default: as the real ones)
  --detached                     do not end when standard input closes";

struct Options {
    playground: PlaygroundOptions,
    directory: PathBuf,
    control_port: u16,
    detached: bool,
}

fn main() -> ExitCode {
    match options(std::env::args().skip(1)).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("standins: {reason}");
            ExitCode::from(2)
        }
    }
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        playground: PlaygroundOptions::default(),
        directory: PathBuf::from("."),
        control_port: 0,
        detached: false,
    };
    while let Some(name) = arguments.next() {
        if name == "--detached" {
            options.detached = true;
            continue;
        }
        let value = arguments
            .next()
            .ok_or_else(|| format!("{name} is unknown or lacks a value\n{USAGE}"))?;
        let bad = |reason: &dyn std::fmt::Display| format!("{name} {value}: {reason}");
        let port = || value.parse::<u16>().map_err(|reason| bad(&reason));
        match name.as_str() {
            "--directory" => options.directory = PathBuf::from(value),
            "--listen" => options.playground.listen = value.parse().map_err(|reason| bad(&reason))?,
            "--entra-port" => options.playground.entra_port = port()?,
            "--managed-identity-port" => options.playground.managed_identity_port = port()?,
            "--sql-port" => options.playground.sql_port = port()?,
            "--control-port" => options.control_port = port()?,
            "--name" => options.playground.names.push(value),
            "--token-lifetime" => {
                let seconds = value.parse().map_err(|reason| bad(&reason))?;
                options.playground.token_lifetime = Some(Duration::from_secs(seconds));
            }
            _ => return Err(format!("{name} is unknown\n{USAGE}")),
        }
    }
    Ok(options)
}

fn run(options: &Options) -> Result<(), String> {
    let playground = Arc::new(Playground::start(&options.playground));
    std::fs::create_dir_all(&options.directory)
        .map_err(|reason| format!("{}: {reason}", options.directory.display()))?;
    let directory = options.directory.canonicalize();
    let ca = directory
        .unwrap_or_else(|_| options.directory.clone())
        .join("ca.pem");
    std::fs::write(&ca, playground.ca.pem()).map_err(|reason| format!("{}: {reason}", ca.display()))?;

    let (ended, end) = mpsc::channel();
    // Before the line of JSON, so that whoever reads it may send a signal at once.
    end_at_signals(ended.clone())?;
    if !options.detached {
        let ended = ended.clone();
        std::thread::spawn(move || {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            let _ = ended.send(());
        });
    }

    let mut description = playground.description();
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, options.control_port));
    if let Value::Object(description) = &mut description {
        description.insert("ca".to_owned(), ca.to_string_lossy().into());
    }
    let control = control::start(listen, playground, description.clone(), move || {
        let _ = ended.send(());
    });
    if let Value::Object(description) = &mut description {
        description.insert(
            "control".to_owned(),
            format!("http://{}", control.address()).into(),
        );
    }
    println!("{description}");
    // All senders gone would be an end as well.
    let _ = end.recv();
    Ok(())
}

fn end_at_signals(ended: mpsc::Sender<()>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|reason| reason.to_string())?;
    let handler = |kind| {
        let _entered = runtime.enter();
        signal(kind).map_err(|reason| reason.to_string())
    };
    let (mut terminate, mut interrupt) = (
        handler(SignalKind::terminate())?,
        handler(SignalKind::interrupt())?,
    );
    std::thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        });
        let _ = ended.send(());
    });
    Ok(())
}
