//! A reproducible ledger of any size: the same seed and size give the same bytes on every machine.
//!
//! ```text
//! planner   seed -> events in their feeds                pure: no disk, no clock, no randomness but the seed's
//! signing   batches of them, in parallel                 keys follow from the seed too
//! shell     Ledger::append_without_proofs per batch      every event is judged by the rules like anybody's
//! ```
//!
//! It is for measuring, testing and trying out. The keys of such a ledger are known to everybody who knows the seed, so nothing in it is
//! evidence of anything. `recorded` is the simulated clock, which begins on 2025-01-06.
//!
//! * [`random`]: chance that follows from the seed. [`authors`]: feeds and signatures. [`stock`]: what the planner believes is where.
//! * [`goods`]: what is given. [`book`]: the tree so far, for auditors' opinions. [`planner`]: the city, event by event.
//!
//! A campaign with a story is in [`campaign`](crate::service::campaign); it uses the same tools.

pub mod authors;
pub mod book;
mod city;
pub mod goods;
pub mod planner;
pub mod random;
pub mod stock;

use std::path::Path;

use crate::canonical::decode;
use crate::crypto::SecretKey;
use crate::event::{EventId, SignedEvent, Time};
use crate::service::ledger::{AppendError, CreateError, Ledger, Placed};
use book::Book;
use planner::Planner;
use random::Random;

/// The most events in a batch: what one sync is spread over.
pub const BATCH_EVENTS_MAX: u64 = 4096;

/// Auditors speak of the first entries only: following the tree further would cost more than it shows.
const BOOK_EVENTS_MAX: u64 = 65_536;

/// Signed events that reach the log together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// When the log records them.
    pub recorded: Time,
    /// The canonical bytes of each signed event.
    pub submissions: Vec<Vec<u8>>,
}

/// The log key of a simulated ledger. Known to all who know the seed.
pub fn log_key(seed: u64) -> SecretKey {
    SecretKey::from_seed(&Random::new("log key", seed).bytes())
}

/// The signed events of a simulated city in batches, without any ledger. The first batch is the opening event alone.
#[derive(Debug)]
pub struct Simulation {
    planner: Planner,
    book: Book,
    left: u64,
    batch_events: u64,
    begun: bool,
}

impl Simulation {
    /// The first `events` events of the city of a seed, planned so that its year fits the number.
    pub fn new(events: u64, seed: u64) -> Simulation {
        // Small ledgers get small batches, so that `recorded` is still a date and not an epoch.
        let batch_events = (events / 256).clamp(32, BATCH_EVENTS_MAX);
        Simulation { planner: Planner::new(events, seed), book: Book::new(), left: events, batch_events, begun: false }
    }
}

impl Iterator for Simulation {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let count = if self.begun { self.left.min(self.batch_events) } else { self.left.min(1) };
        if count == 0 {
            return None;
        }
        self.begun = true;
        self.left -= count;
        let planned: Vec<_> = (0..count).map(|_| self.planner.next_event()).collect();
        let (recorded, submissions) = (self.planner.clock(), self.planner.authors().sign(&planned));
        if self.book.head().0 < BOOK_EVENTS_MAX {
            self.book.take_in(recorded, &submissions);
            self.planner.hear(self.book.head());
        }
        Some(Batch { recorded, submissions })
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The ledger's id.
    pub id: EventId,
    /// How many entries it has.
    pub size: u64,
    /// Its checkpoint, as signed.
    pub checkpoint: String,
}

/// Why a planned ledger could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There must be at least the opening event.
    #[error("a ledger has at least one entry; ask for 1 event or more")]
    NoEvents,
    /// See [`CreateError`].
    #[error(transparent)]
    Create(#[from] CreateError),
    /// See [`AppendError`].
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// Makes a ledger of exactly `events` entries in a folder that has none. `on_progress` hears how many there are, after every batch.
///
/// # Errors
/// [`WriteError`]; what was written until then stays.
///
/// # Panics
/// If the rules refuse an event: the planner is then wrong, and the panic says which rule it broke.
pub fn simulate(folder: &Path, events: u64, seed: u64, on_progress: impl FnMut(u64)) -> Result<Written, WriteError> {
    write_ledger(folder, log_key(seed), Simulation::new(events, seed), on_progress)
}

/// Makes a ledger of planned batches, the first of which is the opening event alone. While one batch is written the next is planned.
///
/// # Errors
/// As [`simulate`].
///
/// # Panics
/// As [`simulate`].
pub fn write_ledger(
    folder: &Path,
    log_key: SecretKey,
    mut batches: impl Iterator<Item = Batch> + Send,
    mut on_progress: impl FnMut(u64),
) -> Result<Written, WriteError> {
    let first = batches.next().ok_or(WriteError::NoEvents)?;
    let [opening] = first.submissions.as_slice() else { panic!("the first batch is the opening event alone") };
    let opening: SignedEvent = decode(opening).expect("a planned event is canonical");
    let mut ledger = Ledger::create(folder, &opening, log_key, first.recorded)?;
    on_progress(1);
    let mut waiting = batches.next();
    while let Some(batch) = waiting {
        let (placed, next) = rayon::join(|| ledger.append_without_proofs(&batch.submissions, batch.recorded), || batches.next());
        for placed in placed? {
            assert!(matches!(placed, Placed::New(..)), "the rules refuse a planned event: {placed:?}");
        }
        waiting = next;
        on_progress(ledger.chain().size);
    }
    let (id, size, checkpoint) = (ledger.id(), ledger.chain().size, ledger.checkpoint().format());
    ledger.close()?;
    Ok(Written { id, size, checkpoint })
}
