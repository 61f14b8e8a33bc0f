//! One ledger of aid.
pub mod canonical;
pub mod cli;
pub mod crypto;
pub mod event;
pub mod import;
pub mod log;
pub mod rules;
pub mod service;
pub mod store;
pub mod views;
