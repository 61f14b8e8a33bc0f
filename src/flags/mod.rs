//! Flags: what obeys every rule and is still worth a question.
//!
//! Rules say what is provable, and a rejection condemns. A flag never does: it names a pattern, the events that show it, how often the same pattern
//! shows in this ledger among all that could show it (its *base rate*), and what the organization answered. A person judges. So every flag *asks*, none
//! *proves*; where nearly everybody shows a pattern, it says something about the ledger and nothing about anybody in it.
//!
//! ```text
//! accepted events ──take──> Observations ──finish──> FlagReport for each flag: question, rule, base rate, instances with events and answers
//! ```
//!
//! The layer is pure: no clock (the day it speaks of is that on which the last entry was recorded), no files, no fractions in anything that decides, and nothing
//! follows from the order of a hash map. Two auditors print the same report. It stands on [`rules`](crate::rules) as the views do; only [`openings`] borrows
//! the formula of a commitment from [`vault`](crate::vault).
//!
//! * [`observations`]: what is remembered of the log beyond what the rules remember.
//! * [`report`]: the shape of the answer.
//! * [`times`]: backdating, burst, night-work. [`people`]: one-key, only-one-visitor, claimed-only. [`habits`]: identical-quantities, reversals,
//!   reused-evidence. [`money`]: below-threshold, price-outlier, overhead. [`stock`]: stock-differs, transit-loss, losses. [`gifts`]: idle-gift, pledge-unkept.
//!   [`needs`]: need-unserved, area-gap. [`digits`]: first-digits.
//! * [`sample`]: which deliveries an auditor looks at, by a seed that nobody can choose. [`openings`]: what the organization shows of them.
//!
//! An organization answers with `dispute.answered`, in which `flag` is the flag's word and `event` one of the events that the flag names.
//!
//! Each flag's page says its question, its exact rule with the reason for each threshold, what the base rate counts, whom it may accuse wrongly, and what an
//! honest answer is. Thresholds are for an auditor with limited time: they leave the odd single case alone and ask about habits.

pub mod digits;
pub mod gifts;
pub mod habits;
pub mod money;
pub mod needs;
pub mod observations;
pub mod openings;
pub mod people;
pub mod report;
pub mod sample;
pub mod stock;
pub mod times;

use crate::rules::State;
use crate::vocabulary;
pub use observations::Observations;
pub use report::{About, Answer, FlagReport, Instance, Share, Subject};

vocabulary! {
    /// What can be asked about. The word is what `dispute.answered` names.
    pub enum Flag("a flag") {
        /// Entered long after it happened, many at once.
        Backdating = "backdating",
        /// Many deliveries of one key within half an hour.
        Burst = "burst",
        /// Deliveries in hours in which nobody else delivers.
        NightWork = "night-work",
        /// One key enrols, assigns and delivers.
        OneKey = "one-key",
        /// Nobody but one key ever met these people.
        OnlyOneVisitor = "only-one-visitor",
        /// Amounts crowd just below what would need approval.
        BelowThreshold = "below-threshold",
        /// One piece of evidence serves several events.
        ReusedEvidence = "reused-evidence",
        /// A price far from what the same thing usually costs.
        PriceOutlier = "price-outlier",
        /// Everybody gets the same, whatever the size of the household.
        IdenticalQuantities = "identical-quantities",
        /// One carrier loses more than others.
        TransitLoss = "transit-loss",
        /// Much was written off, or money was.
        Losses = "losses",
        /// One key takes back more than others.
        Reversals = "reversals",
        /// A large gift that nobody touches.
        IdleGift = "idle-gift",
        /// More overhead than the declared cap.
        Overhead = "overhead",
        /// Needs of which nothing was ever served.
        NeedUnserved = "need-unserved",
        /// An area that gets far less of what it needs than the others.
        AreaGap = "area-gap",
        /// What was counted is not what the books say.
        StockDiffers = "stock-differs",
        /// Deliveries for which there is nobody's word but the deliverer's.
        ClaimedOnly = "claimed-only",
        /// A promised gift that was not received.
        PledgeUnkept = "pledge-unkept",
        /// First digits of expenses that are not spread as those of grown amounts are.
        FirstDigits = "first-digits",
    }
}

impl Flag {
    /// Whether it is asked unless somebody asks for it: first digits are not, since they accuse honest givers of round sums.
    pub const fn is_on_by_default(self) -> bool {
        !matches!(self, Flag::FirstDigits)
    }

    /// What it asks, by which rule, and what an honest answer may be.
    pub fn about(self) -> About {
        match self {
            Flag::Backdating => times::about_backdating(),
            Flag::Burst => times::about_burst(),
            Flag::NightWork => times::about_night_work(),
            Flag::OneKey => people::about_one_key(),
            Flag::OnlyOneVisitor => people::about_only_one_visitor(),
            Flag::BelowThreshold => money::about_below_threshold(),
            Flag::ReusedEvidence => habits::about_reused_evidence(),
            Flag::PriceOutlier => money::about_price_outlier(),
            Flag::IdenticalQuantities => habits::about_identical_quantities(),
            Flag::TransitLoss => stock::about_transit_loss(),
            Flag::Losses => stock::about_losses(),
            Flag::Reversals => habits::about_reversals(),
            Flag::IdleGift => gifts::about_idle_gift(),
            Flag::Overhead => money::about_overhead(),
            Flag::NeedUnserved => needs::about_need_unserved(),
            Flag::AreaGap => needs::about_area_gap(),
            Flag::StockDiffers => stock::about_stock_differs(),
            Flag::ClaimedOnly => people::about_claimed_only(),
            Flag::PledgeUnkept => gifts::about_pledge_unkept(),
            Flag::FirstDigits => digits::about(),
        }
    }
}

/// Which flags to look for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Also [`Flag::FirstDigits`].
    pub first_digits: bool,
}

impl Observations {
    /// Asks every question of what was taken. `state` is the state after the last event.
    pub fn finish(&self, state: &State, options: Options) -> Vec<FlagReport> {
        let case = report::Case { seen: self, state };
        let asked = Flag::ALL.iter().filter(|flag| flag.is_on_by_default() || options.first_digits);
        let reports = asked.map(|flag| {
            let mut report = match flag {
                Flag::Backdating => times::backdating(&case),
                Flag::Burst => times::burst(&case),
                Flag::NightWork => times::night_work(&case),
                Flag::OneKey => people::one_key(&case),
                Flag::OnlyOneVisitor => people::only_one_visitor(&case),
                Flag::BelowThreshold => money::below_threshold(&case),
                Flag::ReusedEvidence => habits::reused_evidence(&case),
                Flag::PriceOutlier => money::price_outlier(&case),
                Flag::IdenticalQuantities => habits::identical_quantities(&case),
                Flag::TransitLoss => stock::transit_loss(&case),
                Flag::Losses => stock::losses(&case),
                Flag::Reversals => habits::reversals(&case),
                Flag::IdleGift => gifts::idle_gift(&case),
                Flag::Overhead => money::overhead(&case),
                Flag::NeedUnserved => needs::need_unserved(&case),
                Flag::AreaGap => needs::area_gap(&case),
                Flag::StockDiffers => stock::stock_differs(&case),
                Flag::ClaimedOnly => people::claimed_only(&case),
                Flag::PledgeUnkept => gifts::pledge_unkept(&case),
                Flag::FirstDigits => digits::first_digits(&case),
            };
            report.settle(self.answers());
            report
        });
        reports.collect()
    }
}
