//! Postings: what an accepted event moves, as double entry (spec section 10.3).
//!
//! ```text
//! donation.received      donor          -> on hand
//! donation.returned      on hand        -> returned
//! purchase.made          on hand        -> spent              the money
//!                        supplier       -> on hand            the goods
//! transfer.sent          on hand        -> in transit
//! transfer.accepted      in transit     -> transferred out    the sender's lots, what arrived
//!                        in transit     -> lost               the sender's lots, what did not
//!                        transferred in -> on hand            the new lots
//! expense.paid           on hand        -> spent
//! loss.recorded          on hand        -> lost
//! assignment.made        on hand        -> assigned
//! assignment.cancelled   assigned       -> on hand
//! delivery.made          assigned       -> delivered
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
    /// Outside, with who sold it: falls below zero by what was bought.
    Supplier,
    /// Falls below zero by what came from other organizations' lots; together with [`Account::TransferredOut`] it is nothing.
    TransferredIn,
    /// With the organization, free.
    OnHand,
    /// On its way to another organization.
    InTransit,
    /// Set aside for a recipient.
    Assigned,
    /// With the recipient.
    Delivered,
    /// Paid away.
    Spent,
    /// Gone.
    Lost,
    /// With the donor again.
    Returned,
    /// Held as lots of other organizations.
    TransferredOut,
}

impl Account {
    /// Every account.
    pub const ALL: [Account; 11] = [
        Account::Donor,
        Account::Supplier,
        Account::TransferredIn,
        Account::OnHand,
        Account::InTransit,
        Account::Assigned,
        Account::Delivered,
        Account::Spent,
        Account::Lost,
        Account::Returned,
        Account::TransferredOut,
    ];
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
