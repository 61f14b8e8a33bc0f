//! Flags about who met whom: one-key, only-one-visitor, claimed-only.

use std::collections::{BTreeMap, BTreeSet};

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

/// So many deliveries to one household before it can be asked why nobody else ever came: two may be chance.
pub const VISITS: usize = 3;
/// So many such households of one key are a round of its own.
pub const ONE_VISITOR_HOUSEHOLDS: usize = 3;

/// Would anybody else find these households?
///
/// *Rule*: [`ONE_VISITOR_HOUSEHOLDS`] or more households or persons with [`VISITS`] or more standing deliveries each, all by one key, where no other key
/// failed to deliver there or confirmed, and the recipient's code was never shown; and only where the organization delivers with two keys or more, so that
/// another could have come. *Base rate*: such households of all with so many deliveries. *Wrongly accused*: the volunteer of a remote street.
pub fn about_only_one_visitor() -> About {
    About {
        question: "Nobody but this key was ever at these households, and no code was shown. Can a second person visit them?",
        rule: format!(
            "{ONE_VISITOR_HOUSEHOLDS} or more households or persons with {VISITS} or more standing deliveries, all by one key, without a code, a \
             confirmation or an attempt by another key, in an organization with two delivering keys or more"
        ),
        honest: "a volunteer has a fixed round (other); one device is used by several people (shared-device)",
    }
}

pub(super) fn only_one_visitor(case: &Case) -> FlagReport {
    #[derive(Default)]
    struct Met {
        keys: BTreeSet<KeyIx>,
        deliveries: Vec<u32>,
        code: bool,
    }
    let mut met: BTreeMap<RecipientIx, Met> = BTreeMap::new();
    let mut crews: BTreeMap<OrganizationIx, BTreeSet<KeyIx>> = BTreeMap::new();
    for (place, delivery, made) in case.deliveries() {
        crews.entry(made.organization).or_default().insert(made.signer);
        let met = met.entry(recipient_of(case, delivery)).or_default();
        met.keys.insert(made.signer);
        met.keys.extend(case.state.confirmations.get(&place).into_iter().flatten());
        met.deliveries.push(delivery.entry);
        met.code |= delivery.acknowledged;
    }
    for made in case.state.made.iter().filter(|made| made.kind == Kind::DeliveryFailed && !made.reversed) {
        if let Some(met) = met.get_mut(&case.state.assignments[made.place as usize].recipient) {
            met.keys.insert(made.signer);
        }
    }
    let (mut found, mut all, mut count, mut keys): (BTreeMap<KeyIx, (usize, Vec<u32>)>, _, _, _) = (BTreeMap::new(), 0, 0, BTreeSet::new());
    for (recipient, met) in &met {
        if !in_private(case, *recipient) || met.deliveries.len() < VISITS {
            continue;
        }
        all += 1;
        keys.extend(met.keys.iter().copied());
        let key = *met.keys.first().expect("a delivery has a signer");
        let alone = crews.get(&case.state.key_at(key).organization).is_none_or(|crew| crew.len() < 2);
        if met.keys.len() == 1 && !met.code && !alone {
            count += 1;
            let (households, events) = found.entry(key).or_default();
            *households += 1;
            events.extend_from_slice(&met.deliveries);
        }
    }
    let flagged = found.into_iter().filter(|(_, (households, _))| *households >= ONE_VISITOR_HOUSEHOLDS);
    let instances = flagged.map(|(key, (households, events))| {
        let measure = format!("{households} households with {} deliveries were met by this key alone", events.len());
        let figures = [("households", households as u64), ("deliveries", events.len() as u64)];
        Instance::new(case.organization_of_key(key), case.key(key), events, measure).figures(&figures)
    });
    let base_rate = Share { count, of: all, what: "households with three deliveries or more were met by one key alone, without a code" };
    FlagReport::new(Flag::OnlyOneVisitor, base_rate, (keys.len() as u64, "keys that met such households"), instances.collect())
}

/// So many deliveries to people before an organization's share says anything.
pub const CLAIMED_FROM: u64 = 30;
/// An organization is asked if its claimed-only share is so many times that of all others together.
pub const CLAIMED_TIMES: u64 = 2;
/// And at least so many thousandths: twice a little is a little.
pub const CLAIMED_PERMILLE: u64 = 500;

/// Why is there so often nobody's word but the deliverer's?
///
/// *Rule*: of an organization's standing deliveries to households and persons ([`CLAIMED_FROM`] or more), half or more are claimed only: no code of the
/// recipient's, no confirmation by a second key; and the share is [`CLAIMED_TIMES`] times that of all other organizations' together or more. *Base rate*:
/// claimed-only deliveries of all to people. *Wrongly accused*: organizations that never printed slips, in a ledger where others do.
pub fn about_claimed_only() -> About {
    About {
        question: "Most of these deliveries have neither the recipient's code nor a second key's word. What else is there to show?",
        rule: format!(
            "of {CLAIMED_FROM} or more standing deliveries of an organization to households and persons, {} or more have neither a code nor a confirmation, \
             and that share is {CLAIMED_TIMES} times that of all others or more",
            percent(CLAIMED_PERMILLE, 1000)
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
    let could = found.values().filter(|(all, _)| *all >= CLAIMED_FROM).count() as u64;
    let flagged = found.into_iter().filter(|(_, (all, claimed))| {
        let own = claimed.len() as u64;
        let (others, others_claimed) = (total - all, count - own);
        // own/all >= times * others_claimed/others, without dividing.
        *all >= CLAIMED_FROM && own * 1000 >= all * CLAIMED_PERMILLE && own * others >= CLAIMED_TIMES * others_claimed * all && others > 0
    });
    let instances = flagged.map(|(organization, (all, claimed))| {
        let code = case.organization(organization);
        let own = claimed.len() as u64;
        let (others, others_claimed) = (total - all, count - own);
        let measure = format!(
            "{own} of {all} deliveries to people ({}) are claimed only; of all others {}",
            percent(own, all),
            percent(others_claimed, others)
        );
        let figures = [("claimed_only", own), ("deliveries", all), ("others_claimed_only", others_claimed), ("others", others)];
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
