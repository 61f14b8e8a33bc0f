//! Flags about who met whom: one-key, only-one-visitor, claimed-only.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::Date;
use crate::event::kinds::{Kind, RecipientType};
use crate::flags::Flag;
use crate::flags::report::{About, Case, FlagReport, Instance, Share, percent};
use crate::rules::state::{Delivery, KeyIx, OrganizationIx, RecipientIx};

/// So many deliveries in which one key did everything: fewer are a day on which a colleague was ill.
pub const ONE_KEY_DELIVERIES: usize = 5;

/// Is there anybody behind these recipients but the key that made them?
///
/// *Rule*: [`ONE_KEY_DELIVERIES`] or more standing deliveries whose recipient was enrolled, whose assignment was made, and which were delivered, by one key.
/// *Base rate*: such deliveries of all. *Wrongly accused*: a movement of one person, or one shared tablet (`shared-device`); importers, whose key signs all.
pub fn about_one_key() -> About {
    About {
        question: "One key enrolled these recipients, assigned to them and delivered. Who else knows that they exist?",
        rule: format!(
            "{ONE_KEY_DELIVERIES} or more standing deliveries of one key that also enrolled the recipient and made the assignment"
        ),
        honest: "a very small organization, or one device used by several people (shared-device)",
    }
}

pub(super) fn one_key(case: &Case) -> FlagReport {
    let mut found: BTreeMap<KeyIx, (Vec<u32>, BTreeSet<RecipientIx>)> = BTreeMap::new();
    let (mut keys, mut all, mut count) = (BTreeSet::new(), 0, 0);
    for (_, delivery, made) in case.deliveries() {
        let assignment = &case.state.assignments[delivery.assignment.at()];
        let recipient = &case.state.recipients[assignment.recipient.at()];
        keys.insert(made.signer);
        all += 1;
        if case.made(assignment.entry).signer == made.signer && case.made(recipient.entry).signer == made.signer {
            count += 1;
            let (events, recipients) = found.entry(made.signer).or_default();
            events.push(delivery.entry);
            recipients.insert(assignment.recipient);
        }
    }
    let instances = found.into_iter().filter(|(_, (events, _))| events.len() >= ONE_KEY_DELIVERIES).map(|(key, (events, recipients))| {
        let measure = format!("{} deliveries to {} recipients, all three steps by this key", events.len(), recipients.len());
        let figures = [("deliveries", events.len() as u64), ("recipients", recipients.len() as u64)];
        Instance::new(case.organization_of_key(key), case.key(key), events, measure).figures(&figures)
    });
    let base_rate = Share { count, of: all, what: "deliveries have one key for enrolment, assignment and delivery" };
    FlagReport::new(Flag::OneKey, base_rate, (keys.len() as u64, "keys that deliver"), instances.collect())
}

/// So many days on which a household was visited before it can be asked why nobody else ever came: one is no habit.
pub const VISIT_DAYS: usize = 2;
/// So many such households of one key are a round of its own.
pub const ONE_VISITOR_HOUSEHOLDS: usize = 5;

/// Would anybody else find these households?
///
/// *Rule*: [`ONE_VISITOR_HOUSEHOLDS`] or more households or persons that one key enrolled, to which it alone delivered, on [`VISIT_DAYS`] or more days (of
/// `time`), and where no other key failed to deliver or confirmed; and only where the organization delivers with two keys or more, so that another could have
/// come. A code that was shown does not help: who enrols a household that is not there holds its slip. *Base rate*: such households of all visited on so many
/// days. *Wrongly accused*: the volunteer of a remote street, who writes down whom they find.
pub fn about_only_one_visitor() -> About {
    About {
        question: "Nobody but this key ever saw these households: it enrolled them and made every visit. Can a second person visit them?",
        rule: format!(
            "{ONE_VISITOR_HOUSEHOLDS} or more households or persons enrolled by one key and delivered to by it alone on {VISIT_DAYS} or more days, without a \
             confirmation or an attempt by another key, in an organization with two delivering keys or more"
        ),
        honest: "a volunteer has a fixed round (other); one device is used by several people (shared-device)",
    }
}

pub(super) fn only_one_visitor(case: &Case) -> FlagReport {
    #[derive(Default)]
    struct Met {
        keys: BTreeSet<KeyIx>,
        days: BTreeSet<Date>,
        deliveries: Vec<u32>,
    }
    let mut met: BTreeMap<RecipientIx, Met> = BTreeMap::new();
    let mut crews: BTreeMap<OrganizationIx, BTreeSet<KeyIx>> = BTreeMap::new();
    for (place, delivery, made) in case.deliveries() {
        crews.entry(made.organization).or_default().insert(made.signer);
        let met = met.entry(recipient_of(case, delivery)).or_default();
        met.keys.insert(made.signer);
        met.keys.extend(case.state.confirmations.get(&place).into_iter().flatten());
        met.days.insert(case.seen.stamps[delivery.entry as usize].time.date());
        met.deliveries.push(delivery.entry);
    }
    for made in case.state.made.iter().filter(|made| made.kind == Kind::DeliveryFailed && !made.reversed) {
        if let Some(met) = met.get_mut(&case.state.assignments[made.place as usize].recipient) {
            met.keys.insert(made.signer);
        }
    }
    let (mut found, mut all, mut count, mut keys): (BTreeMap<KeyIx, (usize, Vec<u32>)>, _, _, _) = (BTreeMap::new(), 0, 0, BTreeSet::new());
    for (recipient, mut met) in met {
        if !in_private(case, recipient) || met.days.len() < VISIT_DAYS {
            continue;
        }
        all += 1;
        keys.extend(met.keys.iter().copied());
        met.keys.insert(case.made(case.state.recipients[recipient.at()].entry).signer);
        let key = *met.keys.first().expect("an enrolment has a signer");
        let alone = crews.get(&case.state.key_at(key).organization).is_none_or(|crew| crew.len() < 2);
        if met.keys.len() == 1 && !alone {
            count += 1;
            let (households, events) = found.entry(key).or_default();
            *households += 1;
            events.extend_from_slice(&met.deliveries);
        }
    }
    let flagged = found.into_iter().filter(|(_, (households, _))| *households >= ONE_VISITOR_HOUSEHOLDS);
    let instances = flagged.map(|(key, (households, events))| {
        let measure = format!("{households} households with {} deliveries were seen by this key alone", events.len());
        let figures = [("households", households as u64), ("deliveries", events.len() as u64)];
        Instance::new(case.organization_of_key(key), case.key(key), events, measure).figures(&figures)
    });
    let base_rate = Share { count, of: all, what: "households visited on two days or more were seen by one key alone" };
    FlagReport::new(Flag::OnlyOneVisitor, base_rate, (keys.len() as u64, "keys that met such households"), instances.collect())
}

/// So many deliveries to people before an organization's share says anything: at a quarter of all, none of thirty is a chance of one in five thousand.
pub const VOUCHED_FROM: u64 = 30;
/// An organization is asked if somebody else vouches for its deliveries at most one in so many times as often as for all others'.
pub const VOUCHED_TIMES: u64 = 4;

/// Why is there hardly ever anybody's word but the deliverer's?
///
/// A delivery is vouched for if the recipient's code was shown or a second key confirmed it; else it is claimed only. (Evidence is a claim too, until it is
/// opened.) *Rule*: of an organization's standing deliveries to households and persons ([`VOUCHED_FROM`] or more) the share vouched for is a quarter or less of
/// that of all other organizations' together. *Base rate*: claimed-only deliveries of all to people. *Wrongly accused*: organizations that never printed slips,
/// in a ledger where others do.
pub fn about_claimed_only() -> About {
    About {
        question: "These deliveries have neither the recipient's code nor a second key's word, far less than others' do. What else is there to show?",
        rule: format!(
            "of {VOUCHED_FROM} or more standing deliveries of an organization to households and persons, the share with a code or a confirmation is 1/\
             {VOUCHED_TIMES} of that of all others or less"
        ),
        honest: "slips are not printed there, or people cannot keep them (other)",
    }
}

pub(super) fn claimed_only(case: &Case) -> FlagReport {
    let mut found: BTreeMap<OrganizationIx, (u64, Vec<u32>)> = BTreeMap::new();
    for (place, delivery, made) in case.deliveries().filter(|(_, delivery, _)| in_private(case, recipient_of(case, delivery))) {
        let (all, claimed) = found.entry(made.organization).or_default();
        *all += 1;
        if !delivery.acknowledged && !case.state.confirmations.contains_key(&place) {
            claimed.push(delivery.entry);
        }
    }
    let total: u64 = found.values().map(|(all, _)| all).sum();
    let count: u64 = found.values().map(|(_, claimed)| claimed.len() as u64).sum();
    let could = found.values().filter(|(all, _)| *all >= VOUCHED_FROM).count() as u64;
    let flagged = found.into_iter().filter_map(|(organization, (all, claimed))| {
        let vouched = all - claimed.len() as u64;
        let (others, others_vouched) = (total - all, total - count - vouched);
        // vouched/all <= others_vouched/others / times, without dividing.
        let seldom = vouched * others * VOUCHED_TIMES <= others_vouched * all;
        (all >= VOUCHED_FROM && others_vouched > 0 && seldom).then_some((organization, all, claimed, vouched, others, others_vouched))
    });
    let instances = flagged.map(|(organization, all, claimed, vouched, others, others_vouched)| {
        let code = case.organization(organization);
        let (own_share, share) = (percent(vouched, all), percent(others_vouched, others));
        let measure = format!("somebody else vouches for {vouched} of {all} deliveries to people ({own_share}); for all others' {share}");
        let figures = [("vouched", vouched), ("deliveries", all), ("others_vouched", others_vouched), ("others", others)];
        let subject = crate::flags::Subject { kind: "organization", name: code.to_string() };
        Instance::new(code, subject, claimed, measure).figures(&figures)
    });
    let base_rate = Share { count, of: total, what: "deliveries to people are claimed only" };
    FlagReport::new(Flag::ClaimedOnly, base_rate, (could, "organizations with 30 such deliveries"), instances.collect())
}

fn recipient_of(case: &Case, delivery: &Delivery) -> RecipientIx {
    case.state.assignments[delivery.assignment.at()].recipient
}

/// Whether a recipient is not known to the public: nobody can go and ask.
fn in_private(case: &Case, recipient: RecipientIx) -> bool {
    matches!(case.state.recipients[recipient.at()].r#type, RecipientType::Household | RecipientType::Person)
}
