//! Import: the rows of a spreadsheet become signed events.
//!
//! ```text
//! FILE.csv --rows--> Row --convert--> Fact | Reject --plan--> signed events | Reject --run--> the ledger, in batches
//!              ^              ^                        ^
//!              form           FILE.toml (mapping)      rules::check on a copy of the ledger's state
//! ```
//!
//! * [`mapping`]: what a stranger's columns mean: a TOML file, explained there.
//! * [`rows`]: CSV into rows with numbers; a file that is not well formed is refused as a whole, before anything is written.
//! * [`values`]: amounts, days, names and codes as people write them.
//! * [`convert`]: one row into one [`convert::Fact`], or the reason why not.
//! * [`plan`]: facts into signed events: what is missing in the ledger (items, regions, …) first, then the row's own steps.
//! * [`report`]: rejects and the summary.
//! * [`run`]: the loop: read, plan, append, count.
//!
//! **Every row is accounted for**: rows read = taken + already there + rejected. A rejected row is listed with its number, column,
//! value and reason. Nothing is rounded, guessed or filled in.
//!
//! **Running twice appends nothing twice.** Each step of a row carries a reference:
//!
//! ```text
//! key       = BLAKE3 derive_key("aidledger 2026 import reference key v1", seed of the importer's key)
//! reference = BLAKE3 keyed(key; mapping name, kind, each cell, how-many-th such row in the file, step)     each with its length before it
//! ```
//!
//! so a step that is in the ledger is found there and not signed again; a run that was killed is completed by the next one, from the step
//! that is missing; and two honest rows that look alike are both taken. Three things follow. The mapping's `name` and the importer's
//! key must stay the same between runs. A row that was corrected in the file is another row: reverse the old event first. And an event that
//! was reversed has given its reference back: remove its row from the file, or the next run takes it again.
//!
//! **Who signs.** Rows of the importer's own organization are signed by the importer's key. Every other organization gets a device key of its own,
//! which the importer holds: BLAKE3 derive_key("aidledger 2026 import organization key v1", seed ‖ organization code). It is granted in the open.
//! An organization that has keys of somebody else is not signed for, unless the mapping says `sign_for_existing = true`.
//!
//! Row numbers are those of a spreadsheet: the header is row 1. Lines that are wholly blank do not count.

pub mod convert;
pub mod mapping;
pub mod plan;
pub mod report;
pub mod rows;
pub mod run;
pub mod values;
