//! Verification from nothing but the bytes (spec section 13): what an auditor runs who trusts neither the operator nor these machines.
//!
//! ```text
//! chunks of entries ──> workers: decode, hash, check signatures ──> in order: chain, feeds and rules, tree, views
//! ```
//!
//! The workers' results come back in log order, so the first wrong entry that is named is the first there is. The order of findings within an
//! entry: form, chain, signature, feed and rules. Then, over the whole: tiles, checkpoint, stored views.

pub mod report;
pub mod source;
mod worker;

use crate::crypto::{Blake3Hash, PublicKey};
use crate::event::Time;
use crate::log::checkpoint::Checkpoint;
use crate::log::entry::ChainHead;
use crate::log::tile_tree::TileEdge;
use crate::rules::{Accepted, Rule, State, check};
use crate::service::recovery::{EntryFault, open_checkpoint};
use crate::views::{ViewName, Views};
pub use report::{Finding, Report, Step};
pub use source::{Source, SourceError};

/// Which signatures are checked, and what that proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Signatures {
    /// Every signature, in batches under the ZIP-215 rule: nobody but the key's holder made any event.
    #[default]
    Every,
    /// Every signature, one by one under the strict rule by which the log admits: the same, and every other library agrees.
    Strict,
    /// The last signature of each feed, strictly: each vouches through `previous` for all events of its key before it.
    Heads,
}

/// What to verify against.
#[derive(Debug, Default)]
pub struct Options {
    /// Which signatures.
    pub signatures: Signatures,
    /// The ledger's id as the auditor holds it from elsewhere.
    pub ledger: Option<crate::event::EventId>,
    /// An earlier checkpoint, verified then: the log must still begin with its tree.
    pub since: Option<Vec<u8>>,
    /// The policy that the checkpoint must meet, in place of the log's signature alone.
    pub policy: Option<crate::log::policy::Policy>,
    /// Whether to fold the views as well.
    pub views: bool,
}

/// Verifies a log, calling `progress` with the number of entries done.
///
/// # Errors
/// Only when the source cannot be read at all; whatever is wrong with it is in the report.
pub fn verify(source: &Source, options: &Options, progress: &dyn Fn(u64)) -> Result<Report, SourceError> {
    verify_observing(source, options, &mut |_, _, _| (), progress).map(|(report, _)| report)
}

/// Verifies as [`verify`] does and shows every accepted event to `observe`, with the state after it and the time at which it was recorded. Also answers
/// with the state after the last of them.
///
/// # Errors
/// As [`verify`].
pub fn verify_observing(
    source: &Source,
    options: &Options,
    observe: &mut dyn FnMut(&Accepted<'_>, &State, Time),
    progress: &dyn Fn(u64),
) -> Result<(Report, State), SourceError> {
    let mut audit = Audit::new(options);
    let since = match &options.since {
        Some(bytes) => match source::named_checkpoint(bytes) {
            Ok(checkpoint) => Some(checkpoint),
            Err(what) => {
                audit.report.find(Step::Since, None, format!("the earlier checkpoint cannot be read: {what}"));
                return Ok((audit.report, audit.state));
            }
        },
        None => None,
    };
    audit.since = since;
    // Before the entries: a writer at work may sign for more meanwhile, but never for less.
    audit.signed = source.checkpoint()?;
    audit.signed_at = audit.signed_size();
    let outcome = worker::run(source, options.signatures, &mut |piece| {
        let more = audit.take(piece, source, observe);
        progress(audit.chain.size);
        more
    });
    match outcome {
        Ok(()) => {}
        // What stands after the last whole line was never acknowledged, if the checkpoint does not speak of it: an append is under way, or a crash cut it off.
        Err(SourceError::TornTail(what)) if audit.signed_size().is_some_and(|signed| signed <= audit.chain.size) => {
            audit.report.torn_tail = Some(what)
        }
        Err(SourceError::TornTail(what) | SourceError::Damaged(what)) => audit.report.find(Step::Chain, Some(audit.chain.size), what),
        Err(error) => return Err(error),
    }
    audit.finish(source, options)?;
    Ok((audit.report, audit.state))
}

/// An opinion in the log: its entry, and the root that it names of the first so many entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attested {
    /// The entry.
    pub index: u64,
    /// Of how many entries.
    pub size: u64,
    /// The root named, which is a SHA-256 hash.
    pub root: Blake3Hash,
}

/// The opinions whose root is not that of the log: their auditor was shown another history, or did not look. (A [`verify`] does not fail by them: else anybody
/// with an auditor's key could spoil a ledger for good.)
///
/// # Errors
/// When the entries cannot be read again.
pub fn wrong_attestations(source: &Source, attested: &[Attested]) -> Result<Vec<(Attested, crate::log::tree::TreeHash)>, SourceError> {
    let mut sizes: Vec<u64> = attested.iter().map(|attested| attested.size).collect();
    sizes.sort_unstable();
    let mut roots = std::collections::BTreeMap::new();
    let mut tree = crate::log::tree::Frontier::new();
    if let Some(last) = sizes.last() {
        'log: for chunk in source.chunks()? {
            for entry in chunk?.entries() {
                tree.push(crate::log::tree::leaf_hash(entry));
                if sizes.binary_search(&tree.size()).is_ok() {
                    roots.insert(tree.size(), tree.root());
                }
                if tree.size() >= *last {
                    break 'log;
                }
            }
        }
    }
    let wrong =
        |attested: &Attested| roots.get(&attested.size).filter(|root| *root.as_bytes() != attested.root.0).map(|root| (*attested, *root));
    Ok(attested.iter().filter_map(wrong).collect())
}

/// The fold of an audit.
struct Audit {
    report: Report,
    chain: ChainHead,
    state: State,
    edge: TileEdge,
    views: Option<Views>,
    since: Option<Checkpoint>,
    /// The checkpoint file as it was before the first entry was read.
    signed: Option<Vec<u8>>,
    /// The size that it names.
    signed_at: Option<u64>,
    /// The root of the tree at that size.
    signed_root: Option<crate::log::tree::TreeHash>,
    /// Whether the tree had the earlier checkpoint's root at its size.
    since_met: bool,
    /// The first tile file that is not of this tree.
    wrong_tile: Option<Result<String, SourceError>>,
    /// For `heads`: the last event of each feed, to check its signature at the end.
    heads: Option<rustc_hash::FxHashMap<PublicKey, worker::Head>>,
    expected_ledger: Option<crate::event::EventId>,
}

impl Audit {
    fn new(options: &Options) -> Audit {
        Audit {
            report: Report::new(options.signatures),
            chain: ChainHead::EMPTY,
            state: State::default(),
            edge: TileEdge::new(),
            views: options.views.then(Views::default),
            since: None,
            signed: None,
            signed_at: None,
            signed_root: None,
            since_met: false,
            wrong_tile: None,
            heads: (options.signatures == Signatures::Heads).then(Default::default),
            expected_ledger: options.ledger,
        }
    }

    /// Takes the next entries; false stops the reading after a finding.
    fn take(&mut self, piece: worker::Piece, source: &Source, observe: &mut dyn FnMut(&Accepted<'_>, &State, Time)) -> bool {
        let place = |entry: usize| piece.place(entry);
        for (number, checked) in piece.entries.iter().enumerate() {
            let index = piece.first_index + number as u64;
            self.meet();
            let decoded = match checked {
                Ok(decoded) => decoded,
                Err(fault) => {
                    let what = EntryFault::from(fault.clone());
                    self.report.find_rule(Step::Chain, index, Rule::Malformed, format!("{what}{}", place(number)));
                    return false;
                }
            };
            if let Err(fault) = self.chain.advance(&decoded.decoded) {
                self.report.find(Step::Chain, Some(index), format!("{fault}{}", place(number)));
                return false;
            }
            if piece.bad_signature == Some(number) {
                self.report.find_rule(
                    Step::Signatures,
                    index,
                    Rule::SignatureInvalid,
                    format!(
                        "the signature is not by {} over this event: it was forged or altered{}",
                        decoded.decoded.entry.event.signer,
                        place(number)
                    ),
                );
                return false;
            }
            let entry = &decoded.decoded.entry;
            let accepted = match check(&self.state, &entry.event, decoded.decoded.id, entry.recorded) {
                Ok(accepted) => accepted,
                Err(rejection) => {
                    let step = match rejection.rule {
                        Rule::SequenceMismatch | Rule::PreviousMismatch => Step::Feeds,
                        _ => Step::Rules,
                    };
                    self.report.find_rule(step, index, rejection.rule, format!("{rejection}{}", place(number)));
                    return false;
                }
            };
            if index == 0 && self.expected_ledger.is_some_and(|expected| expected != accepted.id) {
                let expected = self.expected_ledger.expect("just seen");
                self.report.find(Step::Rules, Some(0), format!("this is another ledger: its id is {}, should be {expected}", accepted.id));
                return false;
            }
            self.state.apply(&accepted);
            observe(&accepted, &self.state, entry.recorded);
            if let Some(views) = &mut self.views {
                views.fold(&accepted, &self.state, None).expect("nothing stored is read");
            }
            self.edge.push(decoded.leaf, |tile, hashes| {
                if self.wrong_tile.is_none() {
                    self.wrong_tile = source.wrong_tile(tile, hashes).transpose();
                }
            });
        }
        if let Some(heads) = &mut self.heads {
            // Only the last event of each key matters, so only that one is kept.
            let mut last: rustc_hash::FxHashMap<PublicKey, usize> = rustc_hash::FxHashMap::default();
            for (number, checked) in piece.entries.iter().enumerate() {
                let checked = checked.as_ref().expect("every entry of the piece was just taken");
                last.insert(checked.decoded.entry.event.signer, number);
            }
            heads.extend(last.into_iter().map(|(key, number)| (key, piece.head(number, piece.first_index + number as u64))));
        }
        true
    }

    /// How many entries the checkpoint file speaks of, whoever signed it.
    fn signed_size(&self) -> Option<u64> {
        crate::store::head::named_size(self.signed.as_deref()?)
    }

    /// Looks at the tree when it has the size of the checkpoint or of the earlier one.
    fn meet(&mut self) {
        if self.signed_root.is_none() && self.signed_at == Some(self.edge.size()) {
            self.signed_root = Some(self.edge.root());
        }
        if let Some(since) = &self.since
            && since.size() == self.edge.size()
            && !self.since_met
        {
            self.since_met = true;
            if *since.root() != self.edge.root() {
                let what = format!(
                    "history was rewritten: the first {} entries make the root {}, the earlier checkpoint says {}",
                    since.size(),
                    self.edge.root(),
                    since.root()
                );
                self.report.find(Step::Since, None, what);
            }
        }
    }

    fn check_heads(&mut self) {
        let Some(heads) = self.heads.take() else { return };
        let mut heads: Vec<_> = heads.into_iter().collect();
        heads.sort_unstable_by_key(|(_, head)| head.index);
        for (key, head) in heads {
            if !crate::crypto::verify_strict(key, &head.message, &head.signature) {
                let what = format!("the signature on the last event of the feed of {key} is not by that key: it was forged or altered");
                self.report.find_rule(Step::Signatures, head.index, Rule::SignatureInvalid, what);
                return;
            }
        }
    }

    fn finish(&mut self, source: &Source, options: &Options) -> Result<(), SourceError> {
        // What a finding stands at is not verified, nor what comes after.
        self.report.size = self.report.findings.iter().filter_map(|finding| finding.index).min().unwrap_or(self.chain.size);
        self.report.recorded = (self.chain.size > 0).then_some(self.chain.recorded);
        self.report.ledger = self.state.opening.as_ref().map(|opening| opening.id);
        if !self.report.is_clean() {
            return Ok(());
        }
        self.check_heads();
        self.meet();
        let Some(opening) = self.state.opening.clone() else {
            self.report.find(Step::Chain, None, "there is no entry: a log begins with ledger.opened".into());
            return Ok(());
        };
        self.report.root = Some(self.edge.root());
        let vkey = match crate::service::recovery::vkey(&opening.origin, &opening.log_key) {
            Ok(vkey) => vkey,
            Err(error) => {
                self.report.find(Step::Checkpoint, None, format!("the log's key in entry 0 cannot sign checkpoints: {error}"));
                return Ok(());
            }
        };
        match self.signed.take() {
            None if source.must_have_checkpoint() => {
                self.report.find(Step::Checkpoint, None, "there is no checkpoint: nothing says that the log ends here".into())
            }
            None => self.report.skip(Step::Checkpoint, "none was given: that the log ends here is not verified"),
            Some(bytes) => self.check_checkpoint(&bytes, &vkey, options),
        }
        if let (Some(since), false) = (&self.since, self.since_met) {
            let what = format!(
                "the log has {} entries, the earlier checkpoint has {}: entries are missing at the end",
                self.chain.size,
                since.size()
            );
            self.report.find(Step::Since, None, what);
        }
        if let (Some(since), Some(checkpoint)) = (&self.since, &self.report.checkpoint)
            && checkpoint.size() < since.size()
        {
            let what = format!(
                "the checkpoint is signed for {} entries, the earlier one was for {}: a log signs for no less",
                checkpoint.size(),
                since.size()
            );
            self.report.find(Step::Since, None, what);
        }
        if let Some(bytes) = &options.since
            && let Err(error) = open_checkpoint(bytes, &vkey)
        {
            self.report.find(Step::Since, None, format!("the earlier checkpoint is not signed by this log's key: {error}"));
        }
        if options.since.is_some() {
            self.report.done(Step::Since);
        }
        if self.wrong_tile.is_none() {
            self.wrong_tile = source.wrong_partial_tile(&self.edge).transpose();
        }
        if let Some(tile) = self.wrong_tile.take() {
            self.report.find(Step::Tiles, None, tile?);
        } else if source.has_tiles() {
            self.report.done(Step::Tiles);
        } else {
            self.report.skip(Step::Tiles, "there are none");
        }
        if let Some(views) = self.views.take() {
            self.report.views = views.into_digests(&self.state);
            match source.stored_views(self.chain) {
                source::StoredViews::None => self.report.skip(Step::Views, "none are stored; the digests are of a fresh fold"),
                source::StoredViews::Elsewhere(why) => self.report.skip(Step::Views, why),
                source::StoredViews::Wrong(what) => self.report.find(Step::Views, None, what),
                source::StoredViews::Digests(stored) => self.compare_views(&stored),
            }
        }
        for step in [Step::Chain, Step::Signatures, Step::Feeds, Step::Rules, Step::Tree] {
            self.report.done(step);
        }
        Ok(())
    }

    fn check_checkpoint(&mut self, bytes: &[u8], vkey: &crate::crypto::note::Vkey, options: &Options) {
        let checkpoint = match open_checkpoint(bytes, vkey) {
            Ok((note, checkpoint)) => {
                if let Some(policy) = &options.policy
                    && let Err(unmet) = policy.check(&note)
                {
                    self.report.find(Step::Checkpoint, None, format!("the checkpoint does not meet the policy: {unmet}"));
                }
                checkpoint
            }
            Err(error) => {
                self.report.find(Step::Checkpoint, None, format!("the checkpoint is not this log's: {error}"));
                return;
            }
        };
        let size = self.chain.size;
        self.report.checkpoint = Some(checkpoint.clone());
        if checkpoint.size() > size {
            let what =
                format!("the checkpoint is signed for {} entries, the log has {size}: entries are missing at the end", checkpoint.size());
            self.report.find(Step::Checkpoint, None, what);
        } else if self.signed_root != Some(*checkpoint.root()) {
            let what = format!(
                "the checkpoint's root is {}, the entries make {}: an entry differs from what was signed",
                checkpoint.root(),
                self.signed_root.map_or_else(|| "none".to_owned(), |root| root.to_string()),
            );
            self.report.find(Step::Checkpoint, None, what);
        } else {
            self.report.unsigned = size - checkpoint.size();
            self.report.done(Step::Checkpoint);
        }
    }

    fn compare_views(&mut self, stored: &[(ViewName, Blake3Hash)]) {
        for (view, digest) in stored {
            let fresh = self.report.views.iter().find(|(name, _)| name == view).map(|(_, digest)| *digest);
            if fresh != Some(*digest) {
                let what = format!(
                    "the stored view {view} has the digest {digest}, a fresh fold has {}; `aidledger rebuild` makes it again",
                    fresh.unwrap_or(Blake3Hash::ZERO)
                );
                self.report.find(Step::Views, None, what);
            }
        }
        self.report.done(Step::Views);
    }
}
