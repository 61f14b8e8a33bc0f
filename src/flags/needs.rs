//! Flags about needs: need-unserved, area-gap.

use std::collections::BTreeMap;

use crate::event::Date;
use crate::flags::Flag;
use crate::flags::report::{About, Case, FlagReport, Instance, Share, Subject, percent};
use crate::rules::state::{Need, OrganizationIx, ProgrammeIx, RegionIx};

/// A need without a day is due so many days after it was recorded.
pub const NEED_DAYS: i32 = 30;
/// So many days after its day a need has waited too long.
pub const NEED_GRACE_DAYS: i32 = 14;
/// So many needs of one organization in a programme are not one family that moved.
pub const UNSERVED_NEEDS: usize = 5;
/// And so many times as frequent as elsewhere in the ledger.
pub const UNSERVED_TIMES: u64 = 2;

/// The standing needs that are due, of recipients who still wait.
fn due_needs<'a>(case: &'a Case<'a>) -> impl Iterator<Item = (&'a Need, ProgrammeIx, RegionIx)> {
    let as_of = case.as_of();
    let day = |need: &Need| {
        let recorded = case.seen.stamps[need.entry as usize].recorded.date();
        need.due.unwrap_or(Date(recorded.0.saturating_add(NEED_DAYS)))
    };
    let standing = case.state.needs.iter().filter(|need| !need.reversed);
    let due = standing.filter(move |need| as_of.0.saturating_sub(day(need).0) > NEED_GRACE_DAYS);
    let with = due.map(|need| (need, &case.state.recipients[need.recipient.at()]));
    with.filter(|(_, recipient)| !recipient.withdrawn && !recipient.reversed)
        .map(|(need, recipient)| (need, recipient.programme, recipient.region))
}

/// Why does nobody come to those whose need was written down?
///
/// *Rule*: [`UNSERVED_NEEDS`] or more standing needs that one organization recorded in one programme are more than [`NEED_GRACE_DAYS`] days past their day
/// ([`NEED_DAYS`] days after they were recorded, if they have none) with nothing served; and they are [`UNSERVED_TIMES`] times as frequent there as among all
/// other needs that are due. *Base rate*: needs never served of all that are due. *Wrongly accused*: whoever writes down honestly what it cannot serve. A ledger
/// in which nobody does so looks better and is worse.
pub fn about_need_unserved() -> About {
    About {
        question: "These needs were written down and nothing was ever brought. Who was to serve them, and do they still wait?",
        rule: format!(
            "{UNSERVED_NEEDS} or more standing needs of an organization and programme with nothing served more than {NEED_GRACE_DAYS} days after their day, \
             {UNSERVED_TIMES} times as frequent as among all others or more"
        ),
        honest: "there were no goods of the kind (other); it was brought by others and not entered here (corrected)",
    }
}

pub(super) fn need_unserved(case: &Case) -> FlagReport {
    let mut found: BTreeMap<(OrganizationIx, ProgrammeIx), (u64, Vec<u32>)> = BTreeMap::new();
    for (need, programme, _) in due_needs(case) {
        let (all, unserved) = found.entry((case.made(need.entry).organization, programme)).or_default();
        *all += 1;
        if need.lines.iter().all(|line| line.served == 0) {
            unserved.push(need.entry);
        }
    }
    let total: u64 = found.values().map(|(all, _)| all).sum();
    let count: u64 = found.values().map(|(_, unserved)| unserved.len() as u64).sum();
    let could = found.values().filter(|(all, _)| *all >= UNSERVED_NEEDS as u64).count() as u64;
    let flagged = found.into_iter().filter(|(_, (all, unserved))| {
        let own = unserved.len() as u64;
        unserved.len() >= UNSERVED_NEEDS && own * (total - all) >= UNSERVED_TIMES * (count - own) * all
    });
    let instances = flagged.map(|((organization, programme), (all, unserved))| {
        let own = unserved.len() as u64;
        let measure = format!(
            "{own} of {all} needs that are due ({}) were never served; of all others {}",
            percent(own, all),
            percent(count - own, total - all)
        );
        let subject = Subject { kind: "programme", name: case.state.programmes.code(programme.0).to_string() };
        let figures = [("unserved", own), ("due", all), ("others_unserved", count - own), ("others_due", total - all)];
        Instance::new(case.organization(organization), subject, unserved, measure).figures(&figures)
    });
    let base_rate = Share { count, of: total, what: "needs that are due were never served" };
    FlagReport::new(Flag::NeedUnserved, base_rate, (could, "organizations and programmes with five such needs"), instances.collect())
}

/// So many lines of needs that are due before an area's share says anything.
pub const AREA_LINES: u64 = 15;
/// An area is asked about if it gets at most so many thousandths of what the programme's other areas get.
pub const AREA_PERMILLE: u64 = 700;

/// Why does this area get so much less of what it needs?
///
/// *Rule*: of a programme's lines of needs that are due, those of people in one region ([`AREA_LINES`] or more) are served to 70 % or less, on average, of what
/// those of its other regions ([`AREA_LINES`] or more) are. The share served of a line is in whole millionths, so kilograms and pieces are never added.
/// Asked is whose needs the most such lines are: only they can answer for them. *Base rate*: lines not served in full. *Wrongly accused*: those who serve the district behind the flood; and a district may
/// need other goods than were given.
pub fn about_area_gap() -> About {
    About {
        question: "People of this area get far less of what they need than those of the programme's other areas. Why?",
        rule: format!(
            "the mean share served of {AREA_LINES} or more lines of needs that are due in a region is {} or less of that in the programme's other regions",
            percent(AREA_PERMILLE, 1000)
        ),
        honest: "the area cannot be reached, or gifts were restricted to others (waiting-for-need)",
    }
}

pub(super) fn area_gap(case: &Case) -> FlagReport {
    #[derive(Default)]
    struct Served {
        lines: u64,
        ppm: u64,
        short: Vec<u32>,
    }
    let mut served: BTreeMap<(ProgrammeIx, RegionIx), Served> = BTreeMap::new();
    for (need, programme, region) in due_needs(case) {
        let served = served.entry((programme, region)).or_default();
        for line in &need.lines {
            served.lines += 1;
            served.ppm += (u128::from(line.served) * 1_000_000 / u128::from(line.quantity)) as u64;
            if line.served < line.quantity {
                served.short.push(need.entry);
            }
        }
    }
    let all = served.values().map(|served| served.lines).sum();
    let count = served.values().map(|served| served.short.len() as u64).sum();
    let (mut could, mut instances) = (0, Vec::new());
    for ((programme, region), own) in &served {
        let others = || served.iter().filter(|((of, at), _)| of == programme && at != region).map(|(_, served)| served);
        let (lines, ppm) = (others().map(|served| served.lines).sum::<u64>(), others().map(|served| served.ppm).sum::<u64>());
        if own.lines < AREA_LINES || lines < AREA_LINES {
            continue;
        }
        could += 1;
        // own.ppm/own.lines * 1000 <= permille * ppm/lines, without dividing.
        if ppm == 0 || u128::from(own.ppm) * u128::from(lines) * 1000 > u128::from(AREA_PERMILLE) * u128::from(ppm) * u128::from(own.lines)
        {
            continue;
        }
        let (here, there) = (own.ppm / own.lines, ppm / lines);
        let code = case.state.programmes.code(programme.0);
        let measure =
            format!("{} of what is needed is served, {} in the other areas of {code}", percent(here, 1_000_000), percent(there, 1_000_000));
        let subject = Subject { kind: "region", name: case.state.regions.code(region.0).to_string() };
        let mut of_whom: BTreeMap<OrganizationIx, usize> = BTreeMap::new();
        own.short.iter().for_each(|entry| *of_whom.entry(case.made(*entry).organization).or_default() += 1);
        let most = of_whom.iter().max_by_key(|(organization, lines)| (**lines, std::cmp::Reverse(**organization)));
        let organization = case.organization(*most.expect("an area below the others has lines that are short").0);
        let figures = [("lines", own.lines), ("served_ppm", here), ("others_lines", lines), ("others_served_ppm", there)];
        instances.push(Instance::new(organization, subject, own.short.clone(), measure).figures(&figures));
    }
    let base_rate = Share { count, of: all, what: "lines of needs that are due are not served in full" };
    FlagReport::new(Flag::AreaGap, base_rate, (could, "areas with fifteen such lines"), instances)
}
