//! One ledger of aid.
