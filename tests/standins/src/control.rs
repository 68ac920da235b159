//! The control endpoint of a playground: plain HTTP on the loopback address, for scripts and tests in other languages.
//!
//! | Request | Effect |
//! |---|---|
//! | `GET /` | addresses, ids and secrets |
//! | `GET /requests` | what reached Entra and the managed-identity endpoints, with `"service"` |
//! | `POST /requests/clear` | the same, and the record starts anew |
//! | `GET /logins` | who tried to log in to SQL Server, and what became of it |
//! | `GET /statements` | what SQL Server was asked to do |
//! | `GET /broken` | SQL Server's connections that ended in an error, and why |
//! | `POST /logins/clear` | SQL Server's record starts anew |
//! | `POST /connections/drop` | SQL Server closes all connections |
//! | `POST /fault` | `{"service": "entra", "path": "/token", "times": 1, "fault": "status", "status": 503}` |
//! | | likewise for `"managed_identity"`; `{"service": "sql_server", "fault": "close_during_login"}` |
//! | `POST /faults/clear` | forgets faults still to come |
//! | `POST /release` | lets answers go on that `hang_before` and `hang_midway` hold |
//! | `POST /lifetime` | `{"seconds": 5}` for tokens from now on |
//! | `POST /refresh_tokens` | `{"user": "ada@contoso.com", "state": "revoked"}`, or `"expired"`, or `"good"` |
//! | `POST /shutdown` | ends the program |

mod fault_json;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::entra::TokenState;
use crate::http::{Faults, Gate, Request, Response, Server};
use crate::playground::Playground;
use crate::record::{Record, Recorded};

/// Starts the control endpoint of a playground. What is to happen on `POST /shutdown` is the caller's.
#[must_use]
pub fn start(
    listen: SocketAddr,
    playground: Arc<Playground>,
    description: Value,
    shutdown: impl Fn() + Send + Sync + 'static,
) -> Server {
    let control = Control {
        playground,
        description,
        gate: Mutex::default(),
        shutdown: Box::new(shutdown),
    };
    Server::start(listen, None, move |request| match control.answer(request) {
        Ok(body) => Response::json(200, &body),
        Err(reason) => Response::json(400, &json!({ "error": reason })),
    })
}

struct Control {
    playground: Arc<Playground>,
    description: Value,
    /// The gate of all answers held at the moment.
    gate: Mutex<Gate>,
    shutdown: Box<dyn Fn() + Send + Sync>,
}

impl Control {
    fn answer(&self, request: &Request) -> Result<Value, String> {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/") => Ok(self.description.clone()),
            ("GET", "/requests") => Ok(self.requests(Record::requests)),
            ("POST", "/requests/clear") => Ok(self.requests(Record::take_requests)),
            ("POST", "/fault") => self.fault(&body(request)?),
            ("GET", "/logins") => Ok(json!(self.playground.sql_server.logins())),
            ("GET", "/statements") => Ok(json!(self.playground.sql_server.requests())),
            ("GET", "/broken") => Ok(json!(self.playground.sql_server.broken())),
            ("POST", "/logins/clear") => {
                self.playground.sql_server.forget();
                Ok(json!({}))
            }
            ("POST", "/connections/drop") => {
                self.playground.sql_server.drop_connections();
                Ok(json!({}))
            }
            ("POST", "/faults/clear") => {
                self.playground.sql_server.clear_faults();
                self.services().iter().for_each(|service| service.faults.clear());
                Ok(json!({}))
            }
            ("POST", "/release") => {
                std::mem::take(&mut *self.gate.lock().expect("no holder of the gate panics")).open();
                Ok(json!({}))
            }
            ("POST", "/lifetime") => {
                let json = body(request)?;
                let seconds = json
                    .get("seconds")
                    .and_then(Value::as_u64)
                    .ok_or("\"seconds\" is missing")?;
                self.playground.set_token_lifetime(Duration::from_secs(seconds));
                Ok(json!({}))
            }
            ("POST", "/refresh_tokens") => self.refresh_tokens(&body(request)?),
            ("POST", "/shutdown") => {
                (self.shutdown)();
                Ok(json!({}))
            }
            (method, path) => Err(format!("there is no {method} {path}")),
        }
    }

    fn services(&self) -> [Service<'_>; 2] {
        let (entra, managed_identity) = (&self.playground.entra, &self.playground.managed_identity);
        [
            Service {
                name: "entra",
                record: entra.record(),
                faults: entra.faults(),
            },
            Service {
                name: "managed_identity",
                record: managed_identity.record(),
                faults: managed_identity.faults(),
            },
        ]
    }

    fn requests(&self, read: fn(&Record) -> Vec<Recorded>) -> Value {
        let of = |service: &Service<'_>| {
            let name = service.name;
            read(service.record).into_iter().map(move |recorded| {
                let mut json = recorded.to_json();
                if let Value::Object(json) = &mut json {
                    json.insert("service".to_owned(), name.into());
                }
                json
            })
        };
        self.services().iter().flat_map(of).collect()
    }

    fn refresh_tokens(&self, json: &Value) -> Result<Value, String> {
        let field = |name| json.get(name).and_then(Value::as_str);
        let user = field("user").ok_or("\"user\" is missing")?;
        let state = match field("state") {
            Some("good") => TokenState::Good,
            Some("expired") => TokenState::Expired,
            Some("revoked") => TokenState::Revoked,
            _ => return Err("\"state\" must be good, expired or revoked".to_owned()),
        };
        self.playground.entra.set_refresh_tokens(user, state);
        Ok(json!({}))
    }

    fn fault(&self, json: &Value) -> Result<Value, String> {
        let name = json.get("service").and_then(Value::as_str).unwrap_or("entra");
        if name == "sql_server" {
            let fault = json.get("fault").cloned().ok_or("\"fault\" is missing")?;
            let fault = serde_json::from_value(fault).map_err(|reason| reason.to_string())?;
            self.playground.sql_server.inject(fault);
            return Ok(json!({}));
        }
        let services = self.services();
        let service = services.iter().find(|service| service.name == name);
        let service = service.ok_or_else(|| format!("there is no service \"{name}\""))?;
        let path = json.get("path").and_then(Value::as_str).unwrap_or_default();
        let gate = self.gate.lock().expect("no holder of the gate panics").clone();
        service
            .faults
            .inject(path, fault_json::times(json)?, fault_json::fault(json, &gate)?);
        Ok(json!({}))
    }
}

/// One stand-in, as this endpoint sees it.
struct Service<'a> {
    name: &'static str,
    record: &'a Record,
    faults: &'a Faults,
}

fn body(request: &Request) -> Result<Value, String> {
    serde_json::from_slice(&request.body).map_err(|error| format!("the body is not JSON: {error}"))
}

#[cfg(test)]
mod tests;
