//! Directories that are not to be trusted, and files that two write at once.

use super::*;
use crate::token::store::tests::Place;
use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, chown, symlink},
    sync::Barrier,
    thread,
    time::Duration,
};

fn refusal(place: &Place) -> String {
    place.sharing().open().unwrap_err().to_string()
}

#[test]
fn a_directory_is_made_for_its_owner_alone() {
    let place = Place::new("made");
    drop(place.directory());
    let metadata = fs::metadata(place.path()).unwrap();
    assert_eq!(metadata.mode() & 0o7777, 0o700);
    drop(place.directory());
}

#[test]
fn a_directory_that_others_may_enter_is_not_used() {
    let place = Place::new("mode");
    drop(place.directory());
    for mode in [0o755, 0o770, 0o701, 0o500] {
        fs::set_permissions(place.path(), Permissions::from_mode(mode)).unwrap();
        assert!(refusal(&place).contains("0700"), "{mode:o}");
    }
}

#[test]
fn a_link_or_a_file_in_the_place_of_the_directory_is_not_used() {
    let place = Place::new("link");
    let elsewhere = place.runtime().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::set_permissions(&elsewhere, Permissions::from_mode(0o700)).unwrap();
    symlink(&elsewhere, place.path()).unwrap();
    assert!(refusal(&place).contains("link"));
    fs::remove_file(place.path()).unwrap();
    fs::write(place.path(), "").unwrap();
    assert!(refusal(&place).contains("no directory"));
}

#[test]
fn a_directory_of_another_user_is_not_used() {
    if !geteuid().is_root() {
        eprintln!("only root can give a directory away");
        return;
    }
    let place = Place::new("owner");
    drop(place.directory());
    chown(place.path(), Some(65_534), None).unwrap();
    assert!(refusal(&place).contains("another user"));
}

#[test]
fn a_runtime_directory_that_is_not_ours_gives_way_to_memory() {
    let place = Place::new("su");
    // Open to others, as the one of another user is to root.
    fs::set_permissions(place.runtime(), Permissions::from_mode(0o777)).unwrap();
    drop(place.directory());
    assert!(!place.path().exists());
    let name = format!("entra-odbc-{}", geteuid());
    assert!(place.memory().join(name).exists());
    // There, others may write only where each one's files are safe from the others.
    fs::set_permissions(place.memory(), Permissions::from_mode(0o777)).unwrap();
    assert!(refusal(&place).contains("others may write"));
    fs::set_permissions(place.memory(), Permissions::from_mode(0o1777)).unwrap();
    drop(place.directory());
}

#[test]
fn a_file_that_is_not_as_we_make_them_is_none() {
    let place = Place::new("files");
    let directory = place.directory();
    let later = SystemTime::now() + Duration::from_hours(1);
    directory.replace("one", b"content", later).unwrap();
    assert_eq!(**directory.read("one", 7).unwrap().unwrap(), *b"content");
    assert_eq!(directory.read("one", 6).unwrap(), None, "too long");
    assert_eq!(directory.read("absent", 7).unwrap(), None);
    symlink("one", place.path().join("link")).unwrap();
    assert_eq!(directory.read("link", 7).unwrap(), None);
    fs::create_dir(place.path().join("directory")).unwrap();
    assert_eq!(directory.read("directory", 7).unwrap(), None);
    let fifo = place.path().join("fifo");
    nix::unistd::mkfifo(&fifo, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
    assert_eq!(directory.read("fifo", 7).unwrap(), None);
    assert!(directory.lock_file("fifo").is_err());
    fs::set_permissions(place.path().join("one"), Permissions::from_mode(0o640)).unwrap();
    assert_eq!(directory.read("one", 7).unwrap(), None, "open to others");
}

#[test]
fn two_writers_leave_one_whole_file_and_nothing_else() {
    let place = Place::new("writers");
    let later = SystemTime::now() + Duration::from_hours(1);
    let (one, other) = (vec![b'1'; 20_000], vec![b'2'; 20_000]);
    let start = Barrier::new(3);
    thread::scope(|scope| {
        for content in [&one, &other] {
            scope.spawn(|| {
                let directory = place.directory();
                start.wait();
                for _ in 0..200 {
                    directory.replace("file", content, later).unwrap();
                }
            });
        }
        start.wait();
        let directory = place.directory();
        for _ in 0..200 {
            if let Some(read) = directory.read("file", 30_000).unwrap() {
                assert!(**read == *one || **read == *other);
            }
        }
    });
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

#[test]
fn of_many_who_make_a_file_one_does() {
    let place = Place::new("once");
    let start = Barrier::new(8);
    let made = thread::scope(|scope| {
        let threads: Vec<_> = (0..8_u8)
            .map(|number| {
                let (place, start) = (&place, &start);
                scope.spawn(move || {
                    let directory = place.directory();
                    start.wait();
                    directory.create("key", &[number; 32]).unwrap()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .filter(|made| *made)
            .count()
    });
    assert_eq!(made, 1);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}
