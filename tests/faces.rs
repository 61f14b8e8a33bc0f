//! The command line as people meet it: exit codes, what goes to which stream, and what it must never do.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn aidledger(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aidledger"))
        .args(words)
        .current_dir(folder)
        .env_remove("AIDLEDGER_LEDGER")
        .env_remove("AIDLEDGER_KEY")
        .output()
        .expect("the program runs")
}

/// Runs a command that must end with this status, and gives its stdout.
fn check(folder: &Path, status: i32, words: &[&str]) -> String {
    let output = aidledger(folder, words);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{words:?}: {said}");
    assert!(!said.contains("panicked"), "{words:?}: {said}");
    if status != 0 {
        assert!(!said.trim().is_empty(), "{words:?}: a no is explained");
    }
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn json(folder: &Path, words: &[&str]) -> Value {
    serde_json::from_str(&check(folder, 0, words)).expect("--json gives JSON")
}

/// A small ledger: one gift, one household, one assignment, partly delivered. Gives the recipient's token and the assignment's id.
fn small_ledger(folder: &Path) -> (String, String) {
    check(folder, 0, &["init", "--name", "Our fund", "--no-passphrase"]);
    check(folder, 0, &["item", "rice", "--name", "en:Rice", "--name", "kk:Күріш", "--unit", "kg", "--decimals", "3", "--category", "food"]);
    check(folder, 0, &["item", "KZT", "--name", "Tenge"]);
    check(folder, 0, &["region", "north", "--name", "North"]);
    check(folder, 0, &["programme", "open", "winter", "--name", "Winter", "--for", "household"]);
    let enrolled = json(folder, &["enrol", "household", "--programme", "winter", "--region", "north", "--size", "4", "--json"]);
    let token = enrolled["recipient"].as_str().expect("a token").to_owned();
    check(folder, 0, &["donate", "500", "rice", "10.50", "KZT", "--from", "organization:Mill Ltd", "--programmes", "winter"]);
    let assigned = json(folder, &["assign", "5", "rice", "--to", &token[..6], "--json"]);
    let assignment = assigned["id"].as_str().expect("an id").to_owned();
    check(folder, 0, &["deliver", &assignment[..8], "3", "rice"]);
    (token, assignment)
}

/// Every file below a folder with its bytes.
fn bytes_of(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { bytes_of(&path, found) } else { found.push((path.display().to_string(), std::fs::read(&path).expect("a file"))) }
    }
    found.sort();
}

#[test]
fn the_readmes_walk_works_and_adds_up() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path();
    let (token, assignment) = small_ledger(folder);
    let balances = json(folder, &["balance", "--json"]);
    let rice = balances["balances"].as_array().expect("rows").iter().find(|row| row["item"] == "rice").expect("rice");
    assert_eq!((&rice["donated"], &rice["on_hand"]), (&"500.000".into(), &"495.000".into()));
    assert_eq!((&rice["assigned"], &rice["delivered"], &rice["adds_up"]), (&"2.000".into(), &"3.000".into(), &true.into()));
    let history = json(folder, &["history", &token[..6], "--json"]);
    assert_eq!(history["entries"].as_array().expect("entries").len(), 3);
    let gifts = json(folder, &["trace", &assignment[..8], "--json"]);
    assert_eq!(gifts["gifts"][0]["donor"], "Mill Ltd");
    check(folder, 0, &["deliver", &assignment[..8]]);
    check(folder, 1, &["deliver", &assignment[..8]]);
    check(folder, 0, &["prove", "#6", "--bundle", "--output", "gift.tlog-proof"]);
    check(folder, 2, &["prove", "#6", "--output", "my-ledger/checkpoint"]);
    let policy = check(folder, 0, &["checkpoint", "--policy"]);
    std::fs::write(folder.join("policy"), policy).expect("written");
    check(folder, 0, &["check-proof", "gift.tlog-proof", "--policy", "policy"]);
    check(folder, 1, &["check-proof", "gift.tlog-proof", "--policy", "policy", "--id", &"0".repeat(64)]);
    check(folder, 0, &["export", "tiles", "out"]);
    check(folder, 0, &["verify", "--ledger", "out"]);
    check(folder, 2, &["export", "tiles", "my-ledger"]);
    for signatures in ["every", "strict", "heads"] {
        let report = json(folder, &["verify", "--signatures", signatures, "--json"]);
        assert_eq!((&report["answer"], &report["size"]), (&"verifies".into(), &10.into()));
    }
}

#[test]
fn verifying_changes_nothing_and_broken_views_hide_nothing() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path();
    small_ledger(folder);
    check(folder, 0, &["balance"]);
    let (mut before, mut after) = (Vec::new(), Vec::new());
    bytes_of(folder, &mut before);
    check(folder, 0, &["verify"]);
    bytes_of(folder, &mut after);
    assert!(before == after, "verify leaves what it looks at as it is");

    std::fs::write(folder.join("my-ledger/views/v2/db"), b"").expect("written");
    let report = json(folder, &["verify", "--json"]);
    assert_eq!(report["steps"]["views"], "not verified");

    let log = folder.join("my-ledger/log/00000000.jsonl");
    let text = std::fs::read_to_string(&log).expect("the log");
    let kept: Vec<&str> = text.lines().take(8).collect();
    std::fs::write(&log, kept.join("\n") + "\n").expect("written");
    let report: Value = serde_json::from_str(&check(folder, 1, &["verify", "--json"])).expect("a report");
    assert_eq!(report["findings"][0]["step"], "checkpoint");
    check(folder, 1, &["balance"]);
}

#[test]
fn mistakes_are_answered_and_cost_nothing() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path();
    check(folder, 2, &["init", "--name", "Fund", "--roles", "admin", "--no-passphrase"]);
    check(folder, 2, &["init", "--name", "Fu\u{7}nd", "--no-passphrase"]);
    let (token, _) = small_ledger(folder);
    let log = folder.join("my-ledger/log/00000000.jsonl");
    let before = std::fs::read(&log).expect("the log");
    for (status, words) in [
        (1, vec!["donate", "5", "wheat"]),
        (1, vec!["donate", "0.0001", "rice"]),
        (1, vec!["donate", "0", "rice"]),
        (2, vec!["donate", "-5", "rice"]),
        (2, vec!["donate", "5"]),
        (1, vec!["assign", "5000", "rice", "--to", &token]),
        (1, vec!["assign", "5", "rice", "--to", ""]),
        (1, vec!["enrol", "facility", "--programme", "winter", "--region", "north"]),
        (1, vec!["region", "north", "--name", "Again"]),
        (1, vec!["show", "ffff"]),
        (1, vec!["key", "revoke", "", "--reason", "lost"]),
        (2, vec!["balance", "--ledger", "nowhere"]),
        (2, vec!["verify", "--ledger", "nowhere"]),
        (2, vec!["verify", "--checkpoint", "my-ledger/checkpoint"]),
        (2, vec!["init", "--name", "Again", "--no-passphrase"]),
        (2, vec!["no-such-command"]),
    ] {
        check(folder, status, &words);
    }
    assert!(std::fs::read(&log).expect("the log") == before, "nothing was appended");
}

#[test]
fn every_command_explains_itself_and_help_files_are_made() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path();
    let help = check(folder, 0, &["--help"]);
    for command in ["init", "import", "verify", "check-proof", "demo", "simulate", "export tiles", "key grant"] {
        assert!(help.contains(command.split(' ').next().expect("a word")), "{command}");
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        assert!(check(folder, 0, &words).len() > 200, "{command}");
    }
    assert!(check(folder, 0, &["sign", "--help"]).contains("donation.received"), "the help of sign shows a draft");
    for shell in ["bash", "zsh", "fish"] {
        assert!(check(folder, 0, &["completions", shell]).contains("check-proof"));
    }
    check(folder, 0, &["man", "man"]);
    assert!(folder.join("man/aidledger-verify.1").exists());
}

#[test]
fn drafts_are_signed_without_a_ledger_and_appended_once() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path();
    small_ledger(folder);
    let draft = r#"{ "kind": "region.defined", "organization": "our-fund", "body": {"region": "south", "name": {"en": "South"}} }"#;
    std::fs::write(folder.join("drafts"), format!("{draft}\n{}\n", draft.replace("south", "west"))).expect("written");
    let signed = check(folder, 0, &["sign", "drafts"]);
    std::fs::write(folder.join("signed"), &signed).expect("written");
    assert_eq!(check(folder, 0, &["append", "signed"]).matches("accepted").count(), 2);
    assert_eq!(check(folder, 0, &["append", "signed"]).matches("known already").count(), 2);
    std::fs::write(folder.join("altered"), signed.replace("South", "Soup")).expect("written");
    assert!(check(folder, 1, &["append", "altered"]).contains("102 signature-invalid"));
    check(folder, 0, &["verify"]);
}
