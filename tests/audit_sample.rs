//! Samples as auditors take them: the same on every copy, another from another checkpoint, and no false opening gets by.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use aidledger::canonical::{Names, Set, encode};
use aidledger::crypto::keyfile::{self, Protection, SealRandomness};
use aidledger::crypto::{Blake3Hash, SecretKey};
use aidledger::event::kinds::*;
use aidledger::event::signed::FeedHead;
use aidledger::event::{Draft, Draw, EventId, LotId, Quantity, Time, Token};
use aidledger::flags::openings::{Opening, commitment};
use aidledger::service::{Answer, Ledger, Reader};
use serde_json::{Value, json};

const DELIVERIES: u64 = 80;
/// A name that would be a script if a page forgot to escape it, and turns what follows round if it forgot to set it apart.
const HOSTILE: &str = "<script>alert('fund')</script>\u{5d0}";

/// A fund with many deliveries, each with evidence whose opening is known, and checkpoints of three sizes.
struct Scene {
    folder: tempfile::TempDir,
    /// How many entries there were when the last delivery was in.
    upto: u64,
    openings: Vec<Opening>,
}

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

fn name(text: &str) -> Names {
    Names::one("en", text)
}

fn code(text: &str) -> aidledger::event::Code {
    text.parse().expect("a code")
}

struct Writer {
    ledger: Ledger,
    now: Time,
}

impl Writer {
    fn write(&mut self, seed: u8, body: Body) -> EventId {
        self.now.0 += 3600;
        let key = key(seed);
        let draft = Draft { organization: code("fund"), time: self.now, body };
        let signed = draft.sign(self.ledger.id(), self.ledger.feed(&key.public()), &key);
        match self.ledger.append(&[encode(&signed)], self.now).expect("it is written").remove(0) {
            Answer::Accepted(receipt) => receipt.id,
            other => panic!("{other:?}"),
        }
    }
    fn region(&mut self, region: &str) {
        self.write(2, Body::RegionDefined(RegionDefined { name: name(region), parent: None, region: code(region) }));
    }
}

impl Scene {
    fn new() -> Scene {
        let folder = tempfile::tempdir().expect("a folder");
        let ledger_folder = folder.path().join("ledger");
        let now: Time = "2026-01-05T00:00:00Z".parse().expect("a time");
        let opening = LedgerOpened {
            log_key: key(1).public(),
            name: name(HOSTILE),
            organization_name: name(HOSTILE),
            origin: "sample.example/2026".parse().expect("an origin"),
            roles: Set::new(vec![Role::Registrar, Role::Admin, Role::Finance, Role::Intake, Role::Assign, Role::Field]),
            rules: 1,
        };
        let opening = Draft { organization: code("fund"), time: now, body: Body::LedgerOpened(opening) };
        let opening = opening.sign(EventId::ZERO, FeedHead::EMPTY, &key(2));
        let ledger = Ledger::create(&ledger_folder, &opening, key(1), now).expect("a ledger");
        let mut writer = Writer { ledger, now };
        let auditor = KeyGranted { key: key(3).public(), label: None, organization: code("fund"), roles: Set::new(vec![Role::Audit]) };
        writer.write(2, Body::KeyGranted(auditor));
        let rice = ItemDefined {
            category: code("food"),
            decimals: 1,
            item: code("rice"),
            name: name("Rice"),
            r#type: ItemType::Goods,
            unit: Some(code("kg")),
        };
        writer.write(2, Body::ItemDefined(rice));
        writer.region("north");
        let programme = ProgrammeOpened {
            from: None,
            name: name("Winter"),
            organizations: None,
            programme: code("winter"),
            recipient_types: None,
            regions: None,
            until: None,
        };
        writer.write(2, Body::ProgrammeOpened(programme));
        let recipient = Token([7; 16]);
        let enrolment = RecipientEnrolled {
            commitment: None,
            key: None,
            name: None,
            programme: code("winter"),
            recipient,
            reference: None,
            region: code("north"),
            size: Some(4),
            r#type: RecipientType::Household,
            uniqueness: None,
        };
        writer.write(2, Body::RecipientEnrolled(enrolment));
        let donor = Donor { commitment: None, name: None, r#type: DonorType::Anonymous };
        let kg = |minor| Quantity { minor, decimals: 1 };
        let lots = vec![LotLine { item: code("rice"), quantity: kg(1_000_000) }];
        let gift = DonationReceived { donor, lots, pledge: None, receipt: None, reference: None, restrictions: None };
        let lot = LotId { event: writer.write(2, Body::DonationReceived(gift)), line: 0 };
        let mut openings = Vec::new();
        for n in 0..DELIVERIES {
            let draws = Set::new(vec![Draw { lot, quantity: kg(10 + n * n) }]);
            let assignment = AssignmentMade {
                draws: draws.clone(),
                due: None,
                lock: None,
                need: None,
                programme: code("winter"),
                recipient,
                reference: None,
            };
            let assignment = writer.write(2, Body::AssignmentMade(assignment));
            let (salt, file_hash) = (Blake3Hash::of(format!("salt {n}").as_bytes()), Blake3Hash::of(format!("photograph {n}").as_bytes()));
            let opening = Opening { commitment: commitment(&salt, &file_hash), file_hash, salt };
            openings.push(opening);
            let evidence = Some(opening.commitment);
            writer.write(2, Body::DeliveryMade(DeliveryMade { assignment, code: None, draws, evidence, reference: None }));
        }
        let scene = Scene { upto: writer.ledger.state().size(), openings, folder };
        for (place, region) in ["south", "east"].iter().enumerate() {
            scene.keep_checkpoint(place);
            writer.region(region);
        }
        scene.keep_checkpoint(2);
        writer.ledger.close().expect("closed");
        std::fs::create_dir(ledger_folder.join("keys")).expect("a folder");
        for (name, seed) in [("log", 1), ("auditor", 3)] {
            let unused = SealRandomness { salt: [0; 16], initialization_vector: [0; 16] };
            let pem = keyfile::encode(&key(seed), Protection::None, &unused).expect("a key file");
            keyfile::write_new(&ledger_folder.join(format!("keys/{name}.pem")), &pem).expect("a key file");
        }
        scene
    }

    fn keep_checkpoint(&self, place: usize) {
        std::fs::copy(self.folder.path().join("ledger/checkpoint"), self.path(&format!("checkpoint-{place}"))).expect("a checkpoint");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aidledger"));
        command.args(words).current_dir(self.folder.path()).env_remove("AIDLEDGER_LEDGER").env_remove("AIDLEDGER_KEY");
        command.output().expect("the program runs")
    }

    /// Runs a command that must end with this status, and gives what it said.
    fn check(&self, status: i32, words: &[&str]) -> String {
        let output = self.run(words);
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(status), "{words:?}: {said}");
        assert!(!said.contains("panicked"), "{said}");
        said
    }

    /// Draws into a file, and gives its bytes.
    fn sample(&self, ledger: &str, checkpoint: &str, more: &[&str], file: &str) -> Value {
        let upto = self.upto.to_string();
        // Nothing is written over.
        let _ = std::fs::remove_file(self.path(file));
        let words = ["audit", "sample", "--programme", "winter", "--tolerable", "5%", "--confidence", "95%", "--upto", &upto];
        let words = [&words[..], &["--ledger", ledger, "--checkpoint", checkpoint, "--out", file], more].concat();
        self.check(0, &words);
        serde_json::from_slice(&std::fs::read(self.path(file)).expect("a sample")).expect("JSON")
    }

    fn write_openings(&self, file: &str, openings: &[Opening]) {
        std::fs::write(self.path(file), serde_json::to_vec(openings).expect("JSON")).expect("a file");
    }
}

fn copy_folder(source: &Path, target: &Path) {
    std::fs::create_dir_all(target).expect("a folder");
    for entry in std::fs::read_dir(source).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = target.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

fn drawn(sample: &Value) -> Vec<u64> {
    sample["drawn"].as_array().expect("a list").iter().map(|one| one["index"].as_u64().expect("a number")).collect()
}

#[test]
fn the_same_everywhere_and_another_from_another_checkpoint() {
    let scene = Scene::new();
    copy_folder(&scene.path("ledger"), &scene.path("copy"));
    for more in [&[][..], &["--item", "rice"], &["--finite"]] {
        let here = scene.sample("ledger", "checkpoint-1", more, "here.json");
        scene.sample("copy", "checkpoint-1", more, "there.json");
        assert!(std::fs::read(scene.path("here.json")).expect("a file") == std::fs::read(scene.path("there.json")).expect("a file"));
        let later = scene.sample("ledger", "checkpoint-2", more, "later.json");
        assert_ne!(here["seed"], later["seed"]);
        assert_ne!(drawn(&here), drawn(&later), "{more:?}");
        assert_eq!(here["population"], DELIVERIES);
        assert_eq!((&here["size_textbook"], here["size_finite"].as_u64().expect("a number") < 59), (&json!(59), true));
    }
    let equal = scene.sample("ledger", "checkpoint-1", &[], "equal.json");
    assert_eq!(drawn(&equal).len(), 59);
    let money = scene.sample("ledger", "checkpoint-1", &["--item", "rice"], "money.json");
    let hits = money["drawn"].as_array().expect("a list").iter().map(|one| one["hits"].as_u64().expect("a number")).sum::<u64>();
    assert_eq!(hits, 59, "as many draws as the size says");
    assert!(drawn(&money).len() < 59, "large deliveries are hit more than once");
    // The quantities grow, so money looks at late deliveries more than chance does.
    let mean = |sample: &Value| drawn(sample).iter().sum::<u64>() / drawn(sample).len() as u64;
    assert!(mean(&money) > mean(&equal) + 10, "{} {}", mean(&money), mean(&equal));
}

#[test]
fn nobody_draws_from_what_came_after_the_checkpoint() {
    let scene = Scene::new();
    let (upto, more) = (scene.upto.to_string(), (scene.upto + 1).to_string());
    let draw = |status, upto: &str, checkpoint: &str, tolerable: &str| {
        let words = ["audit", "sample", "--programme", "winter", "--confidence", "95%", "--ledger", "ledger"];
        scene.check(status, &[&words[..], &["--tolerable", tolerable, "--upto", upto, "--checkpoint", checkpoint]].concat())
    };
    assert!(draw(2, &upto, "checkpoint-0", "5%").contains("must be of more"), "the checkpoint of just those entries was there before");
    assert!(draw(2, &more, "checkpoint-1", "5%").contains("must be of more"));
    assert!(draw(2, "0", "checkpoint-1", "5%").contains("must be of more"));
    assert!(draw(2, "5", "checkpoint-1", "5%").contains("no delivery"));
    assert!(draw(2, &upto, "checkpoint-1", "0%").contains("between 0.1 % and 99.9 %"));
    let note = std::fs::read_to_string(scene.path("checkpoint-1")).expect("a note");
    std::fs::write(scene.path("forged"), note.replacen(&format!("\n{more}\n"), &format!("\n{}\n", scene.upto + 2), 1)).expect("a file");
    assert!(draw(1, &upto, "forged", "5%").contains("not signed by this log"));
}

#[test]
fn one_false_opening_is_caught_and_the_opinion_says_so() {
    let scene = Scene::new();
    let sample = scene.sample("ledger", "checkpoint-1", &[], "sample.json");
    let held = |file: &str, status| {
        let output = scene.check(status, &["audit", "check-openings", "sample.json", file, "--ledger", "ledger", "--json"]);
        let json: Value = serde_json::Deserializer::from_str(&output).into_iter().next().expect("an answer").expect("JSON");
        json["openings"].as_array().expect("a list").iter().filter(|one| one["outcome"] != "holds").cloned().collect::<Vec<_>>()
    };
    scene.write_openings("openings.json", &scene.openings);
    assert!(held("openings.json", 0).is_empty());

    let victim = sample["drawn"][17].clone();
    let place = scene.openings.iter().position(|opening| victim["evidence"] == opening.commitment.to_string()).expect("a drawn one");
    let mut altered = scene.openings.clone();
    altered[place].file_hash = Blake3Hash::of(b"another photograph");
    scene.write_openings("false.json", &altered);
    let caught = held("false.json", 1);
    assert_eq!((caught.len(), &caught[0]["outcome"], &caught[0]["index"]), (1, &json!("false"), &victim["index"]));
    altered.remove(place);
    scene.write_openings("missing.json", &altered);
    let caught = held("missing.json", 1);
    assert_eq!((caught.len(), &caught[0]["outcome"]), (1, &json!("missing")));

    // A sample whose inconvenient delivery was taken out is not the one that the checkpoint draws.
    let mut kinder = sample.clone();
    kinder["drawn"].as_array_mut().expect("a list").remove(17);
    std::fs::write(scene.path("kinder.json"), kinder.to_string()).expect("a file");
    let said = scene.check(1, &["audit", "check-openings", "kinder.json", "missing.json", "--ledger", "ledger"]);
    assert!(said.contains("is not the sample that its checkpoint draws"), "{said}");

    let attest = |status, openings: &str, conclusion: &str| {
        let words = ["audit", "attest", "sample.json", openings, "--conclusion", conclusion, "--ledger", "ledger", "--as", "auditor"];
        scene.check(status, &words)
    };
    assert!(attest(1, "false.json", "unqualified").contains("1 of 59"));
    attest(0, "false.json", "qualified");
    let reader = Reader::open(&scene.path("ledger")).expect("a ledger");
    let (_, entry) = reader.entry(reader.chain.size - 1).expect("the opinion");
    let Body::AuditAttested(opinion) = entry.entry.event.body else { panic!("the last entry is the opinion") };
    let figures = opinion.sample.expect("figures");
    assert_eq!((figures.drawn, figures.failed, figures.population, opinion.size), (59, 1, DELIVERIES, scene.upto));
    assert_eq!(figures.seed.to_string(), sample["seed"]);
    let text = std::fs::read_to_string(scene.path("checkpoint-0")).expect("a note");
    let root = text.lines().nth(2).expect("a root");
    let attested = aidledger::log::tree::TreeHash::from_bytes(opinion.root.0);
    assert_eq!(attested.to_base64(), root, "the root is that of the entries drawn from");
    drop(reader);
    attest(0, "openings.json", "unqualified");

    // Whoever attests another root is found out by the audit, and spoils nothing else.
    scene.check(0, &["audit", "--ledger", "ledger"]);
    let (ledger, _) = Ledger::open(&scene.path("ledger"), key(1)).expect("a ledger");
    let mut writer = Writer { ledger, now: "2026-12-01T00:00:00Z".parse().expect("a time") };
    let lie = AuditAttested {
        conclusion: Conclusion::Adverse,
        programme: None,
        report: None,
        root: Blake3Hash::of(b"lie"),
        sample: None,
        size: 9,
    };
    writer.write(3, Body::AuditAttested(lie));
    writer.ledger.close().expect("closed");
    assert!(scene.check(1, &["audit", "--ledger", "ledger"]).contains("an auditor attested the root"));
    scene.check(0, &["verify", "--ledger", "ledger"]);
}

#[test]
fn the_page_needs_nothing_and_believes_no_name() {
    let scene = Scene::new();
    scene.check(0, &["audit", "--ledger", "ledger", "--html", "report.html", "--save", "report.json"]);
    let page = std::fs::read_to_string(scene.path("report.html")).expect("a page");
    assert!(!page.contains("<script") && page.matches("<bdi>&lt;script&gt;alert(&#39;fund&#39;)").count() >= 2, "heading and organization");
    for outside in ["src=", "href=", "url(", "@import", "http://", "https://"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let (errors, flags) = (page.find("Errors: what is provable"), page.find("Flags: what a person must judge"));
    assert!(errors.is_some() && errors < flags);
    // One key does everything in this fund: asked, with the base rate beside it.
    assert!(page.contains("one-key") && page.contains("80 of 80 deliveries have one key"));
    let json: Value = serde_json::from_slice(&std::fs::read(scene.path("report.json")).expect("a report")).expect("JSON");
    let one_key = json["flags"].as_array().expect("flags").iter().find(|flag| flag["flag"] == "one-key").expect("asked");
    assert_eq!((&one_key["base_rate"]["count"], &one_key["instances"][0]["events_count"]), (&json!(80), &json!(80)));
    assert_eq!(one_key["instances"][0]["events"].as_array().map(Vec::len), Some(50), "fifty are named, all are counted");
    assert_eq!(json["answer"], "no errors");

    // One byte of one entry: the error comes first, the exit status says so, and the flags are of what is before it.
    let log = scene.path("ledger/log/00000000.jsonl");
    let text = std::fs::read_to_string(&log).expect("a log");
    let line = text.lines().nth(100).expect("an entry").to_owned();
    std::fs::write(&log, text.replacen(&line, &line.replace("\"quantity\":\"", "\"quantity\":\"1"), 1)).expect("a log");
    let before = std::fs::read(scene.path("report.html")).expect("the page");
    scene.check(2, &["audit", "--ledger", "ledger", "--html", "report.html"]);
    scene.check(2, &["audit", "--ledger", "ledger", "--save", "ledger/log/00000001.jsonl"]);
    assert_eq!(std::fs::read(scene.path("report.html")).expect("the page"), before, "no file is written over");
    std::fs::remove_file(scene.path("report.html")).expect("removed");
    let said = scene.check(1, &["audit", "--ledger", "ledger", "--html", "report.html"]);
    assert!(said.contains("entry 100: "), "{said}");
    assert!(std::fs::read_to_string(scene.path("report.html")).expect("a page").contains("class=\"bad\""));
}
