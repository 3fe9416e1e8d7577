//! Three nodes on one database: an assertion that is posted to all of them at once gets one token and never two,
//! whatever crashes meanwhile.

use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use crate::attempt::Attempt;
use crate::client::{TestClient, now};
use crate::database_server::{Engine, TestDatabase};
use crate::home::TestHome;
use crate::server::Server;
use crate::servers::Proxy;
use crate::wait::until;

const NODES: usize = 3;
const ASSERTIONS: usize = 2000;
/// How often so many assertions are posted until no answer is late.
const ROUNDS: usize = 3;
/// How many assertions are in flight at once.
const LANES: usize = 6;

/// A working cluster takes the next assertion within this time.
const DEADLINE: Duration = Duration::from_secs(60);

/// A node that can be killed and comes back on its ports.
struct Node {
    home: TestHome,
    server: Mutex<Arc<Server>>,
}

impl Node {
    fn start(home: TestHome) -> Self {
        let server = Mutex::new(Arc::new(Server::start(&home)));
        Self { home, server }
    }

    fn server(&self) -> Arc<Server> {
        Arc::clone(&self.server.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn attempt(&self, assertion: &str) -> Attempt {
        Attempt::at(&self.server(), assertion)
    }

    fn kill(&self) {
        self.server().signal("KILL");
        until("the ports are free", || TcpStream::connect(self.home.https).is_err().then_some(()));
    }

    fn restart(&self) {
        let server = Arc::new(Server::start(&self.home));
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = server;
    }
}

/// Nodes with one configuration, and a client of theirs.
struct Cluster {
    nodes: Vec<Node>,
    client: TestClient,
}

impl Cluster {
    fn on(database: &TestDatabase) -> Self {
        Self::by(database, &database.url())
    }

    /// At another URL of the database.
    fn by(database: &TestDatabase, url: &str) -> Self {
        let home = TestHome::new();
        let client = TestClient::register(&home, "app");
        home.detail_errors();
        database.configure_by(&home, url);
        let others: Vec<TestHome> = (1..NODES).map(|_| home.node()).collect();
        Self { nodes: [home].into_iter().chain(others).map(Node::start).collect(), client }
    }

    /// Valid for the whole test, so that only the memory of the cluster rejects it.
    fn mint(&self) -> String {
        self.client.assertion().claim("exp", now() + 3500).sign()
    }

    /// Posts an assertion to all nodes at once.
    fn post(&self, assertion: &str) -> Vec<Attempt> {
        std::thread::scope(|scope| {
            let posts: Vec<_> = self.nodes.iter().map(|node| scope.spawn(|| node.attempt(assertion))).collect();
            posts.into_iter().map(|post| post.join().unwrap()).collect()
        })
    }

    /// Posts every assertion to all nodes at once, several assertions at a time; calls `disturb` after a quarter of
    /// them, and posts at least the last quarter after that.
    fn post_all(&self, assertions: &[String], disturb: impl FnOnce()) -> Vec<Vec<Attempt>> {
        let quarter = assertions.len() / 4;
        let (before, rest) = assertions.split_at(quarter);
        let (during, after) = rest.split_at(2 * quarter);
        let (posted, posts) = mpsc::channel();
        let mut attempts = self.in_lanes(before, &posted);
        attempts.extend(std::thread::scope(|scope| {
            let load = scope.spawn(|| self.in_lanes(during, &posted));
            // All lanes are at work.
            (0..quarter + LANES).for_each(|_| posts.recv_timeout(DEADLINE).expect("the load runs"));
            disturb();
            load.join().unwrap()
        }));
        attempts.extend(self.in_lanes(after, &posted));
        attempts
    }

    fn in_lanes(&self, assertions: &[String], posted: &mpsc::Sender<()>) -> Vec<Vec<Attempt>> {
        let lane = |share: &[String]| -> Vec<Vec<Attempt>> {
            let post = |assertion: &String| {
                posted.send(()).unwrap();
                self.post(assertion)
            };
            share.iter().map(post).collect()
        };
        std::thread::scope(|scope| {
            let shares = assertions.chunks(assertions.len().div_ceil(LANES).max(1));
            let lanes: Vec<_> = shares.map(|share| scope.spawn(move || lane(share))).collect();
            lanes.into_iter().flat_map(|lane| lane.join().unwrap()).collect()
        })
    }

    /// Every node accepts fresh assertions, without a restart.
    fn recovers(&self) {
        for node in &self.nodes {
            until("the node gives a token", || (node.attempt(&self.mint()) == Attempt::Token).then_some(()));
            assert_eq!(node.server().admin_get("/readyz").status, 200);
        }
    }

    /// Disturbs the cluster under load, and proves that no assertion got two tokens: then, and when it is posted again.
    fn never_gives_two_tokens(&self, disturb: impl FnOnce()) {
        let assertions: Vec<String> = (0..ASSERTIONS).map(|_| self.mint()).collect();
        let first = self.post_all(&assertions, disturb);
        self.recovers();
        let second = self.post_all(&assertions, || {});
        let undecided = first.iter().flatten().filter(|attempt| !attempt.is_decided()).count();
        let mut late = 0;
        for (first, second) in first.iter().zip(&second) {
            assert!(tokens(first) + tokens(second) <= 1, "two tokens for one assertion: {first:?}, then {second:?}");
            if first.iter().all(|attempt| attempt.is_decided()) {
                assert_eq!(tokens(first), 1, "{first:?}");
            }
            late += tokens(second);
        }
        println!(
            "{undecided} of {} posts were not decided, {late} assertions got their token later",
            NODES * ASSERTIONS
        );
    }
}

fn tokens(attempts: &[Attempt]) -> usize {
    attempts.iter().filter(|attempt| **attempt == Attempt::Token).count()
}

fn gives_exactly_one_token_for_each_assertion(engine: Engine) {
    let Some(database) = TestDatabase::new(engine) else { return };
    let cluster = Cluster::on(&database);
    // On a busy machine the database may be silent for two seconds, and what it left undecided may have no token. Then
    // another two thousand must each get one.
    let all_are_decided = (0..ROUNDS).any(|_| {
        let assertions: Vec<String> = (0..ASSERTIONS).map(|_| cluster.mint()).collect();
        let attempts = cluster.post_all(&assertions, || {});
        assert!(attempts.iter().all(|attempts| tokens(attempts) <= 1), "two tokens for one assertion");
        let decided = attempts.iter().flatten().all(|attempt| attempt.is_decided());
        let sum: usize = attempts.iter().map(|attempts| tokens(attempts)).sum();
        assert!(!decided || sum == ASSERTIONS, "{sum} tokens for {ASSERTIONS} assertions");
        decided
    });
    assert!(all_are_decided);
}

fn never_gives_two_tokens_while_a_node_is_killed(engine: Engine) {
    let Some(database) = TestDatabase::new(engine) else { return };
    let cluster = Cluster::on(&database);
    cluster.never_gives_two_tokens(|| {
        let [_, victim, _] = &cluster.nodes[..] else { unreachable!() };
        victim.kill();
        victim.restart();
    });
}

fn never_gives_two_tokens_while_the_database_restarts(engine: Engine) {
    let Some(database) = TestDatabase::on_own_server(engine) else { return };
    let cluster = Cluster::on(&database);
    cluster.never_gives_two_tokens(|| {
        database.crash();
        database.restart();
    });
}

fn never_gives_two_tokens_while_the_primary_is_switched(engine: Engine) {
    let Some(database) = TestDatabase::on_pair(engine) else { return };
    let proxy = Proxy::to(database.port());
    let cluster = Cluster::by(&database, &database.url_by(proxy.port()));
    cluster.never_gives_two_tokens(|| proxy.lead_to(database.switch()));
}

/// One test for each case and engine.
macro_rules! on_every_engine {
    ($($name:ident: $engine:ident;)*) => {
        $(mod $name {
            use crate::database_server::Engine;

            #[test]
            fn three_nodes_give_exactly_one_token_for_each_assertion() {
                super::gives_exactly_one_token_for_each_assertion(Engine::$engine);
            }

            #[test]
            fn no_assertion_gets_two_tokens_while_a_node_is_killed_and_restarted() {
                super::never_gives_two_tokens_while_a_node_is_killed(Engine::$engine);
            }

            #[test]
            fn no_assertion_gets_two_tokens_while_the_database_crashes_and_restarts() {
                super::never_gives_two_tokens_while_the_database_restarts(Engine::$engine);
            }

            #[test]
            fn no_assertion_gets_two_tokens_while_the_replica_becomes_the_primary() {
                super::never_gives_two_tokens_while_the_primary_is_switched(Engine::$engine);
            }
        })*
    };
}

on_every_engine! {
    postgres: Postgres;
    mariadb: Mariadb;
    redis: Redis;
}
