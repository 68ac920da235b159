//! Several services that share a directory, as several processes do.

use super::*;
use crate::{
    ErrorKind, Secret,
    credential::{BoxFuture, Credential, SignIn, SignInSource},
    token::{
        TokenService,
        service::tests::{Script, entry, soon, text, until_asked},
    },
};
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

/// A user's runtime directory, and a directory in memory for all; removed at the end.
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("entra-odbc-shared-{}-{name}", std::process::id()));
        let place = Self(root);
        fs::create_dir_all(place.runtime()).unwrap();
        fs::create_dir_all(place.memory()).unwrap();
        fs::set_permissions(place.runtime(), Permissions::from_mode(0o700)).unwrap();
        place
    }

    pub(crate) fn runtime(&self) -> PathBuf {
        self.0.join("runtime")
    }

    pub(crate) fn memory(&self) -> PathBuf {
        self.0.join("memory")
    }

    /// The directory that is used.
    pub(crate) fn path(&self) -> PathBuf {
        self.runtime().join("entra-odbc")
    }

    pub(crate) fn sharing(&self) -> Sharing {
        Sharing::within(&self.runtime(), &self.memory())
    }

    pub(crate) fn directory(&self) -> PrivateDirectory {
        self.sharing().open().unwrap()
    }

    /// A sign-in that shares its token here.
    fn sign_in(&self, script: &Arc<Script>, name: &str) -> SignIn {
        let mut sign_in = script.sign_in(name);
        sign_in.shared = Some(self.sharing());
        sign_in
    }

    /// The files with tokens.
    fn entries(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.path())
            .unwrap()
            .map(|file| file.unwrap().path());
        files
            .filter(|path| key::is_entry(path.file_name().unwrap().to_str().unwrap()))
            .collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(super) fn name(key: &Key, identity: &str) -> Name {
    key.name(&IdentityKey::builder(identity).unwrap().finish())
        .unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn what_one_process_got_the_next_one_finds() {
    let place = Place::new("found");
    let script = Script::open();
    for _ in 0..3 {
        let issued = TokenService::new().token(&place.sign_in(&script, "one"), soon());
        assert_eq!(text(&issued.unwrap()), "token-1");
    }
    assert_eq!(script.asked(), 1);
    let files: Vec<_> = fs::read_dir(place.path())
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    assert_eq!(files.len(), 3, "key, lock and token: {files:?}");
    assert!(files.iter().all(|path| mode(path) == 0o600));
}

/// A credential that does not say whether its tokens may be shared.
#[derive(Debug)]
struct Tool(Arc<dyn Credential>);
impl Credential for Tool {
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        self.0.token(request)
    }
}

#[test]
fn nothing_is_shared_unless_asked_for_and_allowed_by_the_credential() {
    let place = Place::new("off");
    let script = Script::open();
    for _ in 0..2 {
        TokenService::new().token(&script.sign_in("one"), soon()).unwrap();
    }
    assert_eq!(script.asked(), 2);
    assert!(!place.path().exists());

    for _ in 0..2 {
        let plain = script.sign_in("tool");
        let SignInSource::Credential(inner) = plain.source() else {
            panic!()
        };
        let key = IdentityKey::builder("tool").unwrap().finish();
        let mut sign_in = SignIn::requesting(key, "tool", "scope", Tool(Arc::clone(inner)));
        sign_in.shared = Some(place.sharing());
        TokenService::new().token(&sign_in, soon()).unwrap();
    }
    assert_eq!(script.asked(), 4);
    assert!(!place.path().exists());
}

/// A tool to which someone else has signed in before it answers.
#[derive(Debug)]
struct Switched(Arc<dyn Credential>);
impl Credential for Switched {
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        self.0.token(request)
    }

    fn is_current(&self) -> bool {
        false
    }

    fn is_shareable(&self) -> bool {
        true
    }
}

#[test]
fn a_token_of_whoever_signed_in_meanwhile_is_neither_kept_nor_taken() {
    let place = Place::new("switched");
    let script = Script::open();
    let switched = || {
        let mut sign_in = place.sign_in(&script, "tool");
        let SignInSource::Credential(inner) = sign_in.source() else {
            panic!()
        };
        let inner = Switched(Arc::clone(inner));
        sign_in = SignIn::requesting(sign_in.key, "tool", "scope", inner);
        sign_in.shared = Some(place.sharing());
        sign_in
    };
    let token = |sign_in: &SignIn| text(&TokenService::new().token(sign_in, soon()).unwrap()).to_owned();
    assert_eq!(token(&switched()), "token-1");
    assert!(place.entries().is_empty());
    assert_eq!(token(&place.sign_in(&script, "tool")), "token-2");
    assert_eq!(place.entries().len(), 1);
    assert_eq!(token(&switched()), "token-3");
    assert_eq!(token(&place.sign_in(&script, "tool")), "token-2");
}

#[test]
fn another_identity_finds_nothing() {
    let place = Place::new("identities");
    let script = Script::open();
    let key = |secret| {
        let key = IdentityKey::builder("ServicePrincipal").unwrap();
        key.with("secret", secret).finish()
    };
    for (secret, expected) in [("right", "token-1"), ("wrong", "token-2"), ("right", "token-1")] {
        let mut sign_in = place.sign_in(&script, "x");
        sign_in.key = key(secret);
        let issued = TokenService::new().token(&sign_in, soon()).unwrap();
        assert_eq!(text(&issued), expected);
    }
    // Nor does a token that someone renamed.
    let [one, other] = <[PathBuf; 2]>::try_from(place.entries()).unwrap();
    fs::rename(one, other).unwrap();
    let mut asked = Vec::new();
    for secret in ["right", "wrong"] {
        let mut sign_in = place.sign_in(&script, "x");
        sign_in.key = key(secret);
        asked.push(text(&TokenService::new().token(&sign_in, soon()).unwrap()).to_owned());
    }
    assert_eq!(asked, ["token-3", "token-4"]);
}

#[test]
fn sixteen_processes_make_one_request_and_share_its_token() {
    let place = Place::new("storm");
    let script = Script::closed();
    let tokens = thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| TokenService::new().token(&place.sign_in(&script, "one"), soon())))
            .collect();
        until_asked(&script, 1);
        script.gate.add_permits(1);
        let issued = threads.into_iter().map(|thread| thread.join().unwrap().unwrap());
        issued.map(|issued| text(&issued).to_owned()).collect::<Vec<_>>()
    });
    assert!(tokens.iter().all(|token| token == "token-1"), "{tokens:?}");
    assert_eq!(script.asked(), 1);
}

#[test]
fn those_who_wait_share_a_refusal_and_who_comes_later_asks_for_itself() {
    let place = Place::new("refusal");
    let key = IdentityKey::builder("one").unwrap().finish();
    let shelf = || StoreKey::new(&place.sharing(), key).open("scope").unwrap();
    let refusal = Error::new(ErrorKind::Refused { code: 7 }, "as scripted");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let deadline = Deadline::at(soon());
    runtime.block_on(async {
        let (requesting, waiting) = (shelf(), shelf());
        let Ok(Acquire::Locked(lock)) = requesting.acquire(None, &deadline).await else {
            panic!("nobody else asks")
        };
        let until = deadline.clone();
        let waiting = tokio::spawn(async move { waiting.acquire(None, &until).await });
        // It looks once and sleeps.
        tokio::task::yield_now().await;
        requesting.publish(&Err(refusal.clone()), &lock).unwrap();
        drop(lock);
        let heard = waiting.await.unwrap();
        assert!(matches!(heard, Ok(Acquire::Failed(error)) if error == refusal));
        assert!(matches!(
            shelf().acquire(None, &deadline).await,
            Ok(Acquire::Locked(_))
        ));
    });
}

#[test]
fn who_waits_for_another_process_gives_up_in_time() {
    let place = Place::new("late");
    let script = Script::closed();
    let (one, other) = (TokenService::new(), TokenService::new());
    thread::scope(|scope| {
        let asking = scope.spawn(|| one.token(&place.sign_in(&script, "one"), soon()));
        until_asked(&script, 1);
        let start = Instant::now();
        let hasty = start + Duration::from_millis(100);
        let error = other.token(&place.sign_in(&script, "one"), hasty).unwrap_err();
        assert_eq!(error.kind().name(), "timed_out");
        assert!(start.elapsed() < Duration::from_secs(8));
        script.gate.add_permits(5);
        assert_eq!(text(&asking.join().unwrap().unwrap()), "token-1");
    });
}

#[test]
fn a_lock_that_nobody_lets_go_does_not_keep_a_process_from_its_token() {
    let place = Place::new("stuck");
    let script = Script::open();
    let key = Key::load_or_create(&place.directory()).unwrap();
    let _stuck = FileLock::try_acquire_in(&place.directory(), &name(&key, "one").lock()).unwrap();
    let issued = TokenService::new()
        .token(
            &place.sign_in(&script, "one"),
            Instant::now() + Duration::from_secs(2),
        )
        .unwrap();
    assert_eq!(text(&issued), "token-1");
}

#[test]
fn corrupt_and_ended_tokens_are_passed_over_and_replaced() {
    let place = Place::new("bad");
    let script = Script::open();
    let get = || {
        let issued = TokenService::new().token(&place.sign_in(&script, "one"), soon());
        text(&issued.unwrap()).to_owned()
    };
    assert_eq!(get(), "token-1");
    for content in [vec![], vec![0; 100], vec![0xff; 200_000]] {
        fs::write(place.entries().pop().unwrap(), content).unwrap();
        let expected = format!("token-{}", script.asked() + 1);
        assert_eq!((get(), get()), (expected.clone(), expected));
    }
    // Well made, but of a token that has ended.
    let (directory, now) = (place.directory(), Moment::now());
    let key = Key::load_or_create(&directory).unwrap();
    let name = name(&key, "one");
    let mut ended = Token::received(Secret::new("ended".into()), now.wall + Duration::from_hours(1));
    ended.issued.wall -= Duration::from_hours(2);
    ended.expires_on -= Duration::from_hours(2);
    let file = record::write(&ended, &key, &name, now).unwrap();
    directory.replace(&name.entry(), &file, now.wall).unwrap();
    assert_eq!(get(), "token-5");
}

#[test]
fn without_a_directory_or_its_key_each_process_asks_for_itself() {
    let place = Place::new("alone");
    let script = Script::open();
    let get = || TokenService::new().token(&place.sign_in(&script, "one"), soon());
    drop(place.directory());
    fs::write(place.path().join("key"), "too short").unwrap();
    get().unwrap();
    get().unwrap();
    assert_eq!(script.asked(), 2);
    fs::set_permissions(place.path(), Permissions::from_mode(0o755)).unwrap();
    get().unwrap();
    assert_eq!(script.asked(), 3);
    assert_eq!(place.entries().len(), 0);
}

#[test]
fn a_refused_token_is_not_read_back_and_its_successor_is_shared() {
    let place = Place::new("refused");
    let mut script = Script::open();
    Arc::get_mut(&mut script).unwrap().age = Duration::from_secs(61);
    let services: Vec<_> = (0..3).map(|_| TokenService::new()).collect();
    let sign_in = place.sign_in(&script, "one");
    let refused: Vec<_> = services
        .iter()
        .map(|service| service.token(&sign_in, soon()).unwrap().token)
        .collect();
    for (service, refused) in services.iter().zip(&refused) {
        assert_eq!(refused.text.expose(), "token-1");
        let fresh = service.replace_refused(&sign_in, refused, soon()).unwrap();
        assert_eq!(fresh.text.expose(), "token-2");
    }
    assert_eq!(script.asked(), 2);
}

#[test]
fn a_renewal_takes_what_another_process_renewed_and_writes_its_own_through() {
    let place = Place::new("renewed");
    let mut script = Script::open();
    Arc::get_mut(&mut script).unwrap().life = Duration::from_secs(3);
    let services: Vec<_> = (0..4).map(|_| TokenService::new()).collect();
    let sign_in = place.sign_in(&script, "one");
    for service in &services {
        assert_eq!(text(&service.token(&sign_in, soon()).unwrap()), "token-1");
    }
    // Due after 2 s; each of the four keeps its own.
    until_asked(&script, 2);
    let all_have = |expected: &str| {
        let has = |service: &TokenService| {
            let entry = entry(service, &sign_in);
            let state = entry.state();
            state
                .token
                .as_ref()
                .is_some_and(|token| token.text.expose() == expected)
        };
        let deadline = soon();
        while !services.iter().all(has) && Instant::now() < deadline {
            thread::yield_now();
        }
        services.iter().all(has)
    };
    assert!(all_have("token-2"));
    assert_eq!(script.asked(), 2);
}
