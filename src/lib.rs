//! One ledger of aid.
pub mod canonical;
pub mod crypto;
pub mod event;
