//! The transparency log: what makes a rewritten or forked ledger show.
//!
//! An **entry** is a signed event with its place, the time it was recorded and the hash of the entry before.
//! The entries are the leaves of an RFC 6962 Merkle tree over SHA-256. A **checkpoint** is the log's signed statement of the
//! tree's **size** and **root**; an **inclusion proof** ties one entry to a root, a **consistency proof** ties a root to
//! an older one. **Tiles** are the tree's hashes cut into files that never change. A **witness** cosigns checkpoints that it found
//! consistent; a **policy** says which logs and how many witnesses to believe; a **proof** file carries all that one reader
//! needs offline.
//!
//! Bytes are those of the C2SP specifications (tlog-tiles, tlog-checkpoint, tlog-cosignature, tlog-proof, tlog-policy), so that
//! witnesses, mirrors and verifiers made by others work unchanged.
//!
//! This layer knows no files, no network and no clock. Where it needs hashes or tiles it first works out which ones, has them read in
//! one go through a trait, and folds.

pub mod checkpoint;
pub mod entry;
pub mod evidence;
pub mod policy;
pub mod proof;
pub mod prove;
pub mod tile;
pub mod tile_tree;
pub mod tree;
