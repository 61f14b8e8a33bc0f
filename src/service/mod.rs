//! The ledger at work: the pure layers below, tied to a disk (spec sections 8 and 13).
//!
//! * [`ledger`]: [`Ledger`], the one writer: submissions in, receipts or rejections out.
//! * [`reader`]: [`Reader`], what can be known without writing, beside a writer or alone.
//! * [`pipeline`]: entries decoded on all cores, taken in order.
//! * [`recovery`]: how both start: snapshot, tail, tiles, checkpoint.
//! * [`snapshot`]: the rules' memory on disk, so that a start need not fold the whole log.
//! * [`tiles`]: the tree's tiles, from their files or from the log.
//! * [`audit`]: verification from nothing but the bytes.
//! * [`html`]: text made safe for pages.
//! * [`statement`]: a volunteer's service, provable offline.
//! * [`simulate`]: a reproducible ledger of any size. [`campaign`]: one with a story, for `aidledger demo`.
//!
//! Decisions are made below, in pure code; here is when to read, write and sync. The current time is an argument everywhere.

pub mod audit;
pub mod campaign;
pub mod html;
pub mod ledger;
mod paths;
pub mod pipeline;
pub mod reader;
pub mod recovery;
pub mod simulate;
pub mod snapshot;
pub mod statement;
pub mod tiles;

pub use ledger::{Answer, Ledger, Receipt};
pub use reader::Reader;
pub use recovery::{Notice, OpenError};
