//! What protects people: the lint on public fields, codes on paper, the vault, and erasing somebody from it.

#[path = "privacy/ordinary.rs"]
mod ordinary;
#[path = "privacy/vaults.rs"]
mod vaults;

use std::path::Path;

use aidledger::crypto::{Blake3Hash, PaperCode};
use aidledger::event::Token;
use aidledger::rules::personal::{digit, is_national_id, personal_data};
use aidledger::vault::file::blobs_of;
use aidledger::vault::{Period, SecretBytes, Vault, VaultError};
use vaults::{CHEAP, Office, files, holds};

/// Invented identifiers, one a line: `kind<TAB>text`. Days of birth lie in 18xx or 209x; phone numbers and cards are test numbers.
const PLANTED: &str = include_str!("../fixtures/personal/planted.txt");

#[test]
fn every_planted_identifier_is_found_and_nothing_ordinary_is() {
    let mut missed = Vec::new();
    for line in PLANTED.lines() {
        let (kind, text) = line.split_once('\t').expect("kind<TAB>text");
        let found = personal_data(text).map_or("nothing", |found| found.word());
        if found != kind {
            missed.push(format!("{text:?} is a {kind}, found {found}"));
        }
    }
    let planted = PLANTED.lines().count();
    assert!(missed.is_empty(), "{} of {planted} missed:\n{}", missed.len(), missed.join("\n"));

    let ordinary = ordinary::values(10_000, 20_260_115);
    let caught: Vec<_> = ordinary.iter().filter_map(|text| Some(format!("{text:?} is no {}", personal_data(text)?.word()))).collect();
    assert!(caught.is_empty(), "{} of {}:\n{}", caught.len(), ordinary.len(), caught.join("\n"));
    println!("personal data: {planted} of {planted} planted identifiers found, 0 of {} ordinary values", ordinary.len());
    assert!(planted >= 100 && ordinary.len() == 10_000);
}

#[test]
fn a_wrong_check_digit_is_no_identity_number() {
    let valid: Vec<&str> = PLANTED.lines().filter_map(|line| line.strip_prefix("national-id\t")).take(8).collect();
    for text in valid {
        let digits: Vec<u8> = text.bytes().map(|b| b - b'0').collect();
        assert!(is_national_id(&digits), "{text}");
        for other in (0..10).filter(|other| *other != digits[11]) {
            let mut wrong = digits.clone();
            wrong[11] = other;
            assert!(!is_national_id(&wrong), "{text} ending in {other}");
        }
    }
}

#[test]
fn digits_are_those_of_unicode() {
    let rows = (0..=0x1_FFFF).filter_map(char::from_u32).filter(|c| digit(*c).is_some()).count();
    assert_eq!(rows, 64 * 10);
    for (c, value) in [('0', 0), ('9', 9), ('٣', 3), ('۷', 7), ('४', 4), ('５', 5), ('𝟗', 9)] {
        assert_eq!(digit(c), Some(value), "{c}");
    }
    for c in ['²', '½', '①', 'Ⅷ', '/', ':', 'o'] {
        assert_eq!(digit(c), None, "{c}");
    }
}

/// Born in 1899: nobody's number. The first of the planted ones.
fn number(place: usize) -> &'static str {
    PLANTED.lines().nth(place).and_then(|line| line.strip_prefix("national-id\t")).expect("the file begins with numbers alone")
}

#[test]
fn a_vault_gives_back_what_it_was_given_and_opens_with_its_passphrase_only() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("people.vault");
    let mut vault = Vault::create(&path, b"bread", CHEAP).expect("made");
    let intake = vault.content.intake.clone();
    vault.content.put_person("k-1", &format!("name: Айша\nnumber: {}\nphone: +7 763 555 01 23", number(0)), false).expect("added");
    let commitment = vault.seal_evidence(b"a photo", "photo.jpg", Some("note"), Some("k-1")).expect("sealed");
    vault.save().expect("saved");
    drop(vault);

    assert!(matches!(Vault::open(&path, b"salt"), Err(VaultError::Seal { .. })));
    let vault = Vault::open(&path, b"bread").expect("opened");
    let person = vault.content.person("k-1").expect("there");
    assert_eq!((person.fields["name"].as_str(), person.number.as_ref().expect("a number").as_str()), ("Айша", number(0)));
    assert!(vault.content.intake == intake);
    assert_eq!(**vault.open_evidence(&commitment).expect("opened").1, *b"a photo");
    for (path, bytes) in files(scratch.path()) {
        for word in ["Айша".as_bytes(), number(0).as_bytes(), b"763 555", b"a photo", b"photo.jpg", b"k-1", &intake.0] {
            assert!(!holds(&bytes, word), "{} is readable", path.display());
        }
        only_the_owner_reads(&path);
    }
    // A sealed file that was changed, or put in another's place, is not passed off as the evidence.
    let blob = files(&blobs_of(&path)).pop().expect("a sealed file").0;
    let mut bytes = std::fs::read(&blob).expect("read");
    *bytes.last_mut().expect("bytes") ^= 1;
    std::fs::write(&blob, bytes).expect("written");
    assert!(matches!(vault.open_evidence(&commitment), Err(VaultError::EvidenceDamaged(_))));
}

#[cfg(unix)]
fn only_the_owner_reads(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "{}", path.display());
}
#[cfg(not(unix))]
fn only_the_owner_reads(_path: &Path) {}

#[test]
fn a_vault_lies_in_no_ledger() {
    let scratch = tempfile::tempdir().expect("a folder");
    for (folder, mark) in [("a/deep", "a/log/00000000.jsonl"), ("b", "b/checkpoint")] {
        std::fs::create_dir_all(scratch.path().join(folder)).expect("made");
        let mark = scratch.path().join(mark);
        std::fs::create_dir_all(mark.parent().expect("a folder")).expect("made");
        std::fs::write(mark, b"").expect("written");
        let path = scratch.path().join(folder).join("people.vault");
        assert!(matches!(Vault::create(&path, b"bread", CHEAP), Err(VaultError::InLedger { .. })), "{folder}");
        assert!(!path.exists());
    }
    let mut outside = Vault::create(&scratch.path().join("people.vault"), b"bread", CHEAP).expect("made");
    let inside = outside.backup(&scratch.path().join("b"), "2026-01-05T09:30:00Z".parse().expect("a time"));
    assert!(matches!(inside, Err(VaultError::InLedger { .. })));
    assert!(outside.content.backups.is_empty());
}

#[test]
fn a_tag_is_the_same_for_all_who_share_the_secret_and_joins_nothing_else() {
    let scratch = tempfile::tempdir().expect("a folder");
    let [mut first, mut second] = ["a", "b"].map(|name| Vault::create(&scratch.path().join(name), b"bread", CHEAP).expect("made"));
    first.content.put_person("k-1", &format!("number: {}", number(0)), false).expect("added");
    second.content.put_person("x", &format!("number: {} {}", &number(0)[..6], &number(0)[6..]), false).expect("added");
    let (winter, school) = ("winter".parse().expect("a code"), "school".parse().expect("a code"));
    let period = |text: &str| text.parse::<Period>().expect("a period");
    let tag = first.content.tag("k-1", &winter, &period("2026-01")).expect("a tag");
    assert_ne!(second.content.tag("x", &winter, &period("2026-01")).expect("a tag"), tag, "two secrets");
    second.content.intake = SecretBytes(first.content.intake.0);
    assert_eq!(second.content.tag("x", &winter, &period("2026-01")).expect("a tag"), tag);
    for (programme, other) in [(&winter, "2026-02"), (&winter, ""), (&school, "2026-01")] {
        assert_ne!(second.content.tag("x", programme, &period(other)).expect("a tag"), tag);
    }
}

/// A person with everything that a vault can hold of them, in an office's vault and ledger.
struct Helped {
    office: Office,
    /// What a vault holds of the person: name, number, phone, codes, evidence, salts and keys as digits.
    words: Vec<Vec<u8>>,
    /// Salts and keys as bytes, which are nowhere at any time.
    bytes: Vec<Vec<u8>>,
}

const NAME: &str = "Айша Ойдан-Шығарылған";
const PHONE: &str = "+7 763 555 01 23";
const PHOTO: &[u8] = b"a photo of Aisha, and of nobody else at all";

fn helped() -> Helped {
    let office = Office::open();
    office.vault("people.vault");
    office.add("people.vault", "k-1", &format!("name: {NAME}\nphone: {PHONE}\nnumber: {}\n", number(0)));
    office.add("people.vault", "k-2", "name: Somebody else\n");
    let enrolled = office
        .run(
            0,
            &[
                "enrol",
                "person",
                "--programme",
                "winter",
                "--region",
                "north",
                "--person",
                "k-1",
                "--period",
                "2026-01",
                "--vault",
                "people.vault",
                "--json",
            ],
        )
        .json();
    let token = enrolled["recipient"].as_str().expect("a token").to_owned();
    let other = office
        .run(0, &["enrol", "person", "--programme", "winter", "--region", "north", "--person", "k-2", "--vault", "people.vault", "--json"])
        .json();
    let other = other["recipient"].as_str().expect("a token").to_owned();
    office.run(0, &["assign", "5", "rice", "--to", &token, "--with-code", "--vault", "people.vault"]);
    office.run(0, &["assign", "5", "rice", "--to", &other, "--with-code", "--vault", "people.vault"]);
    office.run(0, &["donate", "7", "rice", "--from", "individual", "--with-receipt", "--person", "k-1", "--vault", "people.vault"]);
    std::fs::write(office.path("photo.jpg"), PHOTO).expect("written");
    office.run(0, &["evidence", "seal", "photo.jpg", "--for", "the parcel", "--person", "k-1", "--vault", "people.vault"]);
    std::fs::remove_file(office.path("photo.jpg")).expect("removed");

    let vault = Vault::open(&office.path("people.vault"), b"bread and salt").expect("opened");
    let content = &vault.content;
    let enrolment = &content.person("k-1").expect("there").enrolments[0];
    let slip = content.slips.iter().find(|slip| slip.recipient == enrolment.token).expect("a slip");
    let receipt = content.receipts.iter().find(|receipt| receipt.donor.is_some()).expect("a receipt");
    let donor = receipt.donor.as_ref().expect("a donor");
    let evidence = &content.evidence[0];
    let mut words: Vec<Vec<u8>> = [NAME, PHONE, number(0), &enrolment.card, &slip.code, &receipt.code, &enrolment.identity]
        .map(|word| word.as_bytes().to_vec())
        .into();
    words.push(PHOTO.to_vec());
    let mut bytes = Vec::new();
    for salt in [&enrolment.salt, &donor.salt, &evidence.salt, &evidence.key] {
        bytes.push(salt.0.to_vec());
        words.push(salt.to_hex().as_bytes().to_vec());
    }
    drop(vault);
    Helped { office, words, bytes }
}

/// Every byte that somebody with the passphrase could read below a folder: files as they are, vaults and evidence opened.
fn readable(office: &Office) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for (path, bytes) in files(office.scratch.path()) {
        if bytes.starts_with(aidledger::vault::seal::VAULT_MAGIC) {
            let sealer =
                aidledger::vault::seal::Sealer::of(aidledger::vault::seal::VAULT_MAGIC, &bytes, b"bread and salt").expect("a vault");
            let plain = sealer.open(&bytes).expect("opened");
            let content: aidledger::vault::Content = serde_json::from_slice(&plain).expect("a vault's content");
            for evidence in &content.evidence {
                let sealed = std::fs::read(blobs_of(&path).join(&evidence.blob)).expect("sealed");
                found.push((
                    format!("{} opened", path.display()),
                    aidledger::vault::seal::open_blob(&evidence.key, &sealed).expect("opened").to_vec(),
                ));
            }
            // JSON escapes: the person's words are looked for in the text that they stand for.
            let value: serde_json::Value = serde_json::from_slice(&plain).expect("JSON");
            let mut texts = Vec::new();
            strings(&value, &mut texts);
            found.push((format!("{} opened", path.display()), texts.join("\n").into_bytes()));
            found.push((format!("{} opened", path.display()), plain.to_vec()));
        }
        found.push((path.display().to_string(), bytes));
    }
    found
}

fn strings(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => found.push(text.clone()),
        serde_json::Value::Array(values) => values.iter().for_each(|value| strings(value, found)),
        serde_json::Value::Object(members) => members.iter().for_each(|(name, value)| {
            found.push(name.clone());
            strings(value, found);
        }),
        _ => {}
    }
}

#[test]
fn what_is_erased_is_nowhere_and_the_chain_verifies() {
    let Helped { office, words, bytes } = helped();
    office.run(0, &["vault", "backup", "copies", "--vault", "people.vault"]);
    office.run(0, &["vault", "backup", "stick", "--vault", "people.vault"]);
    std::fs::rename(office.path("stick"), office.path("stick-elsewhere")).expect("taken away");
    let ledger_before = std::fs::read(office.path("my-ledger/log/00000000.jsonl")).expect("the log");

    let where_found = |places: &[(String, Vec<u8>)]| -> Vec<String> {
        let hit = |place: &&(String, Vec<u8>)| words.iter().chain(&bytes).any(|word| holds(&place.1, word));
        places.iter().filter(hit).map(|place| place.0.clone()).collect()
    };
    // The search finds each of the words before the erasure: it would find them after.
    let before = readable(&office);
    for word in &words {
        assert!(before.iter().any(|(_, bytes)| holds(bytes, word)), "{} is looked for in vain", String::from_utf8_lossy(word));
    }
    let in_ledger: Vec<_> = before.iter().filter(|place| place.0.contains("my-ledger")).cloned().collect();
    assert_eq!(where_found(&in_ledger), Vec::<String>::new(), "personal data in the ledger");

    // A copy cannot be reached: an honest no, though all else is gone.
    let said = office.run(1, &["erase", "k-1", "--vault", "people.vault", "--json"]);
    let done = said.json();
    assert_eq!((&done["enrolments"], &done["slips"], &done["receipts"], &done["evidence"]), (&1.into(), &1.into(), &1.into(), &1.into()));
    assert_eq!(done["backups_rewritten"].as_array().map(Vec::len), Some(1));
    assert_eq!(done["backups_unreached"].as_array().map(Vec::len), Some(1));
    assert!(said.stderr.contains("stick"), "what cannot be reached is named: {}", said.stderr);

    let left = where_found(&readable(&office));
    assert!(!left.is_empty() && left.iter().all(|place| place.contains("stick-elsewhere")), "{left:?}");
    // Brought back, the copy is reached too.
    std::fs::rename(office.path("stick-elsewhere"), office.path("stick")).expect("brought back");
    let again = office.run(0, &["erase", "k-1", "--vault", "people.vault", "--json"]).json();
    assert_eq!(again["backups_rewritten"].as_array().map(Vec::len), Some(1));
    let after = readable(&office);
    assert_eq!(where_found(&after), Vec::<String>::new());
    println!("erased: {} words of a person looked for in {} files and contents, found in none", words.len(), after.len());
    office.run(1, &["erase", "k-1", "--vault", "people.vault"]);

    // The others are as they were, and so is the ledger.
    assert_eq!(std::fs::read(office.path("my-ledger/log/00000000.jsonl")).expect("the log"), ledger_before);
    assert_eq!(office.run(0, &["verify", "--json"]).json()["answer"], "verifies");
    let listed = office.run(0, &["vault", "list", "--vault", "people.vault", "--json"]).json();
    assert_eq!((listed["people"].as_array().map(Vec::len), &listed["slips"]), (Some(1), &1.into()));
    for (path, bytes) in files(office.scratch.path()) {
        if bytes.starts_with(b"aidledger-") {
            only_the_owner_reads(&path);
        }
    }
}

#[test]
fn a_second_organization_learns_that_somebody_was_helped_and_not_who_or_where() {
    let office = Office::open();
    for vault in ["first.vault", "second.vault"] {
        office.vault(vault);
    }
    office.run(0, &["vault", "secret", "export", "intake", "--vault", "first.vault", "--exchange-passphrase-file", "exchange"]);
    office.run(2, &["vault", "secret", "import", "intake", "--vault", "second.vault", "--exchange-passphrase-file", "passphrase"]);
    office.run(0, &["vault", "secret", "import", "intake", "--vault", "second.vault", "--exchange-passphrase-file", "exchange"]);
    only_the_owner_reads(&office.path("intake"));
    let fingerprint = |vault: &str| office.run(0, &["vault", "secret", "fingerprint", "--vault", vault]).stdout;
    assert_eq!(fingerprint("first.vault"), fingerprint("second.vault"));

    office.add("first.vault", "k-1", &format!("name: {NAME}\nnumber: {}\n", number(0)));
    let check = |status: i32, period: &str| {
        office.run_with(
            status,
            &["vault", "check", "--programme", "winter", "--period", period, "--id-file", "-", "--vault", "second.vault"],
            number(0),
        )
    };
    check(0, "2026-01");
    let enrol = [
        "enrol",
        "person",
        "--programme",
        "winter",
        "--region",
        "north",
        "--person",
        "k-1",
        "--period",
        "2026-01",
        "--vault",
        "first.vault",
        "--json",
    ];
    let enrolled = office.run(0, &enrol).json();
    let said = check(1, "2026-01");
    assert!(said.stderr.contains("already helped in this programme and period"), "{}", said.stderr);
    let all = said.stdout + &said.stderr;
    for secret in
        [NAME, "k-1", "our-fund", number(0), enrolled["recipient"].as_str().expect("a token"), enrolled["id"].as_str().expect("an id")]
    {
        assert!(!all.contains(secret), "{all}");
    }
    check(0, "2026-02");
    office.run_with(0, &["vault", "check", "--programme", "winter", "--id-file", "-", "--vault", "second.vault"], number(1));

    // Enrolling all the same is refused, and the vault keeps nothing of it.
    office.add("second.vault", "x", &format!("number: {}\n", number(0)));
    let again = [
        "enrol",
        "person",
        "--programme",
        "winter",
        "--region",
        "north",
        "--person",
        "x",
        "--period",
        "2026-01",
        "--vault",
        "second.vault",
        "--json",
    ];
    assert_eq!(office.run(1, &again).json()["rule"], 305);
    let shown = office.run(0, &["vault", "show", "x", "--vault", "second.vault", "--json"]).json();
    assert_eq!(shown["enrolments"].as_array().map(Vec::len), Some(0));
    // Nor does the first enrol twice; and its secret is now bound.
    office.run(1, &enrol);
    office.vault("third.vault");
    office.run(0, &["vault", "secret", "export", "other", "--vault", "third.vault", "--exchange-passphrase-file", "exchange"]);
    office.run(1, &["vault", "secret", "import", "other", "--vault", "first.vault", "--exchange-passphrase-file", "exchange"]);
    assert_eq!(office.run(0, &["verify", "--json"]).json()["answer"], "verifies");
}

#[test]
fn a_slip_from_the_printer_opens_its_lock_at_the_door() {
    let Helped { office, .. } = helped();
    let entries = std::fs::read_to_string(office.path("my-ledger/log/00000000.jsonl")).expect("the log");
    let events: Vec<serde_json::Value> = entries.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let body = |kind: &str| events.iter().rev().find(|entry| entry["event"]["kind"] == kind).expect("an event")["event"]["body"].clone();
    let listed = |kind: &str| -> String {
        let index = events.iter().rposition(|entry| entry["event"]["kind"] == kind).expect("an event");
        format!("#{index}")
    };
    let (assignment, donation) = (listed("assignment.made"), listed("donation.received"));
    let slips = [
        "slips",
        "--assignment",
        &assignment,
        "--receipt",
        &donation,
        "--card",
        "k-1",
        "--label",
        "--vault",
        "people.vault",
        "--out",
        "slips.html",
        "--json",
    ];
    assert_eq!(office.run(0, &slips).json()["papers"], 3);
    office.run(2, &slips);
    only_the_owner_reads(&office.path("slips.html"));
    let html = std::fs::read_to_string(office.path("slips.html")).expect("the page");
    assert!(html.contains("Our fund") && html.contains("Күріш / Rice") && html.contains("5.000 kg") && html.contains("k-1"));
    for private in [NAME, PHONE, number(0), "Somebody else"] {
        assert!(!html.contains(private), "{private} on paper");
    }
    let codes: Vec<PaperCode> =
        html.split("<div class=\"code\">").skip(1).map(|rest| rest.split('<').next().expect("text").parse().expect("a code")).collect();
    assert_eq!(codes[0].lock().to_string(), body("assignment.made")["lock"]);
    assert_eq!(codes[1].lock().to_string(), body("donation.received")["receipt"]);
    let enrolled = events.iter().find(|entry| entry["event"]["kind"] == "recipient.enrolled").expect("an enrolment");
    assert_eq!(codes[2].card_key().public().to_string(), enrolled["event"]["body"]["key"]);

    // A phone reads the same from the pictures; that of the receipt and the card is a link.
    assert_eq!(pictures(&html), codes.iter().map(|code| code.as_str().to_owned()).collect::<Vec<_>>());
    let linked = [&slips[..8], &["--url", "https://aid.example.org/code", "--vault", "people.vault", "--out", "linked.html"]].concat();
    office.run(0, &linked);
    let linked = pictures(&std::fs::read_to_string(office.path("linked.html")).expect("the page"));
    assert_eq!(linked[0], codes[0].as_str(), "the code of a slip is sent to nobody");
    assert_eq!(linked[1], format!("https://aid.example.org/code#{}", codes[1].as_str()));

    // Mistyped it is said to be so; in small letters and groups it opens.
    let mut wrong = codes[0].grouped().into_bytes();
    wrong[0] = if wrong[0] == b'7' { b'8' } else { b'7' };
    office.private("code", std::str::from_utf8(&wrong).expect("ASCII"));
    let said = office.run(2, &["deliver", &assignment, "--code-file", "code"]);
    assert!(said.stderr.contains("mistyped"), "{}", said.stderr);
    office.private("code", &format!("{}\n", codes[0].grouped().to_lowercase().replace(' ', "-")));
    let delivered = office.run(0, &["deliver", &assignment, "--code-file", "code", "--json"]).json();

    // Donor and recipient look by themselves, and the recipient disputes.
    office.private("receipt", &codes[1].grouped());
    office.private("card", &codes[2].grouped());
    assert!(office.run(0, &["my-gift", "--code-file", "receipt"]).stdout.contains("7.000 rice"));
    let record = office.run(0, &["my-record", "--card-file", "card", "--json"]).json();
    assert_eq!(record["recipient"], enrolled["event"]["body"]["recipient"]);
    // That slip was of another recipient: the dispute with this card is not theirs to make.
    let delivery = delivered["id"].as_str().expect("an id");
    office.run(1, &["dispute", delivery, "--reason", "not-received", "--card-file", "card"]);
    office.run(0, &["slips", "--card", "k-2", "--vault", "people.vault", "--out", "other.html"]);
    let other = std::fs::read_to_string(office.path("other.html")).expect("the page");
    office.private("card", &pictures(&other)[0]);
    office.run(0, &["dispute", delivery, "--reason", "not-received", "--card-file", "card"]);
    assert_eq!(office.run(0, &["verify", "--json"]).json()["answer"], "verifies");
}

/// What a phone reads from each picture of a page, in order.
fn pictures(html: &str) -> Vec<String> {
    let one = |svg: &str| {
        let size: usize = svg.split("viewBox=\"0 0 ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok()).expect("a size");
        let path = svg.split("<path d=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("the dark modules");
        let mut dark = vec![false; size * size];
        for run in path.split('M').skip(1) {
            let (at, run) = run.split_once('h').expect("M x y h n");
            let (x, y) = at.split_once(' ').expect("x y");
            let len: usize = run.split('v').next().and_then(|len| len.parse().ok()).expect("a length");
            let start = y.parse::<usize>().expect("y") * size + x.parse::<usize>().expect("x");
            dark[start..start + len].fill(true);
        }
        // Five pixels a module.
        let grey = |x: usize, y: usize| if dark[y / 5 * size + x / 5] { 0 } else { 255 };
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(size * 5, size * 5, grey);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1, "one QR code in a picture");
        grids[0].decode().expect("it is read").1
    };
    html.split("<svg").skip(1).map(one).collect()
}

#[test]
fn an_auditor_opens_what_was_sealed_and_nothing_else() {
    let Helped { office, .. } = helped();
    let listed = office.run(0, &["vault", "list", "--vault", "people.vault", "--json"]).json();
    let commitment = listed["evidence"][0].as_str().expect("a commitment").to_owned();
    std::fs::create_dir(office.path("auditor")).expect("made");
    office.run(0, &["evidence", "open", &commitment, "--out", "auditor/opening.json", "--vault", "people.vault"]);
    only_the_owner_reads(&office.path("auditor/opening.json"));
    let copy = format!("auditor/{}-photo.jpg", &commitment[..12]);
    assert_eq!(std::fs::read(office.path(&copy)).expect("the copy"), PHOTO);
    let check =
        |status: i32, commitment: &str, file: &str| office.run(status, &["evidence", "check", commitment, "auditor/opening.json", file]);
    check(0, &commitment, &copy);
    check(1, &Blake3Hash::of(b"another").to_string(), &copy);
    office.private("other.jpg", "another photo");
    check(1, &commitment, "other.jpg");
    let opening = std::fs::read_to_string(office.path("auditor/opening.json")).expect("the opening");
    let salt = opening.find("\"salt\":\"").expect("a salt") + 8;
    let digit = if &opening[salt..=salt] == "0" { "1" } else { "0" };
    office.private("auditor/opening.json", &format!("{}{digit}{}", &opening[..salt], &opening[salt + 1..]));
    check(1, &commitment, &copy);
    office.private("auditor/opening.json", "{}");
    check(2, &commitment, &copy);

    // Who a recipient is, is opened the same way.
    let shown = office.run(0, &["vault", "show", "k-1", "--vault", "people.vault", "--json"]).json();
    let identity = shown["enrolments"][0]["commitment"].as_str().expect("a commitment").to_owned();
    office.run(0, &["evidence", "open", &identity, "--out", "auditor/who.json", "--vault", "people.vault"]);
    office.run(0, &["evidence", "check", &identity, "auditor/who.json"]);
    assert!(std::fs::read_to_string(office.path("auditor/who.json")).expect("the opening").contains(NAME));
    office.run(1, &["evidence", "check", &commitment, "auditor/who.json"]);
    office.run(1, &["evidence", "open", &Blake3Hash::of(b"another").to_string(), "--out", "auditor/none.json", "--vault", "people.vault"]);
    // Never into the ledger's folder.
    office.run(2, &["evidence", "open", &identity, "--out", "my-ledger/who.json", "--vault", "people.vault"]);
}

#[test]
fn an_enrolment_that_a_crash_cut_off_is_finished_with_the_same_token() {
    let office = Office::open();
    office.vault("people.vault");
    office.add("people.vault", "k-1", &format!("number: {}\n", number(0)));
    // The vault was saved, and then the lights went out.
    let mut vault = Vault::open(&office.path("people.vault"), b"bread and salt").expect("opened");
    let (token, card) = (Token([7; 16]), PaperCode::from_random(&[7; 10]));
    let fresh = (token, SecretBytes([7; 32]), &card);
    vault.content.enrol("k-1", "winter".parse().expect("a code"), Period::default(), fresh).expect("planned");
    vault.save().expect("saved");
    drop(vault);
    let enrol = ["enrol", "person", "--programme", "winter", "--region", "north", "--person", "k-1", "--vault", "people.vault", "--json"];
    let refused = [&enrol[..4], &["--region", "south"], &enrol[6..]].concat();
    office.run(1, &refused);
    assert_eq!(office.run(0, &enrol).json()["recipient"], token.to_string(), "neither the crash nor a refusal lost the plan");
    assert!(office.run(1, &enrol).stderr.contains("already"));
    // Undone in the ledger, the person may be enrolled anew, under a new token.
    let entries = std::fs::read_to_string(office.path("my-ledger/log/00000000.jsonl")).expect("the log").lines().count();
    office.run(0, &["reverse", &format!("#{}", entries - 1), "--reason", "other"]);
    assert_ne!(office.run(0, &enrol).json()["recipient"], token.to_string());
    assert_eq!(office.run(0, &["verify", "--json"]).json()["answer"], "verifies");
}

#[test]
fn refusals_say_nothing_about_the_person() {
    let office = Office::open();
    let made = office.run(0, &["vault", "init", "--vault", "people.vault", "--json"]).json();
    assert_eq!(made["answer"], "made");
    only_the_owner_reads(&office.path("people.vault"));
    let mistyped = format!("{}{}", &number(0)[..11], (number(0).as_bytes()[11] - b'0' + 1) % 10);
    let lines = format!("name: {NAME}\nnumber: {mistyped}\n");
    let said = office.run_with(2, &["vault", "add-person", "k-1", "--from", "-", "--vault", "people.vault"], &lines);
    assert!(said.stderr.contains("mistyped") && !said.stderr.contains(&mistyped) && !said.stderr.contains(NAME), "{}", said.stderr);
    let said = office.run_with(2, &["vault", "add-person", "k-1", "--from", "-", "--vault", "people.vault"], NAME);
    assert!(!said.stderr.contains(NAME), "{}", said.stderr);
    let said = office.run_with(2, &["vault", "check", "--programme", "winter", "--id-file", "-", "--vault", "people.vault"], &mistyped);
    assert!(!said.stderr.contains(&mistyped), "{}", said.stderr);
    office.run(2, &["vault", "init", "--vault", "my-ledger/people.vault"]);
    assert!(!office.path("my-ledger/people.vault.lock").exists());
    office.private("passphrase", "another\n");
    office.run(2, &["vault", "list", "--vault", "people.vault"]);
}
