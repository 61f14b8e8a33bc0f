//! Postings: what an accepted event moves, as double entry (spec section 10.3).
//!
//! ```text
//! donation.received      donor    -> on hand
//! assignment.made        on hand  -> assigned
//! assignment.cancelled   assigned -> on hand
//! delivery.made          assigned -> delivered
//! event.reversed         the postings of the event, each turned around
//! ```
//!
//! A posting takes from one account and puts the same into another, so per lot and item all accounts sum to zero at every prefix
//! of the log. Money and goods are different items and are never netted. Every balance is a fold over postings.

use crate::rules::state::{ItemIx, LotIx};

/// Where a quantity can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// Outside, with who gave it: falls below zero by what was given.
    Donor,
    /// With the organization, free.
    OnHand,
    /// Set aside for a recipient.
    Assigned,
    /// With the recipient.
    Delivered,
}

impl Account {
    /// Every account.
    pub const ALL: [Account; 4] = [Account::Donor, Account::OnHand, Account::Assigned, Account::Delivered];
}

/// A movement of part of a lot from one account to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// What it is part of.
    pub lot: LotIx,
    /// The lot's item.
    pub item: ItemIx,
    /// How much, in minor units.
    pub quantity: u64,
    /// Where it was.
    pub source: Account,
    /// Where it is now.
    pub target: Account,
}

impl Posting {
    /// The posting that undoes this one.
    pub fn turned(self) -> Posting {
        Posting { source: self.target, target: self.source, ..self }
    }
}
