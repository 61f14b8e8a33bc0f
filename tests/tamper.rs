//! Whatever is altered in the truth of a ledger, an audit says no, and says where.
//!
//! Two kinds of attacker. **Bit rot and editors** change bytes and can sign nothing: one bit is flipped in every byte of the log and the
//! checkpoint, one at a time. **The insider** owns the machine and the log's key: entries are dropped, moved, repeated, forged or taken
//! from elsewhere, and then the whole chain, the tiles and the checkpoint are made again so that they fit. What is left
//! to contradict the insider are the authors' signatures, their feeds, the rules, and anybody who kept an earlier checkpoint.
//!
//! Every verification is the whole one, `service::audit::verify` over the altered files. `AIDLEDGER_LONG=1` flips every byte; without it every
//! eighth, every byte of the checkpoint, and every byte of the first, a middle and the last entry.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use aidledger::crypto::{EVENT_DOMAIN, SecretKey, Signature};
use aidledger::event::Time;
use aidledger::log::checkpoint::Checkpoint;
use aidledger::log::entry::{ChainHead, Entry};
use aidledger::log::tile_tree::TileEdge;
use aidledger::log::tree::leaf_hash;
use aidledger::service::audit::{Options, Report, Signatures, Source, SourceError, Step, verify};
use aidledger::service::tiles::tile_file;
use aidledger::store::{Disk, DiskError};

#[path = "support/disks.rs"]
mod disks;
#[path = "support/events.rs"]
mod events;

use disks::{CHECKPOINT, Files, LOG, TILE, disk_of, ledger_files, lines_of, set_lines};
use events::{EPOCH, ORIGIN, Script, key_seed};

const SEED: u64 = 21;
/// Entries under attack: enough for feeds of many events, with a full tile where tiles matter.
const SIZE: usize = 210;
const SIZE_WITH_TILE: usize = 300;
/// The entry that most attacks are aimed at: a delivery by the second organization, with events of its feed before and after.
const TARGET: usize = 119;

fn audit(files: &Files, options: &Options) -> Result<Report, SourceError> {
    verify(&Source::disk(disk_of(files)), options, &|_| {})
}

fn every() -> Options {
    Options::default()
}

/// Checks that an audit says no, first of all because of this step at this entry, in words that contain `what`.
fn check_found(files: &Files, options: &Options, step: Step, index: Option<usize>, what: &str) {
    let report = audit(files, options).unwrap();
    let first = report.findings.first().unwrap_or_else(|| panic!("nothing found, should be: {what}"));
    assert_eq!((first.step, first.index), (step, index.map(|index| index as u64)), "{}", first.what);
    assert!(first.what.contains(what), "`{what}` is not in: {}", first.what);
}

// ---- bits ----

/// The files with one byte changed, without copying them for each of 150,000 audits.
#[derive(Debug)]
struct Flipped {
    files: Arc<Files>,
    path: &'static str,
    at: usize,
    bit: u8,
}

impl Flipped {
    fn not_here(path: &str) -> DiskError {
        DiskError { action: "read", path: path.to_owned(), cause: std::io::ErrorKind::NotFound.into() }
    }

    fn refused<T>(path: &str) -> Result<T, DiskError> {
        Err(DiskError { action: "write to", path: path.to_owned(), cause: std::io::ErrorKind::ReadOnlyFilesystem.into() })
    }
}

impl Disk for Flipped {
    fn read(&self, path: &str) -> Result<Vec<u8>, DiskError> {
        let mut bytes = self.files.get(path).ok_or_else(|| Flipped::not_here(path))?.clone();
        if path == self.path {
            bytes[self.at] ^= 1 << self.bit;
        }
        Ok(bytes)
    }

    fn read_at(&self, path: &str, offset: u64, buffer: &mut [u8]) -> Result<usize, DiskError> {
        let bytes = self.files.get(path).ok_or_else(|| Flipped::not_here(path))?;
        let start = bytes.len().min(offset as usize);
        let count = buffer.len().min(bytes.len() - start);
        buffer[..count].copy_from_slice(&bytes[start..start + count]);
        if path == self.path && (start..start + count).contains(&self.at) {
            buffer[self.at - start] ^= 1 << self.bit;
        }
        Ok(count)
    }

    fn len_bytes(&self, path: &str) -> Result<u64, DiskError> {
        self.files.get(path).map(|bytes| bytes.len() as u64).ok_or_else(|| Flipped::not_here(path))
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, DiskError> {
        let prefix = format!("{folder}/");
        Ok(self.files.keys().filter_map(|path| path.strip_prefix(&prefix)).map(str::to_owned).collect())
    }

    fn exists(&self, path: &str) -> Result<bool, DiskError> {
        Ok(self.files.contains_key(path) || self.files.keys().any(|file| file.starts_with(&format!("{path}/"))))
    }

    fn append(&self, path: &str, _: &[u8]) -> Result<(), DiskError> {
        Flipped::refused(path)
    }

    fn truncate(&self, path: &str, _: u64) -> Result<(), DiskError> {
        Flipped::refused(path)
    }

    fn sync(&self, path: &str) -> Result<(), DiskError> {
        Flipped::refused(path)
    }

    fn sync_folder(&self, folder: &str) -> Result<(), DiskError> {
        Flipped::refused(folder)
    }

    fn replace(&self, path: &str, _: &[u8], _: bool) -> Result<(), DiskError> {
        Flipped::refused(path)
    }

    fn create_dir_all(&self, folder: &str) -> Result<(), DiskError> {
        Flipped::refused(folder)
    }

    fn remove(&self, path: &str) -> Result<(), DiskError> {
        Flipped::refused(path)
    }
}

/// The bit that is flipped in a byte: all eight take their turn.
fn bit_of(at: usize) -> u8 {
    (at * 5 % 8) as u8
}

#[test]
fn no_flipped_bit_passes() {
    let files = Arc::new(ledger_files(SEED, SIZE));
    assert!(audit(&files, &every()).unwrap().is_clean(), "without a flip it verifies");
    let long = std::env::var_os("AIDLEDGER_LONG").is_some();
    let mut starts = vec![0];
    for line in lines_of(&files) {
        starts.push(starts.last().expect("the first is 0") + line.len() + 1);
    }
    let entry_at = |at: usize| starts.partition_point(|&start| start <= at) - 1;
    let whole = [0, SIZE / 2, SIZE - 1];
    let mut places: Vec<(&'static str, usize)> = (0..files[CHECKPOINT].len()).map(|at| (CHECKPOINT, at)).collect();
    let of_log = (0..files[LOG].len()).filter(|&at| long || at % 8 == at / 1024 % 8 || whole.contains(&entry_at(at)));
    places.extend(of_log.map(|at| (LOG, at)));

    let (next, started) = (AtomicUsize::new(0), Instant::now());
    let misses: Vec<String> = std::thread::scope(|scope| {
        // Plain threads: an audit waits for workers of the pool, so it must not itself be one of them.
        let threads = std::thread::available_parallelism().map_or(2, |count| count.get());
        let attackers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut misses = Vec::new();
                    while let Some(&(path, at)) = places.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let bit = bit_of(at);
                        let disk = Flipped { files: files.clone(), path, at, bit };
                        let found = verify(&Source::disk(Arc::new(disk)), &every(), &|_| {}).map(|report| report.findings);
                        let named = match &found {
                            // The checkpoint concerns no single entry.
                            Ok(findings) if path == CHECKPOINT => findings.iter().any(|finding| finding.step == Step::Checkpoint),
                            // The entry itself is named, or the one after it whose `previous` no longer fits; a newline belongs to the entry before.
                            Ok(findings) => {
                                let entry = entry_at(at) as u64;
                                findings.first().is_some_and(|finding| match finding.index {
                                    Some(index) => index == entry || index == entry + 1,
                                    None => entry == SIZE as u64 - 1 && finding.step == Step::Checkpoint,
                                })
                            }
                            Err(_) => false,
                        };
                        if !named {
                            misses.push(format!("{path}, byte {at}, bit {bit}: {found:?}"));
                        }
                    }
                    misses
                })
            })
            .collect();
        attackers.into_iter().flat_map(|attacker| attacker.join().unwrap()).collect()
    });
    let bytes = files[CHECKPOINT].len() + files[LOG].len();
    println!("{} of {bytes} bytes flipped in {:?}", places.len(), started.elapsed());
    assert!(places.len() > bytes / 8);
    assert!(misses.is_empty(), "{} missed or not named, the first: {:#?}", misses.len(), &misses[..misses.len().min(5)]);
}

#[test]
fn a_flipped_bit_in_a_tile_file_is_found() {
    let files = ledger_files(SEED, SIZE_WITH_TILE);
    assert!(audit(&files, &every()).unwrap().is_clean());
    for at in (0..files[TILE].len()).step_by(41) {
        let mut files = files.clone();
        files.get_mut(TILE).unwrap()[at] ^= 1 << bit_of(at);
        check_found(&files, &every(), Step::Tiles, None, "the file tiles/0/000 differs");
    }
    let mut cut = files.clone();
    cut.get_mut(TILE).unwrap().truncate(100);
    check_found(&cut, &every(), Step::Tiles, None, "the file tiles/0/000 differs");
}

// ---- without the log's key ----

fn edited(edit: impl FnOnce(&mut Vec<Vec<u8>>)) -> Files {
    let mut files = ledger_files(SEED, SIZE);
    let mut lines = lines_of(&files);
    edit(&mut lines);
    set_lines(&mut files, &lines);
    files
}

#[test]
fn lines_dropped_moved_or_repeated_break_the_chain() {
    let dropped = edited(|lines| _ = lines.remove(TARGET));
    check_found(&dropped, &every(), Step::Chain, Some(TARGET), "should be 119: an entry was dropped, repeated or moved here");
    let swapped = edited(|lines| lines.swap(TARGET, TARGET + 1));
    check_found(&swapped, &every(), Step::Chain, Some(TARGET), "an entry was dropped, repeated or moved here");
    let repeated = edited(|lines| lines.insert(TARGET, lines[TARGET].clone()));
    check_found(&repeated, &every(), Step::Chain, Some(TARGET + 1), "an entry was dropped, repeated or moved here");
    let emptied = edited(|lines| lines.clear());
    assert!(!audit(&emptied, &every()).unwrap().is_clean());
}

#[test]
fn a_line_of_another_ledger_breaks_the_chain() {
    let foreign = edited(|lines| lines[TARGET] = lines_of(&ledger_files(SEED + 1, SIZE))[TARGET].clone());
    check_found(&foreign, &every(), Step::Chain, Some(TARGET), "put in from elsewhere");
}

#[test]
fn a_log_cut_to_an_earlier_whole_length_is_behind_its_checkpoint() {
    for size in [1, TARGET, SIZE - 1] {
        let cut = edited(|lines| lines.truncate(size));
        check_found(&cut, &every(), Step::Checkpoint, None, "entries are missing at the end");
    }
    // One that went on under an old checkpoint is right, and says how much nobody stands up for yet.
    let mut files = ledger_files(SEED, SIZE);
    let newest = files.insert(CHECKPOINT.into(), ledger_files(SEED, SIZE - 1)[CHECKPOINT].clone());
    let report = audit(&files, &every()).unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!((report.size, report.unsigned), (SIZE as u64, 1));
    // But whoever saw the newer checkpoint knows better.
    let since = Options { since: newest, ..every() };
    check_found(&files, &since, Step::Since, None, "a log signs for no less");
}

#[test]
fn another_logs_checkpoint_and_none_at_all_are_refused() {
    let mut files = ledger_files(SEED, SIZE);
    files.insert(CHECKPOINT.into(), ledger_files(SEED + 1, SIZE)[CHECKPOINT].clone());
    check_found(&files, &every(), Step::Checkpoint, None, "the checkpoint is not this log's");
    files.remove(CHECKPOINT);
    check_found(&files, &every(), Step::Checkpoint, None, "there is no checkpoint");
}

// ---- the insider, who has the log's key ----

/// An entry taken apart.
#[derive(Clone)]
struct Part {
    event: Vec<u8>,
    recorded: Time,
    signature: Signature,
}

fn parts_of(files: &Files) -> Vec<Part> {
    let part = |line: &Vec<u8>| {
        let decoded = Entry::decode(line).unwrap();
        Part { event: line[decoded.event_range].to_vec(), recorded: decoded.entry.recorded, signature: decoded.entry.signature }
    };
    lines_of(files).iter().map(part).collect()
}

/// Numbers and links entries anew, makes their tiles and signs their checkpoint with the log's own key.
fn made_again(parts: &[Part]) -> Files {
    let (mut files, mut lines, mut chain, mut edge) = (Files::new(), Vec::new(), ChainHead::EMPTY, TileEdge::new());
    for part in parts {
        let mut line = Vec::new();
        Entry::write_around(&part.event, chain.size, chain.hash, part.recorded, &part.signature, &mut line);
        chain = ChainHead { size: chain.size + 1, hash: aidledger::crypto::Blake3Hash::of(&line), recorded: part.recorded };
        edge.push(leaf_hash(&line), |tile, hashes| _ = files.insert(tile_file(tile), aidledger::log::tile::encode_hashes(hashes)));
        lines.push(line);
    }
    set_lines(&mut files, &lines);
    let key = ed25519_dalek::SigningKey::from_bytes(&key_seed(SEED, "log"));
    let checkpoint = Checkpoint::new(ORIGIN, edge.size(), edge.root()).unwrap().sign(&key).unwrap();
    files.insert(CHECKPOINT.into(), checkpoint.format().into_bytes());
    files
}

/// A ledger remade after an edit of its entries.
fn rewritten(edit: impl FnOnce(&mut Vec<Part>)) -> Files {
    let mut parts = parts_of(&ledger_files(SEED, SIZE_WITH_TILE));
    edit(&mut parts);
    made_again(&parts)
}

fn sign(key: &SecretKey, event: &[u8]) -> Signature {
    key.sign(&[EVENT_DOMAIN, event].concat())
}

fn replaced(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    assert_eq!(text.matches(old).count(), 1, "{old} in {text}");
    text.replace(old, new).into_bytes()
}

fn field_key(organization: &str) -> SecretKey {
    SecretKey::from_seed(&key_seed(SEED, &format!("{organization} field")))
}

#[test]
fn made_again_without_an_edit_it_is_the_same_ledger() {
    // So that what is found in the tests below is the edit and not the making.
    assert!(rewritten(|_| {}) == ledger_files(SEED, SIZE_WITH_TILE));
    let target = &parts_of(&ledger_files(SEED, SIZE_WITH_TILE))[TARGET];
    let text = std::str::from_utf8(&target.event).unwrap();
    assert!(text.contains("\"kind\":\"delivery.made\"") && text.contains("\"organization\":\"kitchen\""), "{text}");
}

#[test]
fn an_event_left_out_is_missed_by_its_feed_even_if_everything_fits() {
    let files = rewritten(|parts| _ = parts.remove(TARGET));
    // The next delivery of the same key is eight entries on, and now one earlier.
    check_found(&files, &every(), Step::Feeds, Some(TARGET + 7), "sequence-mismatch");
}

#[test]
fn the_last_event_left_out_is_missed_by_whoever_kept_a_checkpoint() {
    let files = rewritten(|parts| _ = parts.pop());
    assert!(audit(&files, &every()).unwrap().is_clean(), "nothing in the files themselves contradicts it");
    let since = Some(ledger_files(SEED, SIZE_WITH_TILE)[CHECKPOINT].clone());
    check_found(&files, &Options { since, ..every() }, Step::Since, None, "entries are missing at the end");
}

#[test]
fn a_rewritten_history_is_seen_by_whoever_kept_a_checkpoint() {
    // Recorded times are the log's own word: nothing but an earlier checkpoint contradicts a change that stays in order.
    let files = rewritten(|parts| parts[TARGET].recorded = parts[TARGET + 1].recorded);
    assert!(audit(&files, &every()).unwrap().is_clean(), "nothing in the files themselves contradicts it");
    for size in [TARGET + 1, SIZE, SIZE_WITH_TILE] {
        let since = Some(ledger_files(SEED, size)[CHECKPOINT].clone());
        check_found(&files, &Options { since, ..every() }, Step::Since, None, "history was rewritten");
    }
    let since = Some(ledger_files(SEED, TARGET)[CHECKPOINT].clone());
    assert!(audit(&files, &Options { since, ..every() }).unwrap().is_clean(), "before the change both histories are one");
}

#[test]
fn events_swapped_repeated_or_backdated_are_named() {
    // A delivery before the assignment it belongs to.
    let swapped = rewritten(|parts| parts.swap(TARGET - 1, TARGET));
    check_found(&swapped, &every(), Step::Rules, Some(TARGET - 1), "assignment-unknown");
    let repeated = rewritten(|parts| parts.insert(TARGET + 1, parts[TARGET].clone()));
    check_found(&repeated, &every(), Step::Feeds, Some(TARGET + 1), "sequence-mismatch");
    let backdated = rewritten(|parts| parts[TARGET].recorded = EPOCH);
    check_found(&backdated, &every(), Step::Chain, Some(TARGET), "it was recorded at");
}

#[test]
fn an_altered_event_is_not_signed_by_its_author() {
    let more =
        |parts: &mut Vec<Part>| parts[TARGET].event = replaced(&parts[TARGET].event, "\"quantity\":\"10.5\"", "\"quantity\":\"10.6\"");
    for signatures in [Signatures::Every, Signatures::Strict] {
        let options = Options { signatures, ..every() };
        check_found(&rewritten(more), &options, Step::Signatures, Some(TARGET), "forged or altered");
        // Signed again with a key at hand, the signature is still not by the signer that the event names.
        let signed_by_another = rewritten(|parts| {
            more(parts);
            parts[TARGET].signature = sign(&field_key("fund"), &parts[TARGET].event);
        });
        check_found(&signed_by_another, &options, Step::Signatures, Some(TARGET), "forged or altered");
    }
    // Under `heads` it is the feed that does not follow: the next event of the key names another id.
    let options = Options { signatures: Signatures::Heads, ..every() };
    check_found(&rewritten(more), &options, Step::Feeds, Some(TARGET + 8), "previous-mismatch");
}

#[test]
fn an_event_signed_anew_under_another_key_has_no_place() {
    let own = field_key("kitchen").public().to_string();
    let with = |key: SecretKey| {
        let own = own.clone();
        rewritten(move |parts| {
            parts[TARGET].event = replaced(&parts[TARGET].event, &own, &key.public().to_string());
            parts[TARGET].signature = sign(&key, &parts[TARGET].event);
        })
    };
    check_found(&with(SecretKey::from_seed(&[9; 32])), &every(), Step::Rules, Some(TARGET), "key-unknown");
    check_found(&with(field_key("fund")), &every(), Step::Rules, Some(TARGET), "key-organization-mismatch");
    let assign = SecretKey::from_seed(&key_seed(SEED, "kitchen assign"));
    check_found(&with(assign), &every(), Step::Feeds, Some(TARGET), "mismatch");
}

#[test]
fn a_forked_feed_is_seen_at_its_second_event() {
    // The key's owner signs two events for one place in the feed, and shows each to somebody else.
    let fork = |parts: &[Part]| {
        let mut other = parts[TARGET].clone();
        other.event = replaced(&other.event, "\"quantity\":\"10.5\"", "\"quantity\":\"0.5\"");
        other.signature = sign(&field_key("kitchen"), &other.event);
        other
    };
    let both = rewritten(|parts| {
        let other = fork(parts);
        parts.insert(TARGET + 1, other);
    });
    check_found(&both, &every(), Step::Feeds, Some(TARGET + 1), "sequence-mismatch");
    let instead = rewritten(|parts| parts[TARGET] = fork(parts));
    check_found(&instead, &every(), Step::Feeds, Some(TARGET + 8), "previous-mismatch");
}

#[test]
fn an_event_of_another_ledger_has_no_place() {
    let files = rewritten(|parts| parts[TARGET] = parts_of(&ledger_files(SEED + 1, SIZE))[TARGET].clone());
    check_found(&files, &every(), Step::Rules, Some(TARGET), "ledger-mismatch");
}

#[test]
fn a_whole_other_ledger_is_not_the_one_asked_for() {
    let ledger = Some(Script::new(SEED).ledger());
    assert!(audit(&ledger_files(SEED, SIZE), &Options { ledger, ..every() }).unwrap().is_clean());
    let files = ledger_files(SEED + 1, SIZE);
    check_found(&files, &Options { ledger, ..every() }, Step::Rules, Some(0), "this is another ledger");
}

#[test]
fn a_forged_delivery_by_a_valid_key_must_still_obey_the_rules() {
    // The coordinator's own key, in the right place of its feed, for more than was assigned; what came after is dropped, since the
    // feed's next event names the true one.
    let files = rewritten(|parts| {
        parts.truncate(TARGET + 1);
        let event = replaced(&parts[TARGET].event, "\"quantity\":\"10.5\"", "\"quantity\":\"9999.9\"");
        parts[TARGET] = Part { signature: sign(&field_key("kitchen"), &event), event, recorded: parts[TARGET].recorded };
    });
    check_found(&files, &every(), Step::Rules, Some(TARGET), "delivery-exceeds-assigned");
    // Within the rules the key's owner is believed; that is what acknowledgements and the earlier checkpoint are for.
}
