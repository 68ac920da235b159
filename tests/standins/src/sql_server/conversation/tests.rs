#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failure here is a failed test"
)]

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

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

/// A new session, with what its client sends and where its client reads.
fn session<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    requests: R,
    answers: W,
    shared: &Arc<Shared>,
    connection: u64,
) -> Conversation<R, W> {
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
    let work = Work::new(Arc::clone(&shared.storage), connection);
    Conversation {
        incoming: Incoming::new(requests),
        outgoing: Outgoing::new(answers, SPID),
        session: Session::new(client, "master".to_owned(), &[], work),
        connection,
        shared: Arc::clone(shared),
        uncaught: None,
    }
}

/// All that a new session answers to these.
async fn answers(requests: &[Vec<u8>]) -> Vec<u8> {
    let requests = requests.concat();
    let mut answers = Vec::new();
    let shared = Arc::clone(&server().shared);
    let mut conversation = session(requests.as_slice(), &mut answers, &shared, 1);
    conversation.run().await.unwrap();
    drop(conversation);
    answers
}

/// A client of a session that runs beside others.
struct Peer(DuplexStream);

impl Peer {
    fn new(shared: &Arc<Shared>, connection: u64) -> Self {
        let (client, server) = tokio::io::duplex(1 << 16);
        let (requests, answers) = tokio::io::split(server);
        let mut conversation = session(requests, answers, shared, connection);
        tokio::spawn(async move {
            // A client that goes in the middle of something is an error, and meant.
            let _ = conversation.run().await;
        });
        Self(client)
    }

    async fn send(&mut self, packet: &[u8]) {
        self.0.write_all(packet).await.unwrap();
    }

    /// The answer to what was sent, in one packet.
    async fn answer(&mut self) -> Vec<u8> {
        let mut header = [0; 8];
        self.0.read_exact(&mut header).await.unwrap();
        let mut body = vec![0; usize::from(u16::from_be_bytes([header[2], header[3]])) - 8];
        self.0.read_exact(&mut body).await.unwrap();
        body
    }

    async fn run(&mut self, sql: &str) -> Vec<u8> {
        self.send(&batch(0, sql)).await;
        self.answer().await
    }

    /// Whether it still waits for an answer after a moment.
    async fn waits(&mut self) -> bool {
        let mut first = [0];
        let read = self.0.read(&mut first);
        tokio::time::timeout(Duration::from_millis(50), read)
            .await
            .is_err()
    }
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

#[tokio::test]
async fn a_writer_waits_for_another_unless_its_client_gives_up() {
    let server = server();
    let [mut one, mut two] = [1, 2].map(|connection| Peer::new(&server.shared, connection));
    one.run("CREATE TABLE t (a int); INSERT INTO t VALUES (1)").await;
    one.run("BEGIN TRAN UPDATE t SET a = 2").await;
    // Readers do not wait.
    assert!(say(
        &two.run("DECLARE @a int; SELECT @a = a FROM t; PRINT CONCAT('a is ', @a)")
            .await,
        "a is 1"
    ));
    two.send(&batch(0, "UPDATE t SET a = a + 10")).await;
    assert!(two.waits().await);
    two.send(&[kind::ATTENTION, status::END_OF_MESSAGE, 0, 8, 0, 0, 1, 0])
        .await;
    two.answer().await;
    two.send(&batch(0, "UPDATE t SET a = a + 10")).await;
    assert!(two.waits().await);
    // Its connection lost, the first one's change is as if it had never been.
    drop(one);
    two.answer().await;
    assert!(say(
        &two.run("DECLARE @a int; SELECT @a = a FROM t; PRINT CONCAT('a is ', @a)")
            .await,
        "a is 11"
    ));
    let refused = two
        .run("SET LOCK_TIMEOUT 0 INSERT INTO t VALUES (1) SELECT * FROM nope")
        .await;
    assert!(say(&refused, "Invalid object name 'nope'."));
}

/// A bulk load of `int` values, one in each packet after the first.
fn bulk_load(values: &[i32]) -> Vec<Vec<u8>> {
    let mut metadata = vec![0x81, 1, 0, 0, 0, 0, 0, 1, 0, 0x26, 4];
    metadata.put_b_varchar("a");
    let rows = values
        .iter()
        .map(|value| [&[0xD1, 4], value.to_le_bytes().as_slice()].concat());
    let end = [&[0xFD][..], &[0; 12]].concat();
    let mut contents = vec![metadata];
    contents.extend(rows);
    contents.push(end);
    let last = contents.len() - 1;
    let packets = contents.into_iter().enumerate().map(|(at, content)| {
        let mut packet = vec![
            kind::BULK_LOAD,
            if at == last { status::END_OF_MESSAGE } else { 0 },
        ];
        packet.put_u16_be(length16(8 + content.len()));
        packet.put(&[0, 0, 1, 0]);
        packet.put(&content);
        packet
    });
    packets.collect()
}

#[tokio::test]
async fn a_bulk_load_is_loaded_whole_or_not_at_all() {
    let announced = "INSERT BULK t ([a] int) WITH (TABLOCK)";
    let server = server();
    let [mut one, mut two] = [1, 2].map(|connection| Peer::new(&server.shared, connection));
    one.run("CREATE TABLE t (a int)").await;
    one.run(announced).await;
    one.send(&bulk_load(&[1, 2, 3]).concat()).await;
    let answer = one.answer().await;
    assert_eq!(answer[answer.len() - 8..], 3_u64.to_le_bytes());
    assert!(say(&two.run(COUNT).await, "rows: 3"));
    // In a transaction that is rolled back.
    one.run("BEGIN TRAN").await;
    one.send(&batch(OURS, announced)).await;
    one.answer().await;
    one.send(&bulk_load(&[4]).concat()).await;
    one.answer().await;
    assert!(say(&two.run(COUNT).await, "rows: 3"));
    one.send(&batch(OURS, &format!("{COUNT} ROLLBACK"))).await;
    assert!(say(&one.answer().await, "rows: 4"));
    // Another may load at the same time; a connection lost on the way loads nothing.
    one.run(announced).await;
    two.run(announced).await;
    let packets = bulk_load(&[5, 6]);
    one.send(&packets[..2].concat()).await;
    drop(one);
    two.send(&packets.concat()).await;
    two.answer().await;
    assert!(say(&two.run(COUNT).await, "rows: 5"));
}

#[tokio::test]
async fn the_catalogues_procedures_list_stored_tables() {
    let make = "CREATE TABLE dbo.payments (number int PRIMARY KEY, paid datetime2(3))";
    for (call, told) in [
        ("EXEC sp_tables 'pay%', '%', NULL, '''TABLE'''", "payments"),
        ("EXEC sp_columns_100 'payments', 'dbo', NULL, 'p%'", "datetime2"),
        ("EXEC sp_pkeys 'payments'", "number"),
    ] {
        printed(&[make, call], told).await;
    }
}
