//! `[oauth.rate_limit]`: an address over its limit is answered 429 before anything is verified, and no other is touched.

use crate::client::TestClient;
use crate::home::TestHome;
use crate::server::Server;

/// Requests of a load that passes the limit by far.
const LOAD: usize = 300;

#[test]
fn a_load_over_the_limit_of_an_address_is_answered_429_and_no_other_client_is_touched() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    home.append("[oauth.rate_limit]\nper_address = \"60/m\"\n[transport]\ntrusted_proxies = [\"127.0.0.1\"]\n");
    let server = Server::start(&home);
    let from = |address: &str, assertion: &str| {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", crate::server::ASSERTION_TYPE),
            ("client_assertion", assertion),
        ];
        server.http().send(server.token_request(&fields).header("x-forwarded-for", address))
    };
    let stranger = TestClient::unregistered(&home, "app");
    let assertion = stranger.mint();
    let statuses: Vec<u16> = (0..LOAD).map(|_| from("192.0.2.1", &assertion).status).collect();
    let limited = statuses.iter().filter(|status| **status == 429).count();
    assert!(statuses[..60].iter().all(|status| *status == 401), "a burst of a minute's share: {statuses:?}");
    assert!(limited > LOAD / 2, "{limited} of {LOAD} are limited");
    let refused = from("192.0.2.1", &client.mint());
    refused.error(429, "temporarily_unavailable");
    assert_eq!(refused.header("retry-after"), "1");
    from("192.0.2.2", &client.mint()).token();
    from("2001:db8::1", &client.mint()).token();
    server.authenticate(&client.mint()).token();
    let metrics = server.admin_get("/metrics").body;
    let counted = metrics.lines().find_map(|line| line.strip_prefix("dropins_rate_limited_total ")).unwrap();
    assert_eq!(counted.parse::<usize>().unwrap(), limited + 1);
    let decided =
        metrics.lines().filter_map(|line| line.strip_prefix("dropins_authentications_total{outcome=\"rejected\""));
    let rejected: usize = decided.map(|rest| rest.rsplit(' ').next().unwrap().parse::<usize>().unwrap()).sum();
    assert_eq!(rejected, LOAD - limited, "no plug-in sees a limited request");
    assert_eq!(server.get("/.well-known/openid-configuration").status, 200);
    home.dropins(&["explain", &refused.reference()]).succeeded();
}

#[test]
fn without_the_setting_nothing_is_limited() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    (0..LOAD).for_each(|_| drop(server.authenticate(&client.mint()).token()));
}
