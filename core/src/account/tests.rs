//! Accounts on disk: who may read them, and who comes first.

use super::*;
use std::{
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    time::Duration,
};

struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("entra-odbc-accounts-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn accounts(&self) -> Accounts {
        let home = [("HOME", self.0.to_str().unwrap())];
        Accounts::of(&Environment::fixed(home).with_tools()).unwrap()
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
        refresh_token: Secret::new(format!("refresh \"{name}\"")),
    }
}

#[test]
fn an_account_is_read_back_the_last_one_first_and_forgotten() {
    let home = Home::new("back");
    let accounts = home.accounts();
    assert_eq!(accounts.list().unwrap(), []);
    assert!(!accounts.path().exists(), "made for nothing");
    let (ada, grace) = (account("ada", 100), account("grace", 200));
    accounts.save(&ada).unwrap();
    accounts.save(&grace).unwrap();
    assert_eq!(accounts.list().unwrap(), [grace.clone(), ada.clone()]);
    let newer = Account {
        refresh_token: Secret::new("newer".into()),
        saved: SystemTime::UNIX_EPOCH + Duration::from_mins(5),
        ..ada.clone()
    };
    accounts.save(&newer).unwrap();
    assert_eq!(accounts.list().unwrap(), [newer.clone(), grace.clone()]);
    assert_eq!(accounts.get(&ada.id()).unwrap(), Some(newer));
    assert!(accounts.remove(&ada.id()).unwrap());
    assert!(!accounts.remove(&ada.id()).unwrap());
    assert_eq!(accounts.list().unwrap(), [grace]);
}

#[test]
fn nobody_else_may_read_them() {
    let home = Home::new("modes");
    let accounts = home.accounts();
    let ada = account("ada", 1);
    accounts.save(&ada).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    let file = accounts.path().join(format!("{}{FILE}", ada.id()));
    assert_eq!((mode(&accounts.path()), mode(&file)), (0o700, 0o600));
    assert_eq!(mode(&home.0.join(".local/state")), 0o700);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(accounts.list().unwrap(), [], "others could have written it");
    fs::set_permissions(accounts.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let error = accounts.save(&ada).unwrap_err().to_string();
    assert!(error.contains("0700"), "{error}");
}

#[test]
fn a_directory_that_is_a_link_is_not_followed() {
    let home = Home::new("link");
    let accounts = home.accounts();
    fs::create_dir_all(home.0.join(".local/state/entra-odbc")).unwrap();
    fs::create_dir(home.0.join("elsewhere")).unwrap();
    symlink(home.0.join("elsewhere"), accounts.path()).unwrap();
    assert!(accounts.save(&account("ada", 1)).is_err());
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
        let error = Accounts::of(&environment).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
}

#[test]
fn files_that_are_damaged_are_passed_over() {
    let home = Home::new("damaged");
    let accounts = home.accounts();
    let ada = account("ada", 1);
    accounts.save(&ada).unwrap();
    for (name, content) in [("a", "{"), ("b", "{}"), ("c", "{\"version\":2}"), ("d", "")] {
        let path = accounts.path().join(format!("{name}{FILE}"));
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
    let refresh_token = Secret::new("r3fresh".into());
    let account = Account::signed_in("https://login.example", "client", &id_token, refresh_token).unwrap();
    assert_eq!(account.username, "ada@contoso.com");
    assert!(!format!("{account:?}").contains("r3fresh"));
    let nobody = Secret::new("no token".into());
    assert!(Account::signed_in("a", "c", &nobody, Secret::new("r".into())).is_none());
}
