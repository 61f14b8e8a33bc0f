//! The one writer of a ledger: submissions in, receipts or rejections out (spec section 8.2).
//!
//! ```text
//! decode, check signatures    in parallel, before anything is decided
//! judge, number, link         one after the other, in the order of submission
//! write, ONE fdatasync        the commit point: from here on the batch is in the log
//! sign the checkpoint         never before the commit point, so it cannot cover what a crash takes back
//! answer                      receipts with inclusion proofs under that checkpoint
//! ```
//!
//! After a failed write or sync nothing more is taken: what is on the disk is then unknown, and only a fresh start can tell.

use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::canonical::{Canonical, Reader as Cursor, encode};
use crate::crypto::note::SignedNote;
use crate::crypto::{AdmittedKey, EVENT_DOMAIN, PublicKey, SecretKey, Signature};
use crate::event::signed::{FeedHead, SignedEvent, event_id};
use crate::event::{Event, EventId, Time};
use crate::log::checkpoint::Checkpoint;
use crate::log::entry::{ChainHead, ENTRY_LEN_BYTES_MAX, Entry, EntryHash};
use crate::log::proof::Proof;

use crate::log::tile::Tile;
use crate::log::tile_tree::TileEdge;
use crate::log::tree::{TreeHash, leaf_hash};
use crate::rules::{Rejection, Rule, State, check};
use crate::service::paths::Paths;
use crate::service::recovery::{
    FoldError, Notice, OpenError, check_signatures, fold_log, log_vkey, open_checkpoint, open_tree, restore_tree,
};
use crate::service::tiles::{LedgerTiles, write_tile};
use crate::store::{Disk, FolderDisk, SegmentLog, StoreError, WriterLock, head};

/// The checkpoint file is written at least every so many batches, and whenever the recorded time moves on.
const CHECKPOINT_BATCHES_MAX: u32 = 64;

/// The answer to a submission.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The event is in the log, durably.
    Accepted(Receipt),
    /// The event was in the log already; this is its place.
    Known(Receipt),
    /// The event is not in the log.
    Rejected(Rejection),
}

/// What an author keeps: the place of the event, and the proof of it.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The event's id.
    pub id: EventId,
    /// Its place in the log.
    pub index: u64,
    /// The entry's bytes.
    pub entry: Vec<u8>,
    /// Inclusion under the checkpoint signed for this batch.
    pub proof: Proof,
}

/// Why a batch could not be answered. The process should stop: see [`StoreError::Poisoned`].
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Writing or syncing failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The checkpoint or a tile could not be written.
    #[error("the batch is in the log, but {0}; stop this process and start it again")]
    AfterCommit(String),
    /// The state was changed by a batch that could not be written.
    #[error("an earlier batch failed; stop this process and start it again")]
    Poisoned,
}

/// A ledger open for writing.
pub struct Ledger {
    disk: Arc<dyn Disk>,
    log: SegmentLog,
    state: State,
    chain: ChainHead,
    edge: TileEdge,
    checkpoint: SignedNote,
    key: SecretKey,
    origin: String,
    admitted: FxHashMap<PublicKey, AdmittedKey>,
    poisoned: bool,
    /// Batches since the checkpoint file was written, and what they recorded then.
    unwritten_batches: u32,
    checkpoint_recorded: Time,
    _lock: Option<WriterLock>,
}

/// A submission whose form and signature are right.
struct Checked {
    signed: SignedEvent,
    id: EventId,
    canonical: Vec<u8>,
}

impl Ledger {
    /// Opens a new ledger in a folder with its first event.
    ///
    /// # Errors
    /// [`OpenError::AlreadyThere`] if the folder has one; the rejection if the event is not a right `ledger.opened`.
    pub fn create(folder: &Path, opening: &SignedEvent, key: SecretKey, recorded: Time) -> Result<Ledger, CreateError> {
        std::fs::create_dir_all(folder).map_err(|cause| DiskCause::at(folder, cause))?;
        let lock = WriterLock::acquire(folder)?;
        let disk: Arc<dyn Disk> = Arc::new(FolderDisk::open(folder).map_err(OpenError::Disk)?);
        let mut ledger = Ledger::create_on(disk, opening, key, recorded)?;
        ledger._lock = Some(lock);
        Ok(ledger)
    }

    /// Opens a new ledger on any disk.
    pub fn create_on(disk: Arc<dyn Disk>, opening: &SignedEvent, key: SecretKey, recorded: Time) -> Result<Ledger, CreateError> {
        let (log, _) = SegmentLog::open(disk.clone()).map_err(OpenError::from)?;
        if log.size() > 0 {
            return Err(OpenError::AlreadyThere.into());
        }
        refuse_lost_log(&*disk)?;
        let origin = match &opening.event.body {
            crate::event::Body::LedgerOpened(body) if body.log_key == key.public() => body.origin.0.clone(),
            crate::event::Body::LedgerOpened(body) => {
                return Err(OpenError::LogKey { expected: body.log_key, found: key.public() }.into());
            }
            other => return Err(Rejection::new(Rule::LedgerNotOpen, "kind", "ledger.opened", other.kind()).into()),
        };
        let checkpoint = sign_checkpoint(&origin, &TileEdge::new(), &key);
        let mut ledger = Ledger {
            disk,
            log,
            state: State::default(),
            chain: ChainHead::EMPTY,
            edge: TileEdge::new(),
            checkpoint,
            key,
            origin,
            admitted: FxHashMap::default(),
            poisoned: false,
            unwritten_batches: 0,
            checkpoint_recorded: Time(0),
            _lock: None,
        };
        match ledger.append(&[encode(opening)], recorded)?.pop() {
            Some(Answer::Accepted(_)) => Ok(ledger),
            Some(Answer::Rejected(rejection)) => Err(rejection.into()),
            answer => unreachable!("one new event has one answer: {answer:?}"),
        }
    }

    /// Opens the ledger in a folder for writing, and says what it put right.
    pub fn open(folder: &Path, key: SecretKey) -> Result<(Ledger, Vec<Notice>), CreateError> {
        let lock = WriterLock::acquire(folder)?;
        let (mut ledger, notices) = Ledger::open_on(Arc::new(FolderDisk::open(folder).map_err(OpenError::Disk)?), key)?;
        ledger._lock = Some(lock);
        Ok((ledger, notices))
    }

    /// Opens a ledger on any disk for writing.
    pub fn open_on(disk: Arc<dyn Disk>, key: SecretKey) -> Result<(Ledger, Vec<Notice>), OpenError> {
        let (log, recovery) = SegmentLog::open(disk.clone())?;
        let mut notices: Vec<Notice> = recovery.trimmed.map(Notice::Trimmed).into_iter().collect();
        notices.extend(recovery.rewritten.map(Notice::Rewritten));
        if log.size() == 0 {
            refuse_lost_log(&*disk)?;
            return Err(OpenError::NoLedger);
        }
        let reader = log.reader();
        let folded = fold_log(&*disk, &reader, None).map_err(|error| match error {
            FoldError::Open(error) => error,
            FoldError::Stored(error) => unreachable!("no views were asked for: {error}"),
        })?;
        let (chain, state) = (folded.chain, folded.state);
        let opening = state.opening.as_ref().ok_or(OpenError::NoLedger)?;
        if opening.log_key != key.public() {
            return Err(OpenError::LogKey { expected: opening.log_key, found: key.public() });
        }
        let origin = opening.origin.clone();
        let stored = head::read(&*disk)?;
        // Tiles may be torn by a power cut, since they are not synced: only entries can put a checkpoint in the wrong.
        let mut unreadable = None;
        let remake = |size: u64| match tree_at(&disk, &reader, size, stored.as_deref()) {
            Ok(edge) => sign_checkpoint(&origin, &edge, &key).format().into_bytes(),
            Err(error) => {
                unreadable = Some(error);
                Vec::new()
            }
        };
        let judged = head::classify(stored.as_deref(), log.size(), remake);
        if let Some(error) = unreadable {
            return Err(error);
        }
        let signed = match judged {
            head::Head::Intact { .. } => {
                let bytes = stored.expect("an intact checkpoint is there");
                let (_, checkpoint) =
                    open_checkpoint(&bytes, &log_vkey(&state)?).map_err(|error| OpenError::Checkpoint(error.to_string()))?;
                Some((checkpoint.size(), *checkpoint.root()))
            }
            head::Head::Absent | head::Head::CutShort { .. } => {
                notices.push(Notice::CheckpointMade);
                None
            }
            head::Head::Beyond { size } => return Err(OpenError::BehindCheckpoint { size: log.size(), signed: size }),
            head::Head::Damaged { byte } => {
                return Err(OpenError::Checkpoint(format!(
                    "the file differs at byte {byte} from what this log signs for its entries: either was altered. \
                     Compare both with a mirror before you go on"
                )));
            }
        };
        check_signatures(&reader, signed.map_or(0, |(size, _)| size))?;
        let (edge, made_again) = open_tree(&disk, &reader, signed, true)?;
        if made_again {
            notices.push(Notice::TilesMade);
        }
        let checkpoint = sign_checkpoint(&origin, &edge, &key);
        if signed.is_none_or(|(size, _)| size < edge.size()) {
            head::write_durable(&*disk, checkpoint.format().as_bytes())?;
        }
        let ledger = Ledger {
            disk,
            log,
            state,
            chain,
            edge,
            checkpoint,
            key,
            origin,
            admitted: FxHashMap::default(),
            poisoned: false,
            unwritten_batches: 0,
            checkpoint_recorded: chain.recorded,
            _lock: None,
        };
        Ok((ledger, notices))
    }

    /// The rules' memory.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The end of the chain.
    pub fn chain(&self) -> ChainHead {
        self.chain
    }

    /// The latest checkpoint, as signed.
    pub fn checkpoint(&self) -> &SignedNote {
        &self.checkpoint
    }

    /// Where a key's next event stands in its feed.
    pub fn feed(&self, key: &PublicKey) -> FeedHead {
        self.state.feed(key)
    }

    /// The ledger's id.
    pub fn id(&self) -> EventId {
        self.state.opening.as_ref().expect("an open ledger has an opening").id
    }

    /// Judges a batch of submissions, each the canonical bytes of a signed event, and writes the accepted ones with one sync.
    /// The answers come in the order of the submissions. `now` is what the log records; a clock that went back is overruled by the last entry.
    ///
    /// # Errors
    /// Only when writing failed; the process should then stop.
    pub fn append(&mut self, submissions: &[Vec<u8>], now: Time) -> Result<Vec<Answer>, AppendError> {
        let placed = self.append_without_proofs(submissions, now)?;
        let paths = Paths::new(LedgerTiles::new(self.disk.clone(), self.log.reader()), &self.edge);
        let answer = |placed: Placed| match placed {
            Placed::Rejected(rejection) => Ok(Answer::Rejected(rejection)),
            Placed::New(index, id, entry) => self.receipt(&paths, index, id, entry).map(Answer::Accepted),
            Placed::Known(index, id) => {
                let entry = self.log.read_entry(index)?;
                self.receipt(&paths, index, id, entry).map(Answer::Known)
            }
        };
        placed.into_iter().map(answer).collect()
    }

    /// As [`Ledger::append`], for who needs no receipts: imports and simulations of many events.
    pub fn append_without_proofs(&mut self, submissions: &[Vec<u8>], now: Time) -> Result<Vec<Placed>, AppendError> {
        if self.poisoned {
            return Err(AppendError::Poisoned);
        }
        let checked = self.check_forms(submissions);
        let recorded = now.max(self.chain.recorded);
        let mut entries: Vec<Vec<u8>> = Vec::with_capacity(submissions.len());
        let mut placed = Vec::with_capacity(submissions.len());
        let mut chain = self.chain;
        // From here the state runs ahead of the log; only a written batch lets it stand.
        self.poisoned = true;
        for checked in checked {
            placed.push(match checked.and_then(|checked| self.judge(&mut chain, checked, recorded, &mut entries)) {
                Ok(placed) => placed,
                Err(rejection) => Placed::Rejected(rejection),
            });
        }
        if !entries.is_empty() {
            self.commit(chain, &entries)?;
        }
        self.poisoned = false;
        let mut entries = entries.into_iter();
        for place in &mut placed {
            if let Placed::New(_, _, entry) = place {
                *entry = entries.next().expect("an entry for each new event");
            }
        }
        Ok(placed)
    }

    fn judge(&mut self, chain: &mut ChainHead, checked: Checked, recorded: Time, entries: &mut Vec<Vec<u8>>) -> Result<Placed, Rejection> {
        let Checked { signed, id, canonical } = checked;
        if let Some(index) = self.state.ids.find(&id) {
            return Ok(Placed::Known(u64::from(index), id));
        }
        let index = chain.size;
        let mut entry = Vec::with_capacity(canonical.len() + 320);
        Entry::write_around(&canonical, index, chain.hash, recorded, &signed.signature, &mut entry);
        if entry.len() > ENTRY_LEN_BYTES_MAX {
            return Err(Rejection::new(
                Rule::EntryTooLong,
                "body",
                format!("an entry of at most {ENTRY_LEN_BYTES_MAX} bytes"),
                entry.len(),
            ));
        }
        let accepted = check(&self.state, &signed.event, id, recorded)?;
        self.state.apply(&accepted);
        *chain = ChainHead { size: index + 1, hash: EntryHash::of(&entry), recorded };
        entries.push(entry);
        Ok(Placed::New(index, id, Vec::new()))
    }

    /// Writes a batch; its return is the commit point. Then tiles and checkpoint, which can be made again from the log.
    fn commit(&mut self, chain: ChainHead, entries: &[Vec<u8>]) -> Result<(), AppendError> {
        self.log.append(entries.iter().map(Vec::as_slice))?;
        self.chain = chain;
        let leaves: Vec<TreeHash> = match entries.len() {
            0..64 => entries.iter().map(|entry| leaf_hash(entry)).collect(),
            _ => entries.par_iter().with_min_len(64).map(|entry| leaf_hash(entry)).collect(),
        };
        let mut failed = None;
        for leaf in leaves {
            self.edge.push(leaf, |tile: Tile, hashes| {
                if failed.is_none() {
                    failed = write_tile(&*self.disk, tile, hashes).err();
                }
            });
        }
        self.checkpoint = sign_checkpoint(&self.origin, &self.edge, &self.key);
        // Receipts carry the new checkpoint; its file may follow a moment later, since a start signs again for what the log has beyond it.
        // Replacing a file costs about as much as a sync, which would halve the rate of single events.
        self.unwritten_batches += 1;
        if failed.is_none() && (self.unwritten_batches >= CHECKPOINT_BATCHES_MAX || chain.recorded > self.checkpoint_recorded) {
            failed = head::write(&*self.disk, self.checkpoint.format().as_bytes()).err();
            (self.unwritten_batches, self.checkpoint_recorded) = (0, chain.recorded);
        }
        failed.map_or(Ok(()), |error| Err(AppendError::AfterCommit(error.to_string())))
    }

    /// Reads each submission strictly and checks its signature: rules 100 and 102. In parallel, since this is most of the work.
    fn check_forms(&mut self, submissions: &[Vec<u8>]) -> Vec<Result<Checked, Rejection>> {
        let admitted = &self.admitted;
        let check = |bytes: &Vec<u8>| check_form(bytes, admitted);
        // Waking the pool costs more than a few signatures.
        let checked: Vec<_> = match submissions.len() {
            0..4 => submissions.iter().map(check).collect(),
            _ => submissions.par_iter().with_min_len(4).map(check).collect(),
        };
        for (_, key) in checked.iter().filter_map(|result| result.as_ref().ok()) {
            if let Some(key) = key {
                // Keys are bounded by those the ledger grants: strangers' keys are admitted anew each time.
                if self.state.keys.contains_key(&key.public()) {
                    self.admitted.insert(key.public(), *key);
                }
            }
        }
        checked.into_iter().map(|result| result.map(|(checked, _)| checked)).collect()
    }

    fn receipt(&self, paths: &Paths<'_>, index: u64, id: EventId, entry: Vec<u8>) -> Result<Receipt, AppendError> {
        let leaf = leaf_hash(&entry);
        let path = paths.path(index, &leaf).or_else(|_| {
            // A tile file is wrong. Nobody gets a receipt that does not hold, and nobody goes without: the entries give the tile too.
            let tiles = LedgerTiles::from_log(self.disk.clone(), self.log.reader());
            Paths::new(tiles, &self.edge).path(index, &leaf).map_err(AppendError::AfterCommit)
        })?;
        Ok(Receipt { id, index, entry, proof: Proof::new(index, path, self.checkpoint.clone()) })
    }

    /// Makes the checkpoint file durable. Call before a planned stop; a crash without it only makes the next start sign again.
    pub fn close(self) -> Result<(), AppendError> {
        head::write_durable(&*self.disk, self.checkpoint.format().as_bytes()).map_err(|error| AppendError::AfterCommit(error.to_string()))
    }
}

/// Where a submission stands after a batch.
#[derive(Debug, Clone)]
pub enum Placed {
    /// In the log since this batch: its place, id and entry.
    New(u64, EventId, Vec<u8>),
    /// In the log already.
    Known(u64, EventId),
    /// Not in the log.
    Rejected(Rejection),
}

fn check_form(bytes: &[u8], admitted: &FxHashMap<PublicKey, AdmittedKey>) -> Result<(Checked, Option<AdmittedKey>), Rejection> {
    let malformed = |fault: crate::canonical::Fault| {
        Rejection::new(Rule::Malformed, "event", "the canonical form", format!("another one at byte {}: {}", fault.at, fault.what))
    };
    let mut reader = Cursor::new(bytes).map_err(malformed)?;
    let (event, range, signature) = read_signed(&mut reader).map_err(malformed)?;
    let canonical = bytes[range].to_vec();
    let message = [EVENT_DOMAIN, &canonical].concat();
    let fresh = match admitted.get(&event.signer) {
        Some(_) => None,
        None => match AdmittedKey::new(event.signer) {
            Ok(key) => Some(key),
            Err(refusal) => {
                return Err(Rejection::new(Rule::SignatureInvalid, "signer", "a key that is neither weak nor torsioned", refusal));
            }
        },
    };
    let key = fresh.as_ref().or_else(|| admitted.get(&event.signer)).expect("one of the two is there");
    if !key.verify_strict(&message, &signature) {
        return Err(Rejection::new(Rule::SignatureInvalid, "signature", "one by the signer over this event", "one that does not hold"));
    }
    let id = event_id(&canonical);
    Ok((Checked { signed: SignedEvent { event, signature }, id, canonical }, fresh))
}

fn read_signed(reader: &mut Cursor<'_>) -> Result<(Event, std::ops::Range<usize>, Signature), crate::canonical::Fault> {
    reader.expect("{")?;
    reader.member("\"event\":", true)?;
    let start = reader.at();
    let event = Event::read(reader)?;
    let range = start..reader.at();
    reader.member("\"signature\":", false)?;
    let signature = Signature::read(reader)?;
    reader.object_end()?;
    reader.end()?;
    Ok((event, range, signature))
}

/// The checkpoint of a tree. Deterministic: the same tree and key give the same bytes.
fn sign_checkpoint(origin: &str, edge: &TileEdge, key: &SecretKey) -> SignedNote {
    let checkpoint = Checkpoint::new(origin, edge.size(), edge.root());
    checkpoint.and_then(|checkpoint| checkpoint.sign(key.signing_key())).expect("an origin that entry 0 may have is a note's key name")
}

/// Refuses a folder whose log is gone while its checkpoint is still there: a new log beside it would be a second history. No crash leaves
/// this, since a checkpoint is written after the log's first sync.
fn refuse_lost_log(disk: &dyn Disk) -> Result<(), OpenError> {
    match head::read(disk)?.as_deref().map(|stored| head::named_size(stored).unwrap_or(0)) {
        None => Ok(()),
        Some(0) => {
            Err(OpenError::Checkpoint("there is one, but the log beside it is empty; restore the log, or choose another folder".into()))
        }
        Some(signed) => Err(OpenError::BehindCheckpoint { size: 0, signed }),
    }
}

/// The tree of the first `size` entries: from the tiles if they make the root that the stored checkpoint names, else from the entries.
fn tree_at(disk: &Arc<dyn Disk>, log: &crate::store::SegmentReader, size: u64, stored: Option<&[u8]>) -> Result<TileEdge, OpenError> {
    // Nobody's signature is checked here: a wrong root is one that the tiles do not make, and then the entries decide.
    let note = stored.and_then(|bytes| SignedNote::parse(bytes).ok());
    let claimed = note.and_then(|note| Checkpoint::parse(note.unverified_text()).ok());
    if let Some(claimed) = claimed
        && claimed.size() == size
        && let Some(edge) = restore_tree(disk, log, size, claimed.root())
    {
        return Ok(edge);
    }
    super::recovery::rebuild_tiles(disk, log, size, false)
}

/// Why a ledger could not be opened for writing.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// See [`OpenError`].
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Another process writes.
    #[error(transparent)]
    Lock(#[from] crate::store::lock::LockError),
    /// The opening event was refused.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The first entry could not be written.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The folder could not be made.
    #[error(transparent)]
    Folder(#[from] DiskCause),
}

/// A folder that could not be made.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {cause}")]
pub struct DiskCause {
    path: String,
    cause: std::io::Error,
}

impl DiskCause {
    fn at(path: &Path, cause: std::io::Error) -> DiskCause {
        DiskCause { path: path.display().to_string(), cause }
    }
}
