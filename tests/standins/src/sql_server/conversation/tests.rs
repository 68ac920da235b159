#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use super::*;
use crate::sql_server::identity::Identity;
use crate::sql_server::session::Client;
use crate::sql_server::storage::Work;
use crate::sql_server::tests::server;
use crate::sql_server::wire::{Put, length16};

const SPID: u16 = 51;
/// The first transaction of the session, and the first one of another.
const OURS: u64 = 0x33_0000_0001;
const ANOTHERS: u64 = 0x34_0000_0001;

/// A request in one packet, which names a transaction.
fn packet(kind: u8, descriptor: u64, rest: &[u8]) -> Vec<u8> {
    let mut packet = vec![kind, status::END_OF_MESSAGE];
    packet.put_u16_be(length16(8 + 22 + rest.len()));
    packet.put(&[0, 0, 1, 0]);
    packet.put_u32(22);
    packet.put_u32(18);
    packet.put_u16(2);
    packet.put_u64(descriptor);
    packet.put_u32(1);
    packet.put(rest);
    packet
}

fn select(descriptor: u64) -> Vec<u8> {
    let mut text = Vec::new();
    text.put_utf16("SELECT 1");
    packet(kind::SQL_BATCH, descriptor, &text)
}

fn execute(descriptor: u64) -> Vec<u8> {
    let mut call = Vec::new();
    call.put_us_varchar("sp_unknown");
    call.put_u16(0);
    packet(kind::RPC, descriptor, &call)
}

fn begin() -> Vec<u8> {
    packet(kind::TRANSACTION, 0, &[5, 0, 0, 0])
}

fn commit(descriptor: u64) -> Vec<u8> {
    packet(kind::TRANSACTION, descriptor, &[7, 0, 0, 0])
}

fn roll_back(descriptor: u64) -> Vec<u8> {
    packet(kind::TRANSACTION, descriptor, &[8, 0, 0, 0])
}

fn batch(descriptor: u64, sql: &str) -> Vec<u8> {
    let mut text = Vec::new();
    text.put_utf16(sql);
    packet(kind::SQL_BATCH, descriptor, &text)
}

/// All that a new session answers to these.
async fn answers(requests: &[Vec<u8>]) -> Vec<u8> {
    let client = Client {
        identity: Identity {
            login: String::new(),
            user: String::new(),
        },
        host: String::new(),
        app: String::new(),
        address: String::new(),
        server_port: 0,
        spid: SPID,
        recoverable: true,
    };
    let requests = requests.concat();
    let shared = Arc::clone(&server().shared);
    let work = Work::new(Arc::clone(&shared.storage), 1);
    let mut answers = Vec::new();
    let mut conversation = Conversation {
        incoming: Incoming::new(requests.as_slice()),
        outgoing: Outgoing::new(&mut answers, SPID),
        session: Session::new(client, "master".to_owned(), &[], work),
        connection: 1,
        shared,
        uncaught: None,
    };
    conversation.run().await.unwrap();
    drop(conversation);
    answers
}

fn say(answers: &[u8], text: &str) -> bool {
    let mut units = Vec::new();
    units.put_utf16(text);
    answers.windows(units.len()).any(|window| window == units)
}

const NOT_RESUMED: &str = "The server failed to resume the transaction.";
const NOTHING_TO: &str = "TRANSACTION request has no corresponding BEGIN TRANSACTION.";

#[tokio::test]
async fn a_request_in_a_transaction_that_the_session_does_not_have_is_not_executed() {
    for requests in [
        vec![select(OURS)],
        vec![execute(OURS)],
        vec![begin(), commit(OURS), select(OURS)],
        vec![begin(), roll_back(OURS), execute(OURS)],
    ] {
        let answers = answers(&requests).await;
        assert!(
            say(&answers, &format!("{NOT_RESUMED} Desc:{OURS:x}.")),
            "{answers:x?}"
        );
    }
    let answers = answers(&[begin(), select(ANOTHERS)]).await;
    assert!(say(&answers, &format!("{NOT_RESUMED} Desc:{ANOTHERS:x}.")));
}

#[tokio::test]
async fn a_request_in_the_sessions_own_transaction_or_in_none_is_executed() {
    for requests in [
        vec![select(0)],
        vec![begin(), select(OURS), commit(OURS), select(0)],
        vec![begin(), select(OURS), roll_back(OURS), begin(), select(OURS + 1)],
    ] {
        let answers = answers(&requests).await;
        assert!(
            !say(&answers, NOT_RESUMED) && !say(&answers, NOTHING_TO),
            "{answers:x?}"
        );
    }
}

#[tokio::test]
async fn anothers_transaction_is_neither_committed_nor_rolled_back() {
    for (request, word) in [(commit(ANOTHERS), "COMMIT"), (roll_back(ANOTHERS), "ROLLBACK")] {
        let answers = answers(&[begin(), request, select(OURS)]).await;
        assert!(say(&answers, &format!("The {word} {NOTHING_TO}")), "{answers:x?}");
        assert!(!say(&answers, NOT_RESUMED), "its own is still there");
    }
}

/// What the last of these batches, which are outside a transaction of the protocol, prints.
async fn printed(batches: &[&str], text: &str) {
    let requests: Vec<_> = batches.iter().map(|sql| batch(0, sql)).collect();
    let answers = answers(&requests).await;
    assert!(
        say(&answers, text),
        "{text}: {}",
        String::from_utf8_lossy(&answers)
    );
}

const COUNT: &str = "DECLARE @n int; SELECT @n = COUNT(*) FROM t; PRINT CONCAT('rows: ', @n)";

#[tokio::test]
async fn an_error_takes_back_its_statement_or_its_transaction() {
    let make = "CREATE TABLE t (a int PRIMARY KEY)";
    // Without a transaction each statement is one.
    printed(
        &[
            make,
            "INSERT INTO t VALUES (1) INSERT INTO t VALUES (2), (1) INSERT INTO t VALUES (3)",
            COUNT,
        ],
        "rows: 2",
    )
    .await;
    let in_transaction = format!("BEGIN TRAN INSERT INTO t VALUES (1) INSERT INTO t VALUES (2), (1) {COUNT}");
    printed(&[make, &in_transaction], "rows: 1").await;
    // Conversions, and XACT_ABORT.
    printed(
        &[
            make,
            "BEGIN TRAN INSERT INTO t VALUES (1) INSERT INTO t VALUES ('x')",
            COUNT,
        ],
        "rows: 0",
    )
    .await;
    let abort =
        "SET XACT_ABORT ON BEGIN TRAN INSERT INTO t VALUES (1) INSERT INTO t VALUES (1) PRINT 'not said'";
    printed(&[make, abort, COUNT], "rows: 0").await;
    printed(
        &[
            make,
            "BEGIN TRAN INSERT INTO t VALUES (1) SAVE TRAN s INSERT INTO t VALUES (2) ROLLBACK TRAN s COMMIT",
            COUNT,
        ],
        "rows: 1",
    )
    .await;
}

#[tokio::test]
async fn a_try_block_hands_its_error_to_catch() {
    let make = "CREATE TABLE t (a int PRIMARY KEY)";
    let twice = "BEGIN TRY INSERT INTO t VALUES (1) INSERT INTO t VALUES (1) PRINT 'not said' END TRY";
    printed(
        &[
            make,
            &format!("{twice} BEGIN CATCH PRINT CONCAT('caught ', ERROR_NUMBER()) END CATCH"),
        ],
        "caught 2627",
    )
    .await;
    printed(
        &[make, &format!("{twice} BEGIN CATCH THROW END CATCH")],
        "Violation of PRIMARY KEY",
    )
    .await;
    let in_procedure = "BEGIN TRY EXEC sp_executesql N'SELECT * FROM nope' END TRY BEGIN CATCH PRINT ERROR_MESSAGE() + '!' END CATCH";
    printed(&[in_procedure], "Invalid object name 'nope'.!").await;
    let doomed = format!(
        "SET XACT_ABORT ON BEGIN TRAN {twice} BEGIN CATCH PRINT CONCAT('state ', XACT_STATE()) ROLLBACK END CATCH {COUNT}"
    );
    printed(&[make, &doomed], "state -1").await;
    printed(&[make, &doomed], "rows: 0").await;
}

#[tokio::test]
async fn tables_go_with_the_transaction_that_makes_them() {
    let exists = "IF OBJECT_ID('t') IS NULL PRINT 'no table' ELSE PRINT 'a table'";
    printed(
        &["BEGIN TRAN CREATE TABLE t (a int) ROLLBACK", exists],
        "no table",
    )
    .await;
    printed(&["BEGIN TRAN CREATE TABLE t (a int) COMMIT", exists], "a table").await;
    printed(&["SELECT n INTO t FROM standin.ints(7)", COUNT], "rows: 7").await;
}
