//! One ledger of aid.

pub mod cli;
pub mod crypto;
