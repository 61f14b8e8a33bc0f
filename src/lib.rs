//! One ledger of aid.

pub mod store;
