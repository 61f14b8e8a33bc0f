//! A real process on a real folder, killed with SIGKILL at random moments, 200 times over.
//!
//! ```text
//! parent                                     child (this same program, started again)
//!   start child, wait some milliseconds,       open the ledger, or create it
//!   counted from its start or its first ack
//!   kill -9                                    append batch after batch; print "ack <index> <id>" for each receipt
//!   read what was printed
//!   reopen the ledger, check every line
//! ```
//!
//! A killed process keeps nothing but what it gave to the system, and the system loses nothing; so this shows that there is no
//! moment at which the files alone, without the process, are not a ledger. Power cuts are in `crash.rs`.
//!
//! `AIDLEDGER_KILL_ROUNDS` and `AIDLEDGER_KILL_SEED` change the number of rounds and repeat a run's delays.
#![cfg(unix)]

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aidledger::canonical::encode;
use aidledger::crypto::Blake3Hash;
use aidledger::event::{EventId, Time};
use aidledger::service::{Answer, Ledger, Notice, OpenError, Reader};
use aidledger::store::segments::segment_path;
use aidledger::store::{Disk, FolderDisk, WriterLock};

#[path = "support/events.rs"]
mod events;
#[path = "support/full_check.rs"]
mod full_check;

use events::Script;
use full_check::{FullCheck, check_head, check_tiles};

const ROUNDS: u64 = 200;
/// A new folder every so many rounds, so that the rounds stay short and creation is hit as well.
const ROUNDS_PER_LEDGER: u64 = 25;
/// The longest a child may live, counted from its start or from its first acknowledgement.
const LIFE_MS_MAX: u64 = 70;
/// Tells the child that it is one, and which folder and seed are its own.
const CHILD: &str = "AIDLEDGER_KILL_CHILD";

/// The child's part. In an ordinary run of the tests it has nothing to do.
#[test]
fn child() {
    let Ok(order) = std::env::var(CHILD) else { return };
    let (seed, folder) = order.split_once(' ').unwrap();
    let (seed, folder) = (seed.parse().unwrap(), Path::new(folder));
    let mut script = Script::new(seed);
    let mut ledger = match Ledger::open(folder, Script::log_key(seed)) {
        Ok((ledger, _)) => ledger,
        Err(aidledger::service::ledger::CreateError::Open(OpenError::NoLedger)) => {
            Ledger::create(folder, &script.opening, Script::log_key(seed), events::EPOCH).unwrap()
        }
        Err(error) => panic!("{error}"),
    };
    // The script is deterministic, so the event after the log's last is the one to go on with.
    let mut batches = 0;
    let mut out = std::io::stdout().lock();
    for _ in 1..ledger.chain().size {
        script.next();
    }
    loop {
        let size = ledger.chain().size;
        let count = 1 + (size + batches) % 5;
        batches += 1;
        let answers = ledger.append(&script.submissions(count as usize), Time(events::EPOCH.0 + size as i64)).unwrap();
        for answer in answers {
            let Answer::Accepted(receipt) = answer else { panic!("{answer:?}") };
            writeln!(out, "ack {} {}", receipt.index, receipt.id).unwrap();
        }
        out.flush().unwrap();
    }
}

/// What the parent knows of one ledger.
struct Watched {
    folder: tempfile::TempDir,
    seed: u64,
    check: FullCheck,
    acknowledged: u64,
}

#[test]
fn nothing_acknowledged_is_lost_to_kill_9() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let rounds = number("AIDLEDGER_KILL_ROUNDS").unwrap_or(ROUNDS);
    let seed = number("AIDLEDGER_KILL_SEED")
        .unwrap_or_else(|| SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().subsec_nanos().into());
    let mut out = std::io::stdout();
    writeln!(out, "AIDLEDGER_KILL_SEED={seed}, {rounds} rounds").unwrap();
    let (mut acknowledged, mut beyond, mut silent, mut trimmed, mut entries) = (0, 0, 0, 0, 0);
    let mut watched: Option<Watched> = None;
    for round in 0..rounds {
        if round % ROUNDS_PER_LEDGER == 0 {
            if let Some(done) = watched.take() {
                entries += done.finish();
            }
            watched =
                Some(Watched { folder: tempfile::tempdir().unwrap(), seed: seed ^ round, check: FullCheck::default(), acknowledged: 0 });
        }
        let ledger = watched.as_mut().expect("made in round 0");
        let word = Blake3Hash::of(format!("delay {seed} {round}").as_bytes());
        let life = Duration::from_micros(u64::from_le_bytes(word.0[..8].try_into().unwrap()) % (LIFE_MS_MAX * 1000));
        // One in four is killed while it starts, recovers or, in a new folder, creates the ledger; the others at work.
        let from = if round % 4 == 0 { From::Start } else { From::FirstAck };
        let at = format!("seed {seed}, round {round}, killed {life:?} after {from:?}");
        let acks = run_and_kill(ledger, life, from, &at);
        silent += u64::from(acks.is_empty());
        acknowledged += acks.len() as u64;
        let (more, mended) = ledger.check_after(&acks, &at);
        beyond += more;
        trimmed += u64::from(mended);
    }
    entries += watched.take().map_or(0, Watched::finish);
    writeln!(
        out,
        "{rounds} times killed: {acknowledged} events acknowledged and all there; {beyond} more written but not answered; {silent} times \
         killed before the first answer; {trimmed} times an end cut short; {entries} entries in all"
    )
    .unwrap();
    assert!(acknowledged > rounds, "the children were killed before they did anything");
    assert!(silent <= rounds.div_ceil(4), "{silent} of {rounds} children were killed before their first answer");
}

/// From when a child's life is counted.
#[derive(Debug, Clone, Copy, PartialEq)]
enum From {
    Start,
    FirstAck,
}

/// Runs a child for a while and returns what it acknowledged.
fn run_and_kill(ledger: &Watched, life: Duration, from: From, at: &str) -> Vec<(u64, EventId)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(CHILD, format!("{} {}", ledger.seed, ledger.folder.path().display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdout.take().unwrap();
    let (first_ack, acked) = std::sync::mpsc::channel();
    let reading = std::thread::spawn(move || {
        let (mut text, mut piece) = (Vec::new(), [0; 4096]);
        loop {
            match pipe.read(&mut piece).unwrap() {
                0 => return text,
                count => text.extend_from_slice(&piece[..count]),
            }
            if text.windows(4).any(|word| word == b"ack ") {
                let _ = first_ack.send(()); // nobody waits for the second
            }
        }
    });
    if from == From::FirstAck {
        // A child that ends instead closes the pipe, and so the channel; it is found out below.
        let _ = acked.recv();
    }
    std::thread::sleep(life);
    let ended = child.try_wait().unwrap();
    child.kill().unwrap();
    let mut complaint = String::new();
    child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    child.wait().unwrap();
    assert!(ended.is_none(), "{at}: the child stopped by itself ({ended:?}): {complaint}");
    let text = String::from_utf8(reading.join().unwrap()).unwrap();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let acks = whole.lines().filter_map(|line| line.strip_prefix("ack ")).map(|line| {
        let (index, id) = line.split_once(' ').unwrap();
        (index.parse().unwrap(), id.parse().unwrap())
    });
    acks.collect()
}

impl Watched {
    fn log(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join(segment_path(0))).unwrap_or_default()
    }

    /// Restarts, checks that all acknowledged events are there, and everything found new. Returns how many entries are there that nobody was
    /// told of, and whether the end was cut short.
    fn check_after(&mut self, acks: &[(u64, EventId)], at: &str) -> (u64, bool) {
        let path = self.folder.path();
        let notices = match Ledger::open(path, Script::log_key(self.seed)) {
            Ok((_, notices)) => notices,
            Err(aidledger::service::ledger::CreateError::Open(OpenError::NoLedger)) if self.check.entries.is_empty() => {
                assert_eq!(acks, [], "{at}: acknowledged, but there is no ledger");
                return (0, false);
            }
            Err(error) => panic!("{at}: {error}"),
        };
        // Whole lines only are left, and what was there after the round before is still there, byte for byte.
        let log = self.log();
        assert_eq!(log.last(), Some(&b'\n'), "{at}");
        let mut lines = log[..log.len() - 1].split(|&byte| byte == b'\n');
        for (index, before) in self.check.entries.iter().enumerate() {
            assert_eq!(lines.next(), Some(&before[..]), "{at}: entry {index} changed");
        }
        let before = self.check.entries.len();
        for line in lines {
            self.check.push(line, at);
        }
        let disk: Arc<dyn Disk> = Arc::new(FolderDisk::open(path).unwrap());
        check_head(&disk, &self.check, at);
        for (index, id) in acks {
            assert_eq!(self.check.ids.get(*index as usize), Some(id), "{at}: acknowledged at {index}");
            assert!(*index as usize >= before, "{at}: {index} was there before");
        }
        self.acknowledged += acks.len() as u64;
        let found = (self.check.entries.len() - before) as u64;
        // At most one batch of 5 was written and not answered; answers of one more may have been on their way to the pipe. The
        // opening event is not answered at all.
        let more = found - acks.len() as u64;
        assert!(more <= 10 + u64::from(before == 0), "{at}: {found} new entries, {} of them acknowledged", acks.len());
        (more, notices.iter().any(|notice| matches!(notice, Notice::Trimmed(_))))
    }

    /// The last look: everything from entry 0 with nothing remembered, tiles too, and every event submitted again is known.
    fn finish(self) -> u64 {
        let path = self.folder.path();
        if self.check.entries.is_empty() {
            return 0;
        }
        let at = "at the end";
        let disk: Arc<dyn Disk> = Arc::new(FolderDisk::open(path).unwrap());
        let (found, _) = full_check::full_check(&disk, at);
        assert!(found.entries == self.check.entries, "{at}");
        check_tiles(&*disk, &found, at);
        let mut script = Script::new(self.seed);
        let mut submissions = vec![encode(&script.opening)];
        submissions.extend(script.submissions(found.entries.len() - 1));
        let (mut ledger, _) = Ledger::open(path, Script::log_key(self.seed)).unwrap();
        for (index, answer) in ledger.append(&submissions, events::EPOCH).unwrap().into_iter().enumerate() {
            let Answer::Known(receipt) = answer else { panic!("{at}: entry {index}: {answer:?}") };
            assert_eq!((receipt.index, &receipt.entry), (index as u64, &found.entries[index]), "{at}");
        }
        drop(ledger);
        WriterLock::acquire(path).expect("no child lives on and holds the lock");
        let reader = Reader::open(path).unwrap();
        assert_eq!((reader.chain.size, reader.tail), (found.entries.len() as u64, None), "{at}");
        found.entries.len() as u64
    }
}
