//! Accounts on disk: who may read them, and who comes first.

use super::*;
use crate::os::child::tests::write_script;
use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    time::Duration,
};

/// A home, and the variables of who lives there.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("entra-odbc-accounts-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn accounts(&self) -> Accounts {
        self.accounts_with(&[])
    }

    fn accounts_with(&self, variables: &[(&str, &str)]) -> Accounts {
        let home = [("HOME", self.0.to_str().unwrap())];
        let variables = home.iter().chain(variables).copied();
        Accounts::from_environment(&Environment::fixed(variables).with_tools()).unwrap()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn account(name: &str, saved: u64) -> Account {
    Account {
        authority: "https://login.example".into(),
        tenant: "tenant".into(),
        client: "client".into(),
        username: format!("{name}@contoso.com"),
        object_id: format!("object of {name}"),
        saved: SystemTime::UNIX_EPOCH + Duration::from_secs(saved),
    }
}

fn token() -> Secret {
    Secret::new("r3fresh \"token\"".into())
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}

#[test]
fn an_account_is_read_back_the_last_one_first_and_forgotten() {
    let home = Home::new("back");
    let accounts = home.accounts();
    assert_eq!(accounts.list().unwrap(), []);
    assert!(!accounts.path().exists(), "made for nothing");
    let (ada, grace) = (account("ada", 100), account("grace", 200));
    block_on(accounts.save(&ada, &token())).unwrap();
    block_on(accounts.save(&grace, &token())).unwrap();
    assert_eq!(accounts.list().unwrap(), [grace.clone(), ada.clone()]);
    let newer = Account {
        saved: SystemTime::UNIX_EPOCH + Duration::from_mins(5),
        ..ada.clone()
    };
    let other = Secret::new("newer".into());
    block_on(accounts.save(&newer, &other)).unwrap();
    assert_eq!(accounts.list().unwrap(), [newer.clone(), grace.clone()]);
    assert_eq!(block_on(accounts.open(&ada.id())).unwrap(), Some((newer, other)));
    assert!(accounts.remove(&ada.id()).unwrap());
    assert!(!accounts.remove(&ada.id()).unwrap());
    assert_eq!(accounts.list().unwrap(), [grace]);
}

#[test]
fn nobody_else_may_read_them() {
    let home = Home::new("modes");
    let accounts = home.accounts();
    let ada = account("ada", 1);
    block_on(accounts.save(&ada, &token())).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    let file = accounts.path().join(format!("{}{FILE_SUFFIX}", ada.id()));
    assert_eq!((mode(&accounts.path()), mode(&file)), (0o700, 0o600));
    assert_eq!(mode(&home.0.join(".local/state")), 0o700);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(accounts.list().unwrap(), [], "others could have written it");
    fs::set_permissions(accounts.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let error = block_on(accounts.save(&ada, &token())).unwrap_err().to_string();
    assert!(error.contains("0700"), "{error}");
}

#[test]
fn a_directory_that_is_a_link_is_not_followed() {
    let home = Home::new("link");
    let accounts = home.accounts();
    fs::create_dir_all(home.0.join(".local/state/entra-odbc")).unwrap();
    fs::create_dir(home.0.join("elsewhere")).unwrap();
    symlink(home.0.join("elsewhere"), accounts.path()).unwrap();
    assert!(block_on(accounts.save(&account("ada", 1), &token())).is_err());
}

#[test]
fn one_at_a_time_redeems() {
    let home = Home::new("lock");
    let accounts = home.accounts();
    let lock = accounts.lock("one").unwrap().unwrap();
    assert!(accounts.lock("one").unwrap().is_none());
    assert!(accounts.lock("other").unwrap().is_some());
    drop(lock);
    assert!(accounts.lock("one").unwrap().is_some());
}

#[test]
fn without_a_home_or_in_a_privileged_program_there_is_none() {
    for environment in [
        Environment::empty().with_tools(),
        Environment::fixed([("HOME", "relative")]).with_tools(),
        Environment::fixed([("HOME", "/root")]),
    ] {
        let error = Accounts::from_environment(&environment).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
}

#[test]
fn files_that_are_damaged_are_passed_over() {
    let home = Home::new("damaged");
    let accounts = home.accounts();
    let ada = account("ada", 1);
    block_on(accounts.save(&ada, &token())).unwrap();
    for (name, content) in [("a", "{"), ("b", "{}"), ("c", "{\"version\":2}"), ("d", "")] {
        let path = accounts.path().join(format!("{name}{FILE_SUFFIX}"));
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    assert_eq!(accounts.list().unwrap(), [ada]);
}

#[test]
fn an_id_token_tells_whose_account_it_is() {
    let claims = serde_json::json!({
        "preferred_username": "ada@contoso.com", "oid": "object", "tid": "tenant",
    });
    let id_token = Secret::new(crate::token::jwt(&claims));
    let account = Account::signed_in("https://login.example", "client", &id_token).unwrap();
    assert_eq!(account.username, "ada@contoso.com");
    // Ids are written in either case.
    let again = Account {
        object_id: "OBJECT".into(),
        tenant: "Tenant".into(),
        ..account.clone()
    };
    assert_eq!(again.id(), account.id());
    let another = Account {
        object_id: "another".into(),
        ..account.clone()
    };
    assert_ne!(another.id(), account.id());
    let nobody = Secret::new("no token".into());
    assert!(Account::signed_in("a", "c", &nobody).is_none());
}

/// A `secret-tool` whose keyring is a file, and a session with a D-Bus.
fn with_keyring(home: &Home, script: &str) -> Accounts {
    let secret_tool = home.0.join("secret-tool");
    write_script(&secret_tool, script);
    let path = format!("{}:/usr/bin:/bin", home.0.display());
    home.accounts_with(&[
        ("PATH", &path),
        ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere"),
    ])
}

const IN_A_FILE: &str = "case $1 in
    store) cat >\"$HOME/keyring\" ;;
    lookup) [ \"$2 $3\" = 'service entra-odbc' ] && cat \"$HOME/keyring\" 2>/dev/null ;;
esac";

fn file_of(accounts: &Accounts, account: &Account) -> String {
    fs::read_to_string(accounts.path().join(format!("{}{FILE_SUFFIX}", account.id()))).unwrap()
}

#[test]
fn where_a_keyring_runs_it_has_the_key_and_the_file_nothing_to_read() {
    let home = Home::new("keyring");
    let accounts = with_keyring(&home, IN_A_FILE);
    let (ada, grace) = (account("ada", 1), account("grace", 2));
    for one in [&ada, &grace] {
        block_on(accounts.save(one, &token())).unwrap();
        assert!(!file_of(&accounts, one).contains("r3fresh"));
    }
    for one in [ada, grace] {
        let id = one.id();
        assert_eq!(block_on(accounts.open(&id)).unwrap(), Some((one, token())));
    }
}

#[test]
fn without_the_key_a_sealed_sign_in_says_what_to_do() {
    let home = Home::new("locked");
    let accounts = with_keyring(&home, IN_A_FILE);
    let ada = account("ada", 1);
    block_on(accounts.save(&ada, &token())).unwrap();
    fs::remove_file(home.0.join("keyring")).unwrap();
    let locked = "echo 'Cannot autolaunch D-Bus' >&2; exit 1";
    for (open, why) in [
        (
            &(|| with_keyring(&home, IN_A_FILE)) as &dyn Fn() -> Accounts,
            "not in",
        ),
        (&|| with_keyring(&home, locked), "Cannot autolaunch"),
        (&|| home.accounts(), "no keyring"),
    ] {
        let accounts = open();
        let error = block_on(accounts.open(&ada.id())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let text = error.to_string();
        assert!(text.contains(why) && text.contains("entra-odbc login"), "{text}");
    }
}

#[test]
fn a_keyring_that_cannot_keep_the_key_leaves_the_file_to_protect_it() {
    let home = Home::new("refusing");
    let accounts = with_keyring(
        &home,
        "[ $1 = lookup ] && exit 1; echo 'no such collection' >&2; exit 1",
    );
    let ada = account("ada", 1);
    block_on(accounts.save(&ada, &token())).unwrap();
    assert_eq!(block_on(accounts.open(&ada.id())).unwrap(), Some((ada, token())));
}

#[test]
fn a_process_that_never_ends_making_the_key_does_not_keep_others_from_saving() {
    let home = Home::new("stuck");
    let accounts = with_keyring(&home, IN_A_FILE);
    let _kept = accounts.lock("key").unwrap().unwrap();
    let ada = account("ada", 1);
    let save = async {
        let limit = Duration::from_secs(10);
        tokio::time::timeout(limit, accounts.save(&ada, &token())).await
    };
    block_on(save).unwrap().unwrap();
    assert_eq!(block_on(accounts.open(&ada.id())).unwrap(), Some((ada, token())));
}
