#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failure here is a failed test"
)]

use super::*;
use crate::sql_server::wire::{Put, length16, length32};

/// A LOGIN7 with these strings, in the order of the offset table, and features.
fn login7(strings: [&[u8]; 8], features: &[u8]) -> Vec<u8> {
    let [host, user, password, app, server, library, language, database] = strings;
    let mut table = Vec::new();
    let mut data = Vec::new();
    let put = |table: &mut Vec<u8>, data: &mut Vec<u8>, bytes: &[u8], width: usize| {
        table.put_u16(length16(FIXED + data.len()));
        table.put_u16(length16(bytes.len() / width));
        data.put(bytes);
    };
    for string in [host, user, password, app, server] {
        put(&mut table, &mut data, string, 2);
    }
    let pointer_at = data.len();
    put(&mut table, &mut data, &[0; 4], 1);
    for string in [library, language, database] {
        put(&mut table, &mut data, string, 2);
    }
    table.put(&[0; 6 + 4 * 3 + 4]);
    let features_at = length32(FIXED + data.len());
    data.splice(pointer_at..pointer_at + 4, features_at.to_le_bytes());
    data.put(features);

    let mut login = Vec::new();
    login.put_u32(length32(FIXED + data.len()));
    login.put_u32(0x7400_0004);
    login.put_u32(4096);
    login.put(&[0; 15]);
    login.put_u8(HAS_EXTENSIONS);
    login.put(&[0; 8]);
    login.put(&table);
    assert_eq!(login.len(), FIXED);
    login.put(&data);
    login
}

fn utf16(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.put_utf16(text);
    bytes
}

fn feature(id: u8, data: &[u8]) -> Vec<u8> {
    let mut feature = vec![id];
    feature.put_u32(length32(data.len()));
    feature.put(data);
    feature
}

#[test]
fn strings_come_out_of_their_places_and_the_password_is_revealed() {
    let hidden: Vec<u8> = utf16("geheim")
        .iter()
        .map(|byte| byte.rotate_left(4) ^ 0xA5)
        .collect();
    let (host, user, database) = (utf16("host"), utf16("sa"), utf16("db"));
    let body = login7(
        [&host, &user, &hidden, &[], &[], &[], &[], &database],
        &[feature::END],
    );
    let login = Login7::parse(&body).unwrap();
    assert_eq!(login.host_name, "host");
    assert_eq!(login.user_name, "sa");
    assert_eq!(login.password, "geheim");
    assert_eq!(login.database, "db");
    assert_eq!(login.packet_size, 4096);
    assert_eq!(login.fedauth, None);
}

#[test]
fn an_inline_token_is_found_among_other_features() {
    let mut token = vec![0x01 << 1 | 1];
    token.put_u32(4);
    token.put(&utf16("ey"));
    let features = [
        feature(feature::UTF8_SUPPORT, &[1]),
        feature(feature::FEDAUTH, &token),
        feature(feature::SESSION_RECOVERY, &[]),
        vec![feature::END],
    ]
    .concat();
    let login = Login7::parse(&login7([&[]; 8], &features)).unwrap();
    let Some(FedAuth::Inline(token)) = &login.fedauth else {
        panic!("no inline token in {login:?}");
    };
    assert_eq!(token_text(token).as_deref(), Ok("ey"));
    assert_eq!(login.recovery, Some(Recovery::Offered));
    assert!(login.wants(feature::UTF8_SUPPORT));
}

#[test]
fn the_workflow_is_told_from_the_inline_token() {
    let features = [feature(feature::FEDAUTH, &[0x02 << 1 | 1, 3]), vec![feature::END]].concat();
    let login = Login7::parse(&login7([&[]; 8], &features)).unwrap();
    assert_eq!(login.fedauth, Some(FedAuth::Workflow(3)));
    let unknown = [feature(feature::FEDAUTH, &[0x07 << 1, 3]), vec![feature::END]].concat();
    assert!(Login7::parse(&login7([&[]; 8], &unknown)).is_err());
}

#[test]
fn a_reconnect_brings_its_database_and_the_latest_state() {
    let block = |database: &str, states: &[u8]| {
        let mut block = Vec::new();
        block.put_b_varchar(database);
        block.put_u8(0);
        block.put_b_varchar("");
        block.put(states);
        let mut framed = Vec::new();
        framed.put_u32(length32(block.len()));
        framed.put(&block);
        framed
    };
    let data = [block("first", &[1, 1, 7]), block("second", &[1, 1, 8])].concat();
    let features = [feature(feature::SESSION_RECOVERY, &data), vec![feature::END]].concat();
    let login = Login7::parse(&login7([&[]; 8], &features)).unwrap();
    assert_eq!(
        login.recovery,
        Some(Recovery::Reconnect(Restored {
            database: "second".into(),
            states: vec![(1, vec![8])],
        }))
    );
}

#[test]
fn every_shortened_login_is_refused_and_none_panics() {
    let features = [
        feature(feature::FEDAUTH, &[3, 2, 0, 0, 0, 65, 0]),
        vec![feature::END],
    ]
    .concat();
    let host = utf16("host");
    let whole = login7([&host, &[], &[], &[], &[], &[], &[], &[]], &features);
    assert!(Login7::parse(&whole).is_ok());
    for end in 0..whole.len() {
        let mut part = whole.get(..end).unwrap().to_vec();
        assert!(Login7::parse(&part).is_err());
        // The same with an honest length.
        if let Some(length) = part.get_mut(..4) {
            length.copy_from_slice(&length32(end).to_le_bytes());
            let _ = Login7::parse(&part);
        }
    }
}

#[test]
fn a_token_message_must_agree_with_its_lengths() {
    let mut body = Vec::new();
    body.put_u32(6);
    body.put_u32(2);
    body.put(&utf16("e"));
    assert_eq!(fedauth_token(&body).unwrap(), utf16("e"));
    let terminated = [&[8, 0, 0, 0, 4, 0, 0, 0][..], &utf16("e\0")].concat();
    assert_eq!(fedauth_token(&terminated).unwrap(), utf16("e"));
    body.pop();
    assert!(fedauth_token(&body).is_err());
    assert!(token_text(&[65]).is_err());
}
