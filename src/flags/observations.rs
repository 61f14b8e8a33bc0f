//! What is remembered of a log for the flags, beyond what the rules remember: when things were said to have happened, evidence, sizes of
//! households, prices, carriers, counts, what
//! the books said at a count, how near an amount was to a band of the policy in force, and answers.

use std::collections::BTreeMap;

use crate::crypto::Blake3Hash;
use crate::event::kinds::{AnswerReason, Body, DisputeAnswer, Kind};
use crate::event::{Code, Date, Time};
use crate::rules::state::{ItemIx, OrganizationIx};
use crate::rules::{Accepted, Account, Change, State};

/// The two times of an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    /// When it happened, by the author's word.
    pub time: Time,
    /// When the log took it in.
    pub recorded: Time,
}

/// A line of a bill.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bought {
    pub entry: u32,
    pub item: ItemIx,
    pub currency: ItemIx,
    pub quantity: u64,
    pub cost: u64,
}

/// An expense.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paid {
    pub entry: u32,
    pub currency: ItemIx,
    pub minor: u128,
    /// Whether it is for no programme.
    pub overhead: bool,
}

/// A counted item, with what the books said then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count {
    pub entry: u32,
    pub item: ItemIx,
    pub counted: u64,
    /// What was on hand.
    pub on_hand: u64,
    /// What was set aside.
    pub set_aside: u64,
}

/// An amount of an item for which the policy has bands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Banded {
    pub entry: u32,
    pub item: ItemIx,
    pub minor: u128,
    /// Where the next band begins, if there is one above.
    pub next: Option<u64>,
    /// Where the band begins in which it is, if it is in one.
    pub own: Option<u64>,
}

/// An answer to a flag.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answered {
    pub entry: u32,
    pub flag: Code,
    /// The entry that it is about.
    pub event: u32,
    pub answer: DisputeAnswer,
    pub reason: AnswerReason,
}

/// What the flags remember. Give it every accepted event of a log, in order, then [`finish`](Observations::finish).
#[derive(Debug, Default)]
pub struct Observations {
    pub(super) stamps: Vec<Stamp>,
    pub(super) evidence: Vec<(Blake3Hash, u32)>,
    pub(super) bought: Vec<Bought>,
    pub(super) paid: Vec<Paid>,
    /// By the entry of the transfer.
    pub(super) carriers: BTreeMap<u32, Code>,
    pub(super) counts: Vec<Count>,
    pub(super) banded: Vec<Banded>,
    /// How many people, by the entry of the enrolment.
    sizes: BTreeMap<u32, u64>,
    answered: Vec<Answered>,
    /// What an organization has by the books: on hand, and set aside.
    held: BTreeMap<(OrganizationIx, ItemIx), [u64; 2]>,
}

impl Observations {
    /// Takes in one accepted event. `state` is the state after it, `recorded` when the log took it in.
    pub fn take(&mut self, accepted: &Accepted<'_>, state: &State, recorded: Time) {
        let entry = accepted.index;
        assert_eq!(self.stamps.len(), entry as usize, "every event is taken, from entry 0 on");
        self.stamps.push(Stamp { time: accepted.event.time, recorded });
        self.evidence.extend(evidence_of(&accepted.event.body).map(|evidence| (*evidence, entry)));
        self.take_bands(accepted, state);
        match (&accepted.event.body, &accepted.change) {
            (Body::PurchaseMade(body), Change::PurchaseMade { draws, lots, .. }) => {
                let currency = state.lots[draws[0].0.at()].item;
                for (&(item, quantity), line) in lots.iter().zip(&body.lots) {
                    self.bought.push(Bought { entry, item, currency, quantity, cost: line.cost.minor });
                }
            }
            (Body::ExpensePaid(body), Change::Moved { draws, .. }) => {
                let currency = state.lots[draws[0].0.at()].item;
                let minor = draws.iter().map(|(_, quantity)| u128::from(*quantity)).sum();
                self.paid.push(Paid { entry, currency, minor, overhead: body.programme.is_none() });
            }
            (Body::RecipientEnrolled(body), _) => self.sizes.extend(body.size.map(|size| (entry, size))),
            (Body::TransferSent(body), _) => self.carriers.extend(body.carrier.map(|carrier| (entry, carrier))),
            (Body::StockCounted(body), Change::Noted { items }) => {
                for (&item, line) in items.iter().zip(&body.counts) {
                    let [on_hand, set_aside] = self.held.get(&(accepted.organization, item)).copied().unwrap_or_default();
                    self.counts.push(Count { entry, item, counted: line.quantity.minor, on_hand, set_aside });
                }
            }
            (Body::DisputeAnswered(body), _) => {
                if let (Some(flag), Some(event)) = (body.flag, state.ids.find(&body.event)) {
                    self.answered.push(Answered { entry, flag, event, answer: body.answer, reason: body.reason });
                }
            }
            _ => {}
        }
        for posting in &accepted.postings {
            let place = |account| match account {
                Account::OnHand => Some(0),
                Account::Assigned => Some(1),
                _ => None,
            };
            let organization = state.lots[posting.lot.at()].organization;
            let held = self.held.entry((organization, posting.item)).or_default();
            if let Some(place) = place(posting.source) {
                held[place] = held[place].saturating_sub(posting.quantity);
            }
            if let Some(place) = place(posting.target) {
                held[place] = held[place].saturating_add(posting.quantity);
            }
        }
    }

    /// The amounts that approvals are asked for by, beside the bands of the policies in force.
    fn take_bands(&mut self, accepted: &Accepted<'_>, state: &State) {
        let banded = matches!(
            accepted.event.kind(),
            Kind::AssignmentMade
                | Kind::PurchaseMade
                | Kind::TransferSent
                | Kind::TransferAccepted
                | Kind::ExpensePaid
                | Kind::DonationReturned
                | Kind::LossRecorded
        );
        // Of an acceptance rule 608 measures what did not arrive; of all others what leaves the shelf.
        let measured = |source, target| match accepted.event.kind() {
            Kind::TransferAccepted => target == Account::Lost,
            _ => source == Account::OnHand,
        };
        let policies = || state.policies.of(accepted.organization);
        if !banded || policies().all(|policy| policy.bands.is_empty()) {
            return;
        }
        let mut sums: BTreeMap<ItemIx, u128> = BTreeMap::new();
        for posting in accepted.postings.iter().filter(|posting| measured(posting.source, posting.target)) {
            *sums.entry(posting.item).or_default() += u128::from(posting.quantity);
        }
        for (item, minor) in sums {
            let froms = || policies().flat_map(|policy| &policy.bands).filter(|band| band.0 == item).map(|band| band.1);
            let next = froms().filter(|from| u128::from(*from) > minor).min();
            let own = froms().filter(|from| u128::from(*from) <= minor).max();
            if next.is_some() || own.is_some() {
                self.banded.push(Banded { entry: accepted.index, item, minor, next, own });
            }
        }
    }

    /// When an entry's event happened, by its author's word.
    pub fn time_of(&self, entry: u32) -> Option<Time> {
        self.stamps.get(entry as usize).map(|stamp| stamp.time)
    }

    pub(super) fn size_of(&self, enrolment: u32) -> Option<u64> {
        self.sizes.get(&enrolment).copied()
    }

    pub(super) fn answers(&self) -> &[Answered] {
        &self.answered
    }

    /// The day on which the last entry was recorded; the first day there is, of an empty log.
    pub fn as_of(&self) -> Date {
        self.stamps.last().map_or(Date(0), |stamp| stamp.recorded.date())
    }
}

/// The commitment to evidence that an event carries.
pub fn evidence_of(body: &Body) -> Option<&Blake3Hash> {
    match body {
        Body::PurchaseMade(body) => body.evidence.as_ref(),
        Body::TransferAccepted(body) => body.evidence.as_ref(),
        Body::ExpensePaid(body) => body.evidence.as_ref(),
        Body::LossRecorded(body) => body.evidence.as_ref(),
        Body::StockCounted(body) => body.evidence.as_ref(),
        Body::DeliveryMade(body) => body.evidence.as_ref(),
        Body::DeliveryConfirmed(body) => body.evidence.as_ref(),
        Body::DisputeAnswered(body) => body.evidence.as_ref(),
        _ => None,
    }
}
