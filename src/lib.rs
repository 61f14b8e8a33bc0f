//! One ledger of aid.
#![forbid(unsafe_code)]

pub mod crypto;
pub mod log;
