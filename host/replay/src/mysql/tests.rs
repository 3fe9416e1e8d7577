//! What only a server can say about the statements.

use mysql_async::prelude::Queryable;

use super::*;

#[path = "../../tests/servers/mod.rs"]
mod servers;

fn key(n: u32) -> Key {
    Key { client_id: "c".into(), jti: format!("{n:08}") }
}

#[tokio::test]
async fn a_batch_is_looked_up_by_the_primary_key_however_many_rows_a_client_has() {
    let Some(server) = servers::mariadb() else { return };
    let url = ServerUrl::parse(&server.url(&server.create_database())).unwrap();
    let mut backend = MysqlBackend::open(&url, Duration::from_secs(60)).await.unwrap();
    let entries: Vec<Entry> = (0..2000).map(|n| Entry { key: key(n), created_at: 0, expires_at: 9, now: 1 }).collect();
    let outcomes = backend.decide(&entries.iter().collect::<Vec<_>>()).await.unwrap();
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::First));

    let mut session = backend.connector.connect().await.unwrap();
    session.query_drop("ANALYZE TABLE IDN_OIDC_JTI").await.unwrap();
    for pairs in [1, 2, 256] {
        let keys: Vec<Key> = (0..pairs).map(key).collect();
        session.query_drop("FLUSH STATUS").await.unwrap();
        assert_eq!(expiries(&mut session, &sql::lock(&keys)).await.unwrap().len(), pairs as usize);
        let walked = "SELECT SUM(VARIABLE_VALUE) FROM information_schema.SESSION_STATUS
                      WHERE VARIABLE_NAME IN ('HANDLER_READ_NEXT', 'HANDLER_READ_FIRST', 'HANDLER_READ_PREV')";
        let walked: Option<f64> = session.query_first(walked).await.unwrap();
        assert_eq!(walked, Some(0.0), "for {pairs} pairs, no row is walked to");
    }
}
