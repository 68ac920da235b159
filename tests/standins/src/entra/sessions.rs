//! What Entra remembers between requests: refresh tokens, authorization codes, device codes, browsers, consents.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use uuid::Uuid;

/// For how long an authorization code is good; Entra's are for about ten minutes, and once.
const CODE_LIFE: Duration = Duration::from_mins(10);

/// All that is remembered, behind one lock.
#[derive(Default)]
pub(super) struct Sessions(Mutex<Memory>);

#[derive(Default)]
struct Memory {
    refresh_tokens: HashMap<String, RefreshToken>,
    codes: HashMap<String, IssuedCode>,
    devices: Vec<Device>,
    device_life: Option<Duration>,
    device_interval: Option<Duration>,
    /// Who is signed in, by the browser's cookie.
    browsers: HashMap<String, String>,
    /// Which applications someone has agreed to.
    consents: HashSet<String>,
    keeps_old: bool,
}

/// Whose a refresh token is.
#[derive(Debug, Clone)]
pub(super) struct RefreshToken {
    pub(super) user: String,
    pub(super) client_id: String,
    /// What was asked for when it was issued.
    pub(super) scope: Option<String>,
    /// Whether the person showed more than a password.
    pub(super) strong: bool,
    pub(super) state: TokenState,
}

/// What became of a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenState {
    /// It is good.
    Good,
    /// It was not used for too long.
    Expired,
    /// The user's password changed, or an administrator took it back.
    Revoked,
}

/// What an authorization code stands for.
#[derive(Debug, Clone)]
pub(super) struct AuthorizationCode {
    pub(super) user: String,
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) scope: String,
}

struct IssuedCode {
    code: AuthorizationCode,
    expires: Instant,
    redeemed: bool,
}

/// What an authorization code turns out to be.
pub(super) enum Code {
    Unknown,
    Expired,
    Redeemed,
    Good(AuthorizationCode),
}

/// A sign-in that a device waits for.
#[derive(Debug, Clone)]
pub(super) struct Device {
    pub(super) secret_code: String,
    pub(super) user_code: String,
    pub(super) client_id: String,
    pub(super) scope: String,
    pub(super) decision: Decision,
    expires: Instant,
    last_poll: Option<Instant>,
}

/// What the person said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    None,
    Approved(String),
    Declined,
    /// The device has its tokens.
    Redeemed,
}

/// How often a device may ask; Entra says five seconds, a test has less time.
const INTERVAL: Duration = Duration::from_secs(1);

/// What a device that asks is told.
pub(super) enum Poll {
    Unknown,
    Expired,
    TooSoon,
    Decided(Device),
}

impl Sessions {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().expect("no holder of the sessions panics")
    }

    pub(super) fn new_refresh_token(&self, token: RefreshToken) -> String {
        let text = secret("0.A");
        self.memory().refresh_tokens.insert(text.clone(), token);
        text
    }

    pub(super) fn refresh_token(&self, text: &str) -> Option<RefreshToken> {
        self.memory().refresh_tokens.get(text).cloned()
    }

    /// A refresh token was redeemed: a strict Entra takes it back.
    pub(super) fn redeemed(&self, text: &str) {
        let mut memory = self.memory();
        if !memory.keeps_old {
            memory.refresh_tokens.remove(text);
        }
    }

    pub(super) fn set_refresh_tokens(&self, user: &str, state: TokenState) {
        for token in self.memory().refresh_tokens.values_mut() {
            if token.user == user {
                token.state = state;
            }
        }
    }

    pub(super) fn keep_old_refresh_tokens(&self, keep: bool) {
        self.memory().keeps_old = keep;
    }

    pub(super) fn new_code(&self, code: AuthorizationCode) -> String {
        let text = secret("1.A");
        let issued = IssuedCode {
            code,
            expires: Instant::now() + CODE_LIFE,
            redeemed: false,
        };
        self.memory().codes.insert(text.clone(), issued);
        text
    }

    pub(super) fn code(&self, text: &str) -> Code {
        match self.memory().codes.get(text) {
            None => Code::Unknown,
            Some(issued) if issued.redeemed => Code::Redeemed,
            Some(issued) if issued.expires <= Instant::now() => Code::Expired,
            Some(issued) => Code::Good(issued.code.clone()),
        }
    }

    /// A code is good once.
    pub(super) fn redeem_code(&self, text: &str) {
        if let Some(issued) = self.memory().codes.get_mut(text) {
            issued.redeemed = true;
        }
    }

    /// Ends the codes that were not redeemed yet.
    pub(super) fn expire_codes(&self) {
        for issued in self.memory().codes.values_mut() {
            issued.expires = Instant::now();
        }
    }

    /// A person has signed in with this browser: the value of its cookie.
    pub(super) fn new_browser(&self, user: &str) -> String {
        let text = secret("0.B");
        self.memory().browsers.insert(text.clone(), user.to_owned());
        text
    }

    pub(super) fn browser(&self, cookie: &str) -> Option<String> {
        self.memory().browsers.get(cookie).cloned()
    }

    pub(super) fn forget_browser(&self, cookie: &str) {
        self.memory().browsers.remove(cookie);
    }

    pub(super) fn consent(&self, client_id: &str) {
        self.memory().consents.insert(client_id.to_lowercase());
    }

    pub(super) fn has_consent(&self, client_id: &str) -> bool {
        self.memory().consents.contains(&client_id.to_lowercase())
    }

    pub(super) fn set_device_life(&self, life: Duration) {
        self.memory().device_life = Some(life);
    }

    pub(super) fn set_device_interval(&self, interval: Duration) {
        self.memory().device_interval = Some(interval);
    }

    pub(super) fn device_interval(&self) -> Duration {
        self.memory().device_interval.unwrap_or(INTERVAL)
    }

    pub(super) fn new_device(&self, client_id: &str, scope: &str) -> (Device, Duration) {
        let mut memory = self.memory();
        let life = memory.device_life.unwrap_or(Duration::from_mins(15));
        let letters = Uuid::new_v4().simple().to_string().to_uppercase();
        let device = Device {
            secret_code: secret("D"),
            user_code: letters.chars().take(9).collect(),
            client_id: client_id.to_owned(),
            scope: scope.to_owned(),
            decision: Decision::None,
            expires: Instant::now() + life,
            last_poll: None,
        };
        memory.devices.push(device.clone());
        (device, life)
    }

    /// A device asks whether the person has decided.
    pub(super) fn poll(&self, device_code: &str) -> Poll {
        let interval = self.device_interval();
        let mut memory = self.memory();
        let found = memory
            .devices
            .iter_mut()
            .find(|device| device.secret_code == device_code);
        let Some(device) = found else {
            return Poll::Unknown;
        };
        let now = Instant::now();
        // A tenth of tolerance, as the network has its own pace.
        let too_soon = device
            .last_poll
            .is_some_and(|last| now < last + interval.mul_f64(0.9));
        device.last_poll = Some(now);
        if now >= device.expires {
            Poll::Expired
        } else if too_soon && device.decision == Decision::None {
            Poll::TooSoon
        } else {
            Poll::Decided(device.clone())
        }
    }

    /// A device's code is good once as well.
    pub(super) fn redeem_device(&self, device_code: &str) {
        for device in &mut self.memory().devices {
            if device.secret_code == device_code {
                device.decision = Decision::Redeemed;
            }
        }
    }

    /// The person decides; whether there is such a code that still waits.
    pub(super) fn decide(&self, user_code: &str, decision: Decision) -> bool {
        let mut memory = self.memory();
        let code = user_code.trim().to_uppercase();
        let now = Instant::now();
        let waits = |device: &&mut Device| {
            device.user_code == code && device.decision == Decision::None && now < device.expires
        };
        let found = memory.devices.iter_mut().find(waits);
        let known = found.is_some();
        if let Some(device) = found {
            device.decision = decision;
        }
        known
    }

    /// Codes that nobody has decided on yet, the oldest first.
    pub(super) fn open_user_codes(&self) -> Vec<String> {
        let memory = self.memory();
        let open = memory
            .devices
            .iter()
            .filter(|device| device.decision == Decision::None);
        open.map(|device| device.user_code.clone()).collect()
    }
}

/// An opaque text that nobody guesses.
fn secret(prefix: &str) -> String {
    let bytes = [*Uuid::new_v4().as_bytes(), *Uuid::new_v4().as_bytes()].concat();
    format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
}
