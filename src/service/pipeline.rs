//! Work on chunks of entries on all cores, with the results taken in log order.
//!
//! ```text
//! chunks ──> pool: work(chunk) ──> take(result), in the order of the chunks, on the caller's thread
//! ```
//!
//! A few chunks are under way at a time, so memory does not grow with the log; and the caller never overtakes an unfinished one, so whatever
//! it decides it decides in the order of the log.

use std::collections::VecDeque;
use std::sync::mpsc;

use crate::canonical::Fault;
use crate::log::entry::{DecodedEntry, Entry};
use crate::log::tree::{TreeHash, leaf_hash};
use crate::store::Chunk;

/// Chunks under way for each thread of the pool: one being worked on, one waiting to be taken.
const AHEAD: usize = 2;

/// Works on chunks in the pool and hands the results to `take` in order, until it says stop (false) or there are no more.
///
/// # Errors
/// The first error that the chunks gave, after the results before it were taken.
pub fn in_order<P: Send, E: Send>(
    mut chunks: impl Iterator<Item = Result<Chunk, E>>,
    work: impl Fn(Chunk) -> P + Send + Sync,
    mut take: impl FnMut(P) -> bool,
) -> Result<(), E> {
    if rayon::current_thread_index().is_some() {
        // On a thread of the pool itself, waiting for the pool could wait for ever.
        for chunk in chunks {
            if !take(work(chunk?)) {
                break;
            }
        }
        return Ok(());
    }
    let under_way = AHEAD * rayon::current_num_threads();
    let work = &work;
    let mut waiting: VecDeque<mpsc::Receiver<P>> = VecDeque::new();
    let mut ended = None;
    rayon::in_place_scope(|scope| {
        loop {
            while ended.is_none() && waiting.len() < under_way {
                match chunks.next() {
                    None => ended = Some(Ok(())),
                    Some(Err(error)) => ended = Some(Err(error)),
                    Some(Ok(chunk)) => {
                        let (sender, receiver) = mpsc::sync_channel(1);
                        scope.spawn(move |_| {
                            // Nobody waits any more once `take` said stop; the work was then for nothing.
                            let _ = sender.send(work(chunk));
                        });
                        waiting.push_back(receiver);
                    }
                }
            }
            let Some(next) = waiting.pop_front() else { break };
            let result = next.recv().expect("a worker sends its result before it ends");
            if !take(result) {
                return Ok(());
            }
        }
        ended.take().unwrap_or(Ok(()))
    })
}

/// An entry as read, with its leaf hash.
#[derive(Debug)]
pub struct Checked {
    /// What its bytes say.
    pub decoded: DecodedEntry,
    /// Its hash as a leaf of the tree.
    pub leaf: TreeHash,
}

/// Reads every entry of a chunk.
pub fn decode_chunk(chunk: &Chunk) -> Vec<Result<Checked, Fault>> {
    chunk.entries().map(|bytes| Entry::decode(bytes).map(|decoded| Checked { decoded, leaf: leaf_hash(bytes) })).collect()
}
