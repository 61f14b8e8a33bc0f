//! Import: what a spreadsheet says is what the ledger says, row by row, once.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use aidledger::crypto::{Blake3Hash, SecretKey};
use aidledger::event::Time;
use aidledger::event::values::format_minor;
use aidledger::import::mapping::Mapping;
use aidledger::import::plan::{Planner, opening};
use aidledger::import::report::{Outcome, Reject, Summary};
use aidledger::import::rows::{Row, Rows, RowsError};
use aidledger::import::run::{Surroundings, run};
use aidledger::rules::State;
use aidledger::service::{Ledger, Reader};

const NOW: Time = Time(1_790_000_000);

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/mappings").join(name)
}

fn mapping(name: &str) -> Mapping {
    Mapping::parse(&std::fs::read_to_string(fixture(name)).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A file of the real data; none where it is not there, which is not allowed in CI.
fn data(file: &str) -> Option<PathBuf> {
    let folder =
        std::env::var_os("AIDLEDGER_DATA").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let path = [folder.clone(), Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data")]
        .into_iter()
        .map(|folder| folder.join(file))
        .find(|path| path.exists());
    assert!(path.is_some() || std::env::var_os("CI").is_none(), "in CI the data must be there: {}", folder.display());
    if path.is_none() {
        println!("skipped: no {file} in {}", folder.display());
    }
    path
}

#[derive(Default)]
struct Notes {
    rejects: Vec<(u64, Reject)>,
    rows: u64,
}

impl Surroundings for Notes {
    fn now(&mut self) -> Time {
        NOW
    }
    fn rejected(&mut self, row: &Row, reject: &Reject) -> io::Result<()> {
        self.rejects.push((row.number, reject.clone()));
        Ok(())
    }
    fn advanced(&mut self, rows: u64) {
        self.rows = rows;
    }
}

/// A ledger in a temporary folder, opened as a mapping says.
fn new_ledger(mapping: &Mapping) -> (tempfile::TempDir, Ledger) {
    let folder = tempfile::tempdir().unwrap();
    let opening = opening(mapping.ledger.as_ref().unwrap(), &mapping.language, key(1).public(), &key(2), NOW);
    let ledger = Ledger::create(folder.path(), &opening, key(1), NOW).unwrap();
    (folder, ledger)
}

fn import(ledger: &mut Ledger, mapping: &Mapping, text: &[u8]) -> (Summary, Notes) {
    let importer = key(2);
    let mut rows = Rows::open(text, mapping.file.delimiter as u8).unwrap();
    rows.header().require(mapping.columns()).unwrap();
    let mut planner = Planner::new(mapping, &importer, ledger.state().clone()).unwrap();
    let mut notes = Notes::default();
    let summary = run(Some(ledger), &mut planner, &mut rows, &mut notes).unwrap();
    assert_eq!(notes.rows, summary.rows);
    assert_eq!(summary.rows, summary.taken + summary.already_there + notes.rejects.len() as u64);
    (summary, notes)
}

/// Donated, on hand, assigned, delivered, by "item name|unit".
fn balances(state: &State) -> BTreeMap<String, [String; 4]> {
    let mut sums: BTreeMap<String, ([u128; 4], u8)> = BTreeMap::new();
    for lot in state.lots.iter().filter(|lot| !lot.reversed) {
        let item = state.items.at(lot.item.0);
        let name = match item.unit {
            Some(unit) => format!("{}|{unit}", item.name.best("en")),
            None => state.items.code(lot.item.0).to_string(),
        };
        let (sum, decimals) = sums.entry(name).or_default();
        *decimals = item.decimals;
        for (sum, part) in sum.iter_mut().zip([lot.quantity, lot.on_hand, lot.assigned, lot.delivered]) {
            *sum += u128::from(part);
        }
    }
    let balances = sums.into_iter().map(|(name, (sums, decimals))| {
        assert_eq!(sums[0], sums[1] + sums[2] + sums[3], "{name}: donated = on hand + assigned + delivered");
        (name, sums.map(|sum| format_minor(sum as i128, decimals)))
    });
    balances.collect()
}

/// What the log on disk says, read anew.
fn from_disk(folder: &Path) -> State {
    Reader::open(folder).unwrap().state
}

fn references(state: &State) -> BTreeSet<Blake3Hash> {
    state.references.keys().map(|(_, reference)| *reference).collect()
}

fn log_bytes(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("log/00000000.jsonl")).unwrap()
}

/// A plain reading of the same file, by column name.
fn plain_rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

#[test]
fn deliveries_of_2015_are_in_the_ledger_to_the_last_half_box() {
    let Some(path) = data("hdrvg/deliveries.csv") else { return };
    let mapping = mapping("hdrvg.toml");
    let text = std::fs::read(&path).unwrap();
    let (folder, mut ledger) = new_ledger(&mapping);
    let (summary, notes) = import(&mut ledger, &mapping, &text);

    // The same by plain sums in tenths, with the dirt named here once more.
    let dirty = |cell: &str| matches!(cell.trim(), "" | "#VALUE!" | "#N/A" | "#REF!" | "Undefined");
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    let mut refused = Vec::new();
    let rows = plain_rows(&path);
    for (place, row) in rows.iter().enumerate() {
        let amount: f64 = row["amount"].parse().unwrap_or(0.0);
        if ["Items grouped", "Unit", "Category", "amount", "Date", "District", "VDC"].iter().any(|column| dirty(&row[*column]))
            || amount <= 0.0
        {
            refused.push(place as u64 + 2);
        } else {
            let name = row["Items grouped"].split_whitespace().collect::<Vec<_>>().join(" ");
            *expected.entry(format!("{name}|{}", row["Unit"].trim())).or_default() += (amount * 10.0).round() as u64;
        }
    }
    assert!(rows.len() > 1_100 && !refused.is_empty());
    assert_eq!(notes.rejects.iter().map(|(row, _)| *row).collect::<Vec<_>>(), refused);
    assert_eq!(summary.rows, rows.len() as u64);
    assert_eq!(summary.taken, (rows.len() - refused.len()) as u64);
    for (row, reject) in &notes.rejects {
        let cells = &rows[*row as usize - 2];
        assert!(reject.column.is_empty() || cells[&reject.column].trim() == reject.value, "row {row}: {reject:?}");
    }

    let state = from_disk(folder.path());
    let found = balances(&state);
    assert_eq!(found.len(), expected.len());
    for (item, tenths) in &expected {
        let all = format_minor(i128::from(*tenths), 1);
        assert_eq!(found[item], [all.clone(), "0.0".into(), "0.0".into(), all], "{item}");
    }
    assert!(found.len() > 40 && found.keys().any(|item| item.ends_with("|box")));
    assert_eq!(state.deliveries.len() as u64, summary.taken);
    assert_eq!(references(&state).len() as u64, 3 * summary.taken, "each step of each row has a reference of its own");
    // A village of the same name in two districts is two villages, each in its district.
    let name = |region: u32| state.regions.at(region).name.best("en").to_owned();
    let twins: Vec<_> = (0..state.regions.len() as u32).filter(|region| name(*region) == "Machchhegaun").collect();
    let parents: BTreeSet<_> = twins.iter().map(|region| name(state.regions.at(*region).parent.unwrap().0)).collect();
    assert_eq!((twins.len(), parents.len()), (2, 2));

    let before = log_bytes(folder.path());
    let (again, notes_again) = import(&mut ledger, &mapping, &text);
    assert_eq!((again.taken, again.already_there, again.events_appended()), (0, summary.taken, 0));
    assert_eq!(notes_again.rejects, notes.rejects);
    assert!(log_bytes(folder.path()) == before, "a second run writes nothing");
}

#[test]
fn funding_flows_are_in_the_ledger_by_currency() {
    for file in ["fts/incoming_afg.csv", "fts/incoming_pse.csv"] {
        let Some(path) = data(file) else { return };
        let mapping = mapping("fts.toml");
        let text = std::fs::read(&path).unwrap();
        let (folder, mut ledger) = new_ledger(&mapping);
        let (summary, notes) = import(&mut ledger, &mapping, &text);

        let mut expected: BTreeMap<String, u64> = BTreeMap::new();
        let mut organizations = BTreeSet::new();
        let mut refused = BTreeMap::new();
        for (place, row) in plain_rows(&path).iter().enumerate() {
            let original: u64 = row["originalAmount"].parse().unwrap_or(0);
            let dollars: u64 = row["amountUSD"].parse().unwrap();
            let column = if row["status"] == "pledge" {
                "status"
            } else if row["contributionType"] != "financial" {
                "contributionType"
            } else if row["destOrganization"].is_empty() {
                "destOrganization"
            } else if original == 0 && dollars == 0 {
                "amountUSD"
            } else {
                let (currency, amount) = if original > 0 { (row["originalCurrency"].as_str(), original) } else { ("USD", dollars) };
                *expected.entry(currency.to_owned()).or_default() += amount;
                organizations.insert(row["destOrganization"].split_whitespace().collect::<Vec<_>>().join(" "));
                continue;
            };
            refused.insert(place as u64 + 2, column.to_owned());
        }
        let found: BTreeMap<_, _> = notes.rejects.iter().map(|(row, reject)| (*row, reject.column.clone())).collect();
        assert_eq!(found, refused, "{file}");

        let state = from_disk(folder.path());
        let balances = balances(&state);
        assert_eq!(balances.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (currency, amount) in &expected {
            let decimals = match currency.as_str() {
                "JPY" | "ISK" => 0,
                "KWD" | "JOD" | "BHD" => 3,
                _ => 2,
            };
            let all = format_minor(i128::from(*amount) * 10i128.pow(decimals), decimals as u8);
            assert_eq!(balances[currency][..2], [all.clone(), all], "{file} {currency}");
        }
        // Each receiver is an organization with a code and a key of its own, beside the importer's.
        assert_eq!(state.organizations.len(), organizations.len() + 1);
        assert_eq!(state.keys.len(), organizations.len() + 1);
        let named: BTreeSet<_> = state.organizations.iter().skip(1).map(|(_, row)| row.name.best("en").to_owned()).collect();
        assert_eq!(named, organizations);

        let before = log_bytes(folder.path());
        let (again, _) = import(&mut ledger, &mapping, &text);
        assert_eq!((again.taken, again.already_there), (0, summary.taken));
        assert!(log_bytes(folder.path()) == before);
    }
}

#[test]
fn a_sheet_in_another_language_with_every_fault() {
    let mapping = mapping("example.toml");
    let text = std::fs::read(fixture("example.csv")).unwrap();
    let (folder, mut ledger) = new_ledger(&mapping);
    let (summary, notes) = import(&mut ledger, &mapping, &text);
    let rejects: Vec<_> = notes.rejects.iter().map(|(row, reject)| (*row, reject.column.as_str(), reject.value.as_str())).collect();
    assert_eq!(rejects, [(5, "Количество", "2,5"), (7, "Количество", "?"), (8, "Дата", "31.02.2026"), (10, "Ед.", "мешок")]);
    assert_eq!((summary.rows, summary.taken), (9, 5));
    let state = from_disk(folder.path());
    let flour = ["2501.125".to_owned(), "0.000".into(), "0.000".into(), "2501.125".into()];
    assert_eq!(balances(&state)["Мука|kg"], flour, "two rows that look alike are two rows");
    assert_eq!(balances(&state)["Одеяло|piece"][0], "43");
    // The importer's own organization is known by its name; the other one got a code and a key.
    let codes: Vec<_> = state.organizations.iter().map(|(code, _)| code.to_string()).collect();
    assert_eq!(codes, ["fund", "vse-vzaimno"]);
    // A village with the name of its district, and one of the same name in another district.
    assert_eq!(state.recipients.len(), 4);
    let log = String::from_utf8(log_bytes(folder.path())).unwrap();
    assert!(log.contains("ТОО «Мельница»") && log.contains("Акимат"));
    assert!(!log.contains("Иванов"), "a person's name is never in the log");
}

/// All events that a whole run would append, in order.
fn planned(mapping: &Mapping, state: &State, text: &[u8]) -> Vec<Vec<u8>> {
    let importer = key(2);
    let mut planner = Planner::new(mapping, &importer, state.clone()).unwrap();
    let mut rows = Rows::open(text, mapping.file.delimiter as u8).unwrap();
    let (header, mut row) = (rows.header().clone(), Row::default());
    while rows.next_into(&mut row).unwrap() {
        planner.row(&header, &row, NOW);
    }
    planner.take_pending().into_iter().map(|pending| pending.bytes).collect()
}

#[test]
fn a_run_that_was_killed_after_any_event_is_completed_by_the_next() {
    let mapping = mapping("example.toml");
    let text = std::fs::read(fixture("example.csv")).unwrap();
    let (folder, mut whole) = new_ledger(&mapping);
    let (summary, _) = import(&mut whole, &mapping, &text);
    let (state, log) = (from_disk(folder.path()), log_bytes(folder.path()));
    let events = planned(&mapping, new_ledger(&mapping).1.state(), &text);
    assert_eq!(events.len() as u64, summary.events_appended());
    let mut resumed = 0;
    for kept in 0..=events.len() {
        let (folder, mut ledger) = new_ledger(&mapping);
        ledger.append_without_proofs(&events[..kept], NOW).unwrap();
        let (rest, _) = import(&mut ledger, &mapping, &text);
        assert_eq!((rest.taken + rest.already_there, rest.events_appended()), (5, (events.len() - kept) as u64), "{kept} events kept");
        let after = from_disk(folder.path());
        assert_eq!(references(&after), references(&state));
        assert_eq!(balances(&after), balances(&state));
        assert!(log_bytes(folder.path()) == log, "same events, same order, same bytes");
        resumed += rest.resumed;
    }
    assert_eq!(resumed, 2 * 5, "each row is cut in the middle twice");
}

#[test]
fn a_big_run_that_was_killed_between_batches_is_completed_by_the_next() {
    let Some(path) = data("hdrvg/deliveries.csv") else { return };
    let mapping = mapping("hdrvg.toml");
    let text = std::fs::read(&path).unwrap();
    let (folder, mut ledger) = new_ledger(&mapping);
    let events = planned(&mapping, ledger.state(), &text);
    for batch in events.chunks(512).take(3) {
        ledger.append_without_proofs(batch, NOW).unwrap();
    }
    let (rest, _) = import(&mut ledger, &mapping, &text);
    assert!(rest.already_there > 300 && rest.taken > 300);
    assert_eq!(rest.events_appended(), events.len() as u64 - 3 * 512);
    let (whole_folder, mut whole) = new_ledger(&mapping);
    import(&mut whole, &mapping, &text);
    assert_eq!(references(&from_disk(folder.path())), references(&from_disk(whole_folder.path())));
}

#[test]
fn goods_on_hand_are_drawn_first_in_first_out_and_never_beyond() {
    let mapping_text = std::fs::read_to_string(fixture("example.toml")).unwrap();
    let mapping = Mapping::parse(&mapping_text).unwrap();
    let (folder, mut ledger) = new_ledger(&mapping);
    let stock = r#"
        name = "stock"
        kind = "donations"
        language = "ru"
        amount = [{ column = "sum" }]
        date = { value = "2026-02-01" }
        [donor]
        type = { value = "anonymous" }
        [item]
        type = { value = "goods" }
        name = { value = "Мука" }
        unit = { value = "kg" }
        category = { value = "food" }
        decimals = 3
    "#;
    let (gifts, _) = import(&mut ledger, &Mapping::parse(stock).unwrap(), b"sum\n1000\n500\n1000\n");
    assert_eq!(gifts.taken, 3);
    let donor = mapping_text.find("[donor]").unwrap()..mapping_text.find("[item]").unwrap();
    let text = [&mapping_text[..donor.start], &mapping_text[donor.end..]].concat().replace("kind = ", "stock = \"on-hand\"\nkind = ");
    let mapping = Mapping::parse(&text).unwrap();
    let sheet = std::fs::read(fixture("example.csv")).unwrap();
    let (summary, notes) = import(&mut ledger, &mapping, &sheet);
    // Two loads of 1250.500 would be 2501.000 of 2500.000: the second is refused, and nothing of it stays behind.
    assert_eq!(summary.taken, 1);
    assert!(notes.rejects.iter().any(|(row, reject)| *row == 3 && reject.reason.starts_with("not enough on hand")), "{:?}", notes.rejects);
    let state = from_disk(folder.path());
    let lots: Vec<_> = state.lots.iter().map(|lot| (lot.on_hand, lot.delivered)).collect();
    assert_eq!(lots, [(0, 1_000_000), (249_500, 250_500), (1_000_000, 0)]);
    let (again, _) = import(&mut ledger, &mapping, &sheet);
    assert_eq!((again.already_there, again.events_appended()), (1, 0));
}

#[test]
fn an_organization_with_keys_of_its_own_signs_for_itself() {
    let mapping_text = std::fs::read_to_string(fixture("example.toml")).unwrap();
    let mapping = Mapping::parse(&mapping_text).unwrap();
    let sheet = std::fs::read(fixture("example.csv")).unwrap();
    let (_folder, mut ledger) = new_ledger(&mapping);
    import(&mut ledger, &mapping, &sheet);
    // Another importer, a second registrar of the same fund, meets an organization that the first one's key signs for.
    let other = key(3);
    let grant = aidledger::event::Body::KeyGranted(aidledger::event::kinds::KeyGranted {
        key: other.public(),
        label: None,
        organization: "fund".parse().unwrap(),
        roles: aidledger::canonical::Set::new(mapping.ledger.as_ref().unwrap().roles.clone()),
    });
    let draft = aidledger::event::Draft { organization: "fund".parse().unwrap(), time: NOW, body: grant };
    let signed = draft.sign(ledger.id(), ledger.feed(&key(2).public()), &key(2));
    ledger.append_without_proofs(&[aidledger::canonical::encode(&signed)], NOW).unwrap();
    let outcomes = |text: &str| {
        let mapping = Mapping::parse(text).unwrap();
        let mut planner = Planner::new(&mapping, &other, ledger.state().clone()).unwrap();
        let mut rows = Rows::open(&sheet[..], b';').unwrap();
        let (header, mut row, mut outcomes) = (rows.header().clone(), Row::default(), Vec::new());
        while rows.next_into(&mut row).unwrap() {
            outcomes.push((row.number, planner.row(&header, &row, NOW)));
        }
        outcomes
    };
    let refused: Vec<_> = outcomes(&mapping_text)
        .into_iter()
        .filter(|(_, outcome)| matches!(outcome, Outcome::Rejected(reject) if reject.reason.contains("keys of its own")))
        .map(|(row, _)| row)
        .collect();
    assert_eq!(refused, [4, 6, 9]);
    let allowed = outcomes(&mapping_text.replace("kind = ", "sign_for_existing = true\nkind = "));
    assert_eq!(allowed.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Taken { .. })).count(), 5);
}

#[test]
fn a_broken_file_is_refused_before_anything_is_planned() {
    let mapping = mapping("example.toml");
    let sheet = String::from_utf8(std::fs::read(fixture("example.csv")).unwrap()).unwrap();
    let check = |bytes: &[u8]| {
        let rows = Rows::open(bytes, b';')?;
        rows.header().require(mapping.columns())?;
        rows.count()
    };
    assert_eq!(check(sheet.as_bytes()).unwrap(), 9);
    assert!(
        matches!(check(sheet.replace("Дата;", "День;").as_bytes()), Err(RowsError::ColumnMissing { missing, .. }) if missing == ["Дата"])
    );
    assert!(matches!(check(sheet.replace("ночью\"", "ночью").as_bytes()), Err(RowsError::QuoteOpen { line: 4 })));
    assert!(matches!(
        check(&sheet.as_bytes()[..sheet.len() - 40]),
        Err(RowsError::Width { row: 10, line: 11, .. } | RowsError::NotUtf8 { .. })
    ));
    let mut latin = sheet.clone().into_bytes();
    let at = latin.len() - 4;
    latin[at] = 0xe9;
    assert!(matches!(check(&latin), Err(RowsError::NotUtf8 { line: 11, .. })));
}

/// Every file of a folder with its bytes.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                files.insert(entry.clone(), std::fs::read(&entry).unwrap());
            }
        }
    }
    files
}

#[test]
fn the_command_opens_a_ledger_and_a_broken_file_leaves_its_bytes_alone() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger");
    let command = |mapping: &Path, file: &Path| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_aidledger"));
        command.args(["--json", "import", "--no-passphrase", "--ledger"]).arg(&ledger).arg("--mapping").arg(mapping).arg(file);
        command.env_remove("AIDLEDGER_KEY").env_remove("AIDLEDGER_LEDGER");
        let output = command.output().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), json, String::from_utf8(output.stderr).unwrap())
    };
    let (mapping, sheet) = (fixture("example.toml"), fixture("example.csv"));
    let text = String::from_utf8(std::fs::read(&sheet).unwrap()).unwrap();
    let broken: Vec<(&str, Vec<u8>)> = vec![
        ("no column `Дата`", text.replace("Дата;", "День;").into_bytes()),
        ("line 4: a quote opens here and never closes", text.replace("ночью\"", "ночью").into_bytes()),
        ("not UTF-8", text.replace("Мука", "\u{1}").into_bytes().into_iter().map(|b| if b == 1 { 0xcc } else { b }).collect()),
        (
            "row 10 (line 11) has 3 cells, the header has 10",
            text.split_inclusive('\n').take(10).chain(["07.02.2026;;"]).collect::<String>().into_bytes(),
        ),
        ("the file is empty", Vec::new()),
    ];
    let check_broken = || {
        for (says, bytes) in &broken {
            let file = folder.path().join("broken.csv");
            std::fs::write(&file, bytes).unwrap();
            let (status, json, _) = command(&mapping, &file);
            assert_eq!((status, &json["answer"]), (2, &"unable".into()), "{says}");
            assert!(json["error"].as_str().unwrap().contains(says), "{json}");
        }
    };
    check_broken();
    assert!(!ledger.exists(), "nothing is made for a broken file");

    let (status, json, _) = command(&mapping, &sheet);
    assert_eq!(
        (status, &json["rows"]["taken"], &json["rows"]["rejected"], &json["events"]["delivery.made"]),
        (0, &5.into(), &4.into(), &5.into())
    );
    let rejects = plain_rows(&ledger.join("imports/example.rejects.csv"));
    assert_eq!(rejects.iter().map(|row| row["row"].as_str()).collect::<Vec<_>>(), ["5", "7", "8", "10"]);
    assert_eq!(
        (rejects[1]["column"].as_str(), rejects[1]["value"].as_str(), rejects[1]["Дата"].as_str()),
        ("Количество", "?", "06.02.2026")
    );

    let before = snapshot(&ledger);
    check_broken();
    assert!(snapshot(&ledger) == before);
    let (status, json, _) = command(&mapping, &sheet);
    assert_eq!((status, &json["rows"]["already_there"], &json["events"]), (0, &5.into(), &serde_json::json!({})));
    assert!(snapshot(&ledger) == before, "a second run leaves every byte as it was");

    let state = from_disk(&ledger);
    assert_eq!(state.organizations.code(0).as_str(), "fund");
    assert_eq!(state.deliveries.len(), 5);
}
