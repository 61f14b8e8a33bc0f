//! One ledger of aid.

pub mod crypto;
