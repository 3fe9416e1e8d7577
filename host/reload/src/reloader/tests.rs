//! The state machine, on real folders and real components.

use std::path::PathBuf;
use std::time::Duration;

use dropins_host::services::{FixedClock, SystemClock};

use super::testing::{Mode, TestBuilder};
use super::*;
use crate::{Outcome, Report, Target};
use dropins_config::home::KeptComponents;
use dropins_host::{Candidate, Digest};
use dropins_live::testing::home;
use prometheus_client::registry::Registry;

const SECRET_PLUGIN: &str = "client_secret_authenticator";

struct Bench {
    _folder: tempfile::TempDir,
    home: Home,
    clock: Arc<FixedClock>,
    builder: Arc<TestBuilder>,
    reloader: Arc<Reloader>,
}

/// When everything begins, seconds since the Unix epoch.
const NOW: u64 = 1_800_000_000;

impl Bench {
    async fn new() -> Self {
        let (folder, home) = home("");
        let clock = Arc::new(FixedClock::at(NOW * 1000));
        let builder = Arc::new(TestBuilder::default());
        let reloader = testing::reloader(&home, clock.clone(), builder.clone()).await;
        Self { _folder: folder, home, clock, builder, reloader }
    }

    fn deployment(&self) -> String {
        std::fs::read_to_string(self.home.deployment_toml()).unwrap()
    }

    fn write(&self, text: &str) {
        std::fs::write(self.home.deployment_toml(), text).unwrap();
    }

    /// A configuration that is good and like no other.
    fn edit(&self, number: u32) {
        let text = self.deployment();
        let (before, _) = text.split_once("\n# edit").unwrap_or((&text, ""));
        self.write(&format!("{before}\n# edit {number}\n"));
    }

    fn component(&self) -> PathBuf {
        self.home.dropins().join(format!("{SECRET_PLUGIN}.wasm"))
    }

    async fn change(&self) -> (Outcome, u64) {
        self.after(Trigger::Change).await
    }

    async fn after(&self, trigger: Trigger) -> (Outcome, u64) {
        let verdict = self.reloader.reload(trigger).await;
        assert_eq!(verdict.generation, self.reloader.published.current().generation.number(), "{verdict:?}");
        (verdict.result, verdict.generation)
    }

    async fn back(&self) -> (Outcome, u64) {
        let verdict = self.reloader.roll_back(Target::Previous).await;
        (verdict.result, verdict.generation)
    }

    /// Sets the clock to so many seconds after the beginning.
    fn at(&self, seconds: u64) {
        self.clock.set((NOW + seconds) * 1000);
    }

    /// When refused contents are tried again, in seconds after the beginning.
    fn retry_at(&self) -> Option<u64> {
        self.report().rejected.as_ref()?.retry_at.map(|at| at - NOW)
    }

    /// Whether one verdict of this kind was counted.
    fn counted_once(&self, outcome: Outcome) -> bool {
        let text = self.reloader.metrics.encode(&Registry::default());
        text.contains(&format!("reload_total{{result=\"{}\"}} 1\n", outcome.as_str()))
    }

    fn report(&self) -> Arc<Report> {
        self.reloader.record.report()
    }

    fn digest(&self) -> Digest {
        let live = self.reloader.published.current();
        let mut handlers = live.generation.handlers().iter();
        handlers.find(|handler| handler.id().name == SECRET_PLUGIN).unwrap().id().digest
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn good_contents_are_published_once_and_wrong_ones_refused_once() {
    let bench = Bench::new().await;
    assert_eq!(bench.change().await, (Outcome::Unchanged, 1));
    bench.edit(1);
    assert_eq!(bench.change().await, (Outcome::Published, 2));
    assert_eq!(bench.change().await, (Outcome::Unchanged, 2));

    let good = bench.deployment();
    bench.write(&good.replace("[oauth]", "[oath]"));
    let verdict = bench.reloader.reload(Trigger::Change).await;
    assert_eq!((verdict.result, verdict.generation), (Outcome::Refused, 2));
    assert!(verdict.reason.as_ref().unwrap().contains("deployment.toml:"), "{verdict:?}");
    assert_eq!(bench.report().rejected.as_ref().unwrap().reason, verdict.reason.unwrap());
    assert!(bench.reloader.news().await.is_none(), "a rejected candidate is judged once");
    assert_eq!(bench.after(Trigger::Command).await, (Outcome::Refused, 2), "but an operator who asks is told");

    bench.write(&good);
    assert!(bench.reloader.news().await.is_some());
    assert_eq!(bench.change().await, (Outcome::Unchanged, 2));
    assert!(bench.report().rejected.as_ref().unwrap().superseded);
    std::fs::remove_file(bench.home.deployment_toml()).unwrap();
    assert_eq!(bench.change().await, (Outcome::Refused, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_busy_machine_refused_is_tried_again_until_it_passes_and_is_logged_once() {
    let bench = Bench::new().await;
    bench.builder.set(Mode::Busy);
    bench.edit(1);
    assert_eq!(bench.change().await, (Outcome::Refused, 1));
    let mut now = 0;
    for wait in [5, 10, 20] {
        assert_eq!(bench.retry_at(), Some(now + wait));
        bench.at(now + wait - 1);
        assert_eq!(bench.reloader.news().await, None);
        assert_eq!(bench.after(Trigger::Retry).await, (Outcome::Unchanged, 1), "it is not time yet");
        now += wait;
        bench.at(now);
        assert_eq!(bench.reloader.news().await, Some(Trigger::Retry));
        assert_eq!(bench.after(Trigger::Retry).await, (Outcome::Refused, 1));
    }
    assert_eq!(bench.report().rejected.as_ref().unwrap().at, NOW, "when it was refused first");
    assert!(bench.counted_once(Outcome::Refused));

    bench.builder.set(Mode::Healthy);
    bench.at(now + 40);
    assert_eq!(bench.reloader.news().await, Some(Trigger::Retry));
    assert_eq!(bench.after(Trigger::Retry).await, (Outcome::Published, 2));
    assert!(bench.report().rejected.as_ref().unwrap().superseded && bench.retry_at().is_none());
    bench.at(now + 4_000);
    assert_eq!(bench.reloader.news().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_contents_and_a_word_begin_anew_and_a_rollback_ends_it() {
    let bench = Bench::new().await;
    bench.edit(1);
    assert_eq!(bench.change().await, (Outcome::Published, 2));
    bench.builder.set(Mode::Busy);
    bench.edit(2);
    bench.change().await;
    bench.at(5);
    bench.after(Trigger::Retry).await;
    assert_eq!(bench.retry_at(), Some(15));
    assert_eq!(bench.after(Trigger::Command).await, (Outcome::Refused, 2));
    assert_eq!(bench.retry_at(), Some(10), "an operator who asks is told, and the waits are short again");
    bench.edit(3);
    assert_eq!(bench.reloader.news().await, Some(Trigger::Change));
    bench.change().await;
    assert_eq!(bench.retry_at(), Some(10));

    bench.builder.set(Mode::Healthy);
    assert_eq!(bench.back().await, (Outcome::RolledBack, 1));
    assert_eq!(bench.retry_at(), None);
    bench.at(4_000);
    assert_eq!(bench.reloader.news().await, None, "what the operator returned to stays");
    let contents = bench.deployment();
    bench.write(&contents.replace("[oauth]", "[oath]"));
    bench.change().await;
    bench.write(&contents);
    assert_eq!(bench.reloader.news().await, None, "even when something else was refused meanwhile");
    assert_eq!(bench.after(Trigger::Command).await, (Outcome::Published, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_transient_causes_are_waited_for() {
    let bench = Bench::new().await;
    let (good, component) = (bench.deployment(), std::fs::read(bench.component()).unwrap());
    bench.write(&good.replace("[oauth]", "[oath]"));
    assert_eq!(bench.change().await, (Outcome::Refused, 1));
    assert_eq!(bench.retry_at(), None, "a mistake in the configuration");
    bench.at(4_000);
    assert_eq!(bench.reloader.news().await, None);
    bench.write(&good);

    std::fs::write(bench.component(), &component[..component.len() / 2]).unwrap();
    bench.change().await;
    assert_eq!(bench.retry_at(), None, "a broken component");
    std::fs::remove_file(bench.component()).unwrap();
    bench.change().await;
    assert_eq!(bench.retry_at(), None, "no component");
    std::os::unix::fs::symlink("absent", bench.component()).unwrap();
    bench.change().await;
    assert_eq!(bench.retry_at(), Some(4_005), "a component that cannot be read");
    std::fs::remove_file(bench.component()).unwrap();
    std::fs::write(bench.component(), &component).unwrap();

    bench.write(&format!("{good}\n[truststore]\nfile_name = \"late.p12\"\npassword = \"p\"\n"));
    assert_eq!(bench.change().await, (Outcome::Refused, 1));
    assert_eq!(bench.retry_at(), Some(4_005), "a keystore that is not there");
    std::fs::write(bench.home.security().join("late.p12"), "no keystore").unwrap();
    bench.at(4_005);
    assert_eq!(bench.after(Trigger::Retry).await, (Outcome::Refused, 1));
    assert_eq!(bench.retry_at(), Some(4_015), "it may not be written to its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_is_missing_or_broken_is_rejected_and_a_panic_is_no_more_than_that() {
    let bench = Bench::new().await;
    let good = std::fs::read(bench.component()).unwrap();
    std::fs::remove_file(bench.component()).unwrap();
    assert_eq!(bench.change().await, (Outcome::Refused, 1));
    std::fs::write(bench.component(), &good[..good.len() / 2]).unwrap();
    let verdict = bench.reloader.reload(Trigger::Change).await;
    assert!(verdict.reason.unwrap().contains("client_secret_authenticator.wasm"));
    std::fs::write(bench.component(), testing::variant(&good, 1)).unwrap();
    assert_eq!(bench.change().await, (Outcome::Published, 2));

    bench.builder.set(Mode::Panicking);
    bench.edit(1);
    let verdict = bench.reloader.reload(Trigger::Change).await;
    assert!(verdict.result == Outcome::Refused && verdict.reason.unwrap().contains("in the compiler"));
    assert_eq!(bench.retry_at(), None, "a mistake in a program stays");
    bench.builder.set(Mode::Healthy);
    bench.edit(2);
    assert_eq!(bench.change().await, (Outcome::Published, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_holds_until_a_reload_or_until_new_contents_come() {
    let bench = Bench::new().await;
    assert_eq!(bench.back().await, (Outcome::Refused, 1), "there is nothing before the first");
    for number in 2..=3 {
        bench.edit(number);
        bench.change().await;
    }
    assert_eq!(bench.back().await, (Outcome::RolledBack, 2));
    assert!(bench.report().pinned_since.is_some());
    assert_eq!(bench.change().await, (Outcome::Unchanged, 2), "the folders still hold what was rolled back from");
    assert_eq!(bench.back().await, (Outcome::RolledBack, 1));
    assert_eq!(bench.change().await, (Outcome::Unchanged, 1));
    assert_eq!(bench.back().await, (Outcome::Refused, 1), "what was rolled back from is not what was before");

    assert_eq!(bench.after(Trigger::Command).await, (Outcome::Published, 4));
    assert_eq!(bench.report().pinned_since, None);
    assert_eq!(bench.back().await, (Outcome::RolledBack, 1));
    bench.edit(5);
    assert_eq!(bench.change().await, (Outcome::Published, 5));
    assert_eq!(bench.report().pinned_since, None);

    let named = bench.reloader.roll_back(Target::Generation(3)).await;
    assert_eq!((named.result, named.generation), (Outcome::RolledBack, 3));
    let unknown = bench.reloader.roll_back(Target::Generation(99)).await;
    assert!(unknown.reason.unwrap().contains("kept are 3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_plug_in_goes_back_and_everything_else_stays() {
    let bench = Bench::new().await;
    let first = bench.digest();
    let changed = testing::variant(&std::fs::read(bench.component()).unwrap(), 1);
    std::fs::write(bench.component(), &changed).unwrap();
    assert_eq!(bench.change().await, (Outcome::Published, 2));
    bench.write(&bench.deployment().replace("detailed_errors = false", "detailed_errors = true"));
    assert_eq!(bench.change().await, (Outcome::Published, 3));

    let back = bench.reloader.roll_back(Target::Plugin(SECRET_PLUGIN.to_owned())).await;
    assert_eq!((back.result, back.generation), (Outcome::RolledBack, 4), "{back:?}");
    assert_eq!(bench.digest(), first);
    assert!(bench.reloader.published.current().deployment.oauth.detailed_errors);
    assert_eq!(back.changes.len(), 1, "{back:?}");
    assert_eq!(bench.change().await, (Outcome::Unchanged, 4));

    for (name, reason) in [("absent", "no live plug-in"), ("private_key_jwt_authenticator", "no other component")] {
        let refused = bench.reloader.roll_back(Target::Plugin(name.to_owned())).await;
        assert!(refused.reason.as_ref().is_some_and(|text| text.contains(reason)), "{refused:?}");
    }
    assert_eq!(Digest::of(&std::fs::read(bench.component()).unwrap()), first, "a restart has it, too");
    assert_eq!(bench.after(Trigger::Signal).await, (Outcome::Unchanged, 4));
    let kept = KeptComponents::of(&bench.home).find(Digest::of(&changed)).unwrap();
    std::fs::write(bench.component(), kept).unwrap();
    assert_eq!(bench.after(Trigger::Signal).await, (Outcome::Published, 5));
    assert_eq!(bench.digest(), Digest::of(&changed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generation_goes_back_with_its_components_and_a_folder_that_cannot_be_written_is_a_warning() {
    let bench = Bench::new().await;
    let first = std::fs::read(bench.component()).unwrap();
    std::fs::write(bench.component(), testing::variant(&first, 1)).unwrap();
    assert_eq!(bench.change().await, (Outcome::Published, 2));
    let toml = bench.deployment();
    assert_eq!(bench.back().await, (Outcome::RolledBack, 1));
    assert_eq!(std::fs::read(bench.component()).unwrap(), first);
    assert_eq!(bench.deployment(), toml, "the configuration is not written");

    std::fs::write(bench.component(), testing::variant(&first, 2)).unwrap();
    assert_eq!(bench.change().await, (Outcome::Published, 3));
    // A folder in its place: even root cannot write it.
    std::fs::remove_file(bench.component()).unwrap();
    std::fs::create_dir(bench.component()).unwrap();
    let report = bench.reloader.roll_back(Target::Previous).await;
    assert_eq!((report.result, report.generation), (Outcome::RolledBack, 1));
    assert!(report.warnings.iter().any(|line| line.contains("cannot be written, so a restart takes")), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_an_enabled_entry_names_is_compiled_and_the_rest_is_listed() {
    let bench = Bench::new().await;
    let bytes = std::fs::read(bench.component()).unwrap();
    std::fs::write(bench.home.dropins().join("other.wasm"), testing::variant(&bytes, 1)).unwrap();
    std::fs::write(bench.home.dropins().join("broken.wasm"), "no component").unwrap();
    assert_eq!(bench.change().await, (Outcome::Published, 2));
    let live = bench.reloader.published.current();
    let inactive: Vec<_> = live.inactive.iter().map(|one| (one.file.as_str(), one.name.as_deref().unwrap())).collect();
    let (disabled, file) = ("federated_jwt_authenticator", "federated_jwt_authenticator.wasm");
    let expected = [("broken.wasm", "broken"), (file, disabled), ("other.wasm", SECRET_PLUGIN)];
    assert_eq!(inactive, expected);
    assert!(!live.warnings.iter().any(|warning| warning.contains(disabled)), "an entry names it");
    for line in
        ["other.wasm (client_secret_authenticator) is in the dropins folder", "broken.wasm: it is no WebAssembly"]
    {
        assert!(live.warnings.iter().any(|warning| warning.contains(line)), "{:?}", live.warnings);
    }
    let unnamed = Candidate::new("other.wasm", testing::variant(&bytes, 1));
    assert!(!unnamed.is_validated(live.generation.engine()));
    let file = format!("{SECRET_PLUGIN}.wasm");
    assert!(Candidate::new(file, bytes).is_validated(live.generation.engine()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_used_is_the_only_error_about_the_entry_that_may_mean_it() {
    let bench = Bench::new().await;
    std::fs::write(bench.component(), "no component").unwrap();
    let reason = bench.reloader.reload(Trigger::Change).await.reason.unwrap();
    assert!(reason.contains("it begins with \"no component\"") && !reason.contains("names no plug-in"), "{reason}");
    std::fs::remove_file(bench.component()).unwrap();
    std::fs::write(bench.home.dropins().join("unrelated.wasm"), "no component").unwrap();
    let reason = bench.reloader.reload(Trigger::Change).await.reason.unwrap();
    assert!(reason.contains("names no plug-in"), "{reason}");
}

/// Readings of the files so far.
fn readings(bench: &Bench) -> usize {
    bench.reloader.reader.readings.load(std::sync::atomic::Ordering::Relaxed)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_read_once_and_an_idle_server_reads_nothing() {
    let bench = Bench::new().await;
    bench.edit(1);
    assert_eq!(bench.change().await, (Outcome::Published, 2));
    let before = readings(&bench);
    for _ in 0..100 {
        assert_eq!(bench.reloader.news().await, None);
    }
    assert_eq!(readings(&bench), before, "no stamp has changed");
    bench.edit(2);
    assert_eq!(bench.change().await, (Outcome::Published, 3));
    assert_eq!(bench.reloader.news().await, None);
    assert_eq!(readings(&bench), before + 1);
    std::fs::write(bench.home.tls_key(), std::fs::read(bench.home.tls_key()).unwrap()).unwrap();
    assert_eq!(bench.reloader.news().await, None, "another stamp, the same contents");
    assert_eq!(readings(&bench), before + 2, "files outside of the folders have stamps as well");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_generations_are_kept_and_the_others_are_dropped() {
    let bench = Bench::new().await;
    let first = Arc::downgrade(&bench.reloader.published.current());
    for number in 2..=7 {
        bench.edit(number);
        assert_eq!(bench.change().await, (Outcome::Published, u64::from(number)));
    }
    let kept: Vec<_> = bench.report().kept.iter().map(|kept| kept.generation).collect();
    assert_eq!(kept, [7, 6, 5, 4, 3, 2]);
    let gone = async {
        while first.strong_count() > 0 {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_restart_is_held_back_and_everything_else_is_published() {
    let bench = Bench::new().await;
    let text = bench.deployment().replace("127.0.0.1:9444", "127.0.0.1:9555");
    bench.write(&text.replace("detailed_errors = false", "detailed_errors = true").replace("16MiB", "17MiB"));
    let verdict = bench.reloader.reload(Trigger::Change).await;
    assert_eq!(verdict.result, Outcome::Published, "{verdict:?}");
    assert!(verdict.needs_restart[0].starts_with("[transport.admin] "), "{verdict:?}");
    let live = bench.reloader.published.current();
    assert!(live.deployment.oauth.detailed_errors && live.deployment.transport.admin.listen.port() == 9444);
    assert_eq!(bench.report().needs_restart.iter().map(ToString::to_string).collect::<Vec<_>>(), verdict.needs_restart);
    bench.write(&bench.deployment().replace("127.0.0.1:9555", "127.0.0.1:9444"));
    assert_eq!(bench.reloader.reload(Trigger::Change).await.needs_restart, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_noticed_without_a_word() {
    let bench = Bench::new().await;
    let task = bench.reloader.start();
    bench.edit(1);
    let live = async {
        while bench.reloader.published.current().generation.number() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), live).await.unwrap();
    assert!(bench.reloader.record.is_up());
    drop(task);
    let down = async {
        while bench.reloader.record.is_up() {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(Duration::from_secs(30), down).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shadow_of_a_disabled_listener_may_be_the_plug_in_of_another_one() {
    let file = "private_key_jwt_authenticator.wasm";
    let disabled = format!("[[event_listener]]\nid = \"off\"\nname = \"off\"\nenable = false\nshadow = \"{file}\"\n");
    let (_folder, home) = home(&disabled);
    let live =
        testing::reloader(&home, Arc::new(SystemClock), Arc::new(TestBuilder::default())).await.published.current();
    let handler = live.generation.handlers().iter().find(|handler| handler.file() == file).unwrap();
    let skew = handler.listener().properties.iter().find(|(name, _)| name == "ClockSkewInSeconds");
    assert_eq!(skew.map(|(_, seconds)| seconds.as_str()), Some("30"), "that of [oauth]");
}
