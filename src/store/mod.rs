//! Where the ledger's bytes live: the only layer below the formats that touches a disk.
//!
//! ```text
//! my-ledger/
//!   log/00000000.jsonl   segments of 65,536 entries, one entry per line          truth
//!   checkpoint           latest signed checkpoint, replaced atomically           truth
//!   tiles/…              Merkle hashes, written once                             derivable
//!   views/…              projections                                             derivable
//!   lock                 held by the one writing process
//! ```
//!
//! The parts, lowest first:
//!
//! | part | what it is |
//! | --- | --- |
//! | [`disk`] | [`Disk`], the seam: a dozen operations on files, and [`FolderDisk`], which does them in a real folder |
//! | [`sim`] | [`SimDisk`], the same operations in memory, with power cuts, failing syncs and full disks on demand |
//! | [`damage`] | what can be wrong with a log file, always with file, line and byte |
//! | [`chunks`] | reading lines fast and with bounded memory |
//! | [`reader`] | [`SegmentReader`]: acknowledged entries by index, for any number of threads |
//! | [`segments`] | [`SegmentLog`], the one writer |
//! | [`head`] | the `checkpoint` file, and what to think of it at start |
//! | [`index`] | the stored views, in sled |
//! | [`lock`] | one writer at a time |
//!
//! Invariants:
//!
//! 1. **The commit point** of a batch is the return of its last sync. Nothing is acknowledged before it, and nothing is
//!    signed before it, so no receipt and no checkpoint can outlive the entries it speaks of.
//! 2. Synced bytes of the log are never rewritten. The only bytes ever cut off are those after the last newline of the
//!    last segment: they were never acknowledged.
//! 3. After any failed write or sync the writer refuses to go on. A second sync that succeeds proves nothing: the kernel
//!    may have dropped the pages that it could not write.
//!
//! Nothing here knows what an entry means; entries are lines of bytes.

pub mod chunks;
pub mod damage;
pub mod disk;
pub mod head;
pub mod index;
pub mod lock;
pub mod reader;
pub mod segments;
pub mod sim;

pub use chunks::{Chunk, Chunks, audit_chunks};
pub use damage::{Damage, Fault, StoreError};
pub use disk::{Disk, DiskError, FolderDisk};
pub use index::Index;
pub use lock::WriterLock;
pub use reader::SegmentReader;
pub use segments::{Recovery, SegmentLog, Trimmed};
pub use sim::{Fate, SimDisk};
