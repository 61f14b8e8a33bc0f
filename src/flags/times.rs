//! Flags about when things were done: backdating, burst, night-work.
//!
//! An event has two times: `time`, the author's word, and `recorded`, the log's. The log's never goes back; the author's may be anything in the past that the
//! policy allows. Both are in UTC, and the ledger knows no time zone: "night" can only mean the hours in which hardly anybody else delivers.

use std::collections::BTreeMap;

use crate::event::Time;
use crate::flags::Flag;
use crate::flags::report::{About, Case, FlagReport, Instance, Share, percent};
use crate::rules::state::KeyIx;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// From this many days on an entry is late. A week covers a village without a net, an illness and a weekend.
pub const LATE_DAYS: i64 = 7;
/// So many late events of one key taken in at one moment are a sitting, not a slip of paper found in a coat.
pub const LATE_EVENTS: usize = 20;

/// Were weeks of events written down in one sitting, and from what?
///
/// *Rule*: [`LATE_EVENTS`] or more events of one key with one `recorded`, each more than [`LATE_DAYS`] days after its `time`.
/// *Base rate*: late events of all events. *Wrongly accused*: whoever imports old records, or collects paper lists from villages: `late-entry`.
pub fn about_backdating() -> About {
    About {
        question: "Many events were entered at one moment, long after the day they name. What were they written down from, and why so late?",
        rule: format!("{LATE_EVENTS} or more events of one key recorded at one moment, each more than {LATE_DAYS} days after its time"),
        honest: "paper lists entered later, a phone without a net for weeks, records of another system brought in (late-entry)",
    }
}

pub(super) fn backdating(case: &Case) -> FlagReport {
    let mut late: BTreeMap<(KeyIx, Time), Vec<u32>> = BTreeMap::new();
    let mut keys = std::collections::BTreeSet::new();
    let mut count = 0;
    for (entry, stamp) in case.seen.stamps.iter().enumerate() {
        let signer = case.state.made[entry].signer;
        keys.insert(signer);
        if stamp.recorded.0 - stamp.time.0 > LATE_DAYS * DAY {
            count += 1;
            late.entry((signer, stamp.recorded)).or_default().push(entry as u32);
        }
    }
    let instances = late.into_iter().filter(|(_, events)| events.len() >= LATE_EVENTS).map(|((key, recorded), events)| {
        let times = || events.iter().map(|entry| case.seen.stamps[*entry as usize].time);
        let (first, last) = (times().min().expect("not empty"), times().max().expect("not empty"));
        let days = (recorded.0 - first.0) / DAY;
        let (of, from, until) = (events.len(), first.date(), last.date());
        let measure = format!("{of} events of {from} to {until} were recorded together at {recorded}, up to {days} days late");
        let figures = [("events", of as u64), ("days_late_at_most", days as u64)];
        Instance::new(case.organization_of_key(key), case.key(key), events, measure).figures(&figures)
    });
    let base_rate = Share { count, of: case.seen.stamps.len() as u64, what: "events are recorded more than a week late" };
    FlagReport::new(Flag::Backdating, base_rate, (keys.len() as u64, "keys that sign"), instances.collect())
}

/// The length of the window of a burst, in seconds.
pub const BURST_SECONDS: i64 = 1_800;
/// So many deliveries in half an hour leave 72 seconds for each, the way from door to door included.
pub const BURST_DELIVERIES: usize = 25;

/// Were people met, or was a list ticked off?
///
/// *Rule*: [`BURST_DELIVERIES`] or more standing deliveries of one key whose times lie within [`BURST_SECONDS`] of each other. *Base rate*: deliveries
/// that are part of such a burst. *Wrongly accused*: a distribution at a hall, where a queue is served: `bulk-distribution`; and imported sheets that know
/// only the day: their times are all the same second, which the measure says.
pub fn about_burst() -> About {
    About {
        question: "One device delivered to a great many within minutes. Was it a distribution at one place?",
        rule: format!("{BURST_DELIVERIES} or more standing deliveries of one key within {} minutes of each other", BURST_SECONDS / 60),
        honest: "a queue at a hall or a truck (bulk-distribution); a list of a day entered without its hours (late-entry)",
    }
}

pub(super) fn burst(case: &Case) -> FlagReport {
    let mut of_key: BTreeMap<KeyIx, Vec<(i64, u32)>> = BTreeMap::new();
    for (_, delivery, made) in case.deliveries() {
        of_key.entry(made.signer).or_default().push((case.seen.stamps[delivery.entry as usize].time.0, delivery.entry));
    }
    let (keys, all) = (of_key.len() as u64, of_key.values().map(|times| times.len() as u64).sum());
    let (mut count, mut instances) = (0, Vec::new());
    for (key, mut times) in of_key {
        times.sort_unstable();
        let (mut events, mut marked, mut largest, mut start, mut seconds) = (Vec::new(), 0, 0, 0, 0);
        for end in 0..times.len() {
            while times[end].0 - times[start].0 > BURST_SECONDS {
                start += 1;
            }
            let within = end - start + 1;
            if within >= BURST_DELIVERIES {
                events.extend(times[start.max(marked)..=end].iter().map(|(_, entry)| *entry));
                marked = end + 1;
                if within > largest {
                    (largest, seconds) = (within, times[end].0 - times[start].0);
                }
            }
        }
        if events.is_empty() {
            continue;
        }
        count += events.len() as u64;
        let when = match seconds {
            0 => "all with the same second: perhaps only the day is known".to_owned(),
            _ => format!("in {} minutes", (seconds + 59) / 60),
        };
        let measure = format!("{} deliveries in bursts; the largest has {largest}, {when}", events.len());
        let figures = [("deliveries", events.len() as u64), ("largest", largest as u64), ("largest_seconds", seconds as u64)];
        instances.push(Instance::new(case.organization_of_key(key), case.key(key), events, measure).figures(&figures));
    }
    let base_rate = Share { count, of: all, what: "deliveries are part of a burst" };
    FlagReport::new(Flag::Burst, base_rate, (keys, "keys that deliver"), instances)
}

/// An hour of UTC is quiet if less than one in so many of everybody else's deliveries falls into it.
pub const QUIET_ONE_IN: u64 = 100;
/// So many deliveries of others are needed to know which hours are quiet.
pub const QUIET_KNOWN_FROM: u64 = 200;
/// The night begins so many hours after the last hour that is not quiet, and ends so many before the first: overtime is not the night, nor is a noon at which
/// nobody happened to deliver.
pub const TWILIGHT_HOURS: usize = 3;
/// So many deliveries of one key at night are a habit.
pub const NIGHT_DELIVERIES: usize = 10;

/// Who delivers when nobody else does?
///
/// *Rule*: [`NIGHT_DELIVERIES`] or more standing deliveries of one key at night. An hour of the day (UTC) is quiet for a key if under 1 % of the
/// deliveries of all *other* keys fall into it, so nobody's night makes itself usual; and only where others have [`QUIET_KNOWN_FROM`] deliveries or more. The
/// night are the quiet hours that have [`TWILIGHT_HOURS`] quiet hours before and after them. The
/// ledger has no time zone, and needs none for this. *Base rate*: deliveries at night. *Wrongly accused*: night shelters, soup runs (`night-shift`).
pub fn about_night_work() -> About {
    About {
        question: "These deliveries were made in hours in which hardly anybody else delivers. Who was met then?",
        rule: format!(
            "{NIGHT_DELIVERIES} or more standing deliveries of one key at night: in hours of the day (UTC) that have {TWILIGHT_HOURS} hours before and after \
             them, all with fewer than 1 in {QUIET_ONE_IN} of the deliveries of all other keys, where those are {QUIET_KNOWN_FROM} or more"
        ),
        honest: "a night shelter or a night shift (night-shift); a list entered at home in the evening (late-entry); a device with a wrong clock",
    }
}

pub(super) fn night_work(case: &Case) -> FlagReport {
    let hour = |entry: u32| (case.seen.stamps[entry as usize].time.0.rem_euclid(DAY) / 3600) as usize;
    let mut of_key: BTreeMap<KeyIx, [u64; 24]> = BTreeMap::new();
    let mut all = [0u64; 24];
    for (_, delivery, made) in case.deliveries() {
        of_key.entry(made.signer).or_default()[hour(delivery.entry)] += 1;
        all[hour(delivery.entry)] += 1;
    }
    let total: u64 = all.iter().sum();
    let nights: BTreeMap<KeyIx, [bool; 24]> = of_key.iter().map(|(key, own)| (*key, night(&all, own))).collect();
    let mut events: BTreeMap<KeyIx, Vec<u32>> = BTreeMap::new();
    for (_, delivery, made) in case.deliveries().filter(|(_, delivery, made)| nights[&made.signer][hour(delivery.entry)]) {
        events.entry(made.signer).or_default().push(delivery.entry);
    }
    let count = events.values().map(|events| events.len() as u64).sum();
    let could = of_key.values().filter(|own| total - own.iter().sum::<u64>() >= QUIET_KNOWN_FROM).count() as u64;
    let instances = events.into_iter().filter(|(_, events)| events.len() >= NIGHT_DELIVERIES).map(|(key, events)| {
        let (own, night) = (of_key[&key].iter().sum::<u64>(), events.len() as u64);
        let hours: std::collections::BTreeSet<_> = events.iter().map(|entry| hour(*entry)).collect();
        let hours = hours.iter().map(|hour| format!("{hour:02}")).collect::<Vec<_>>().join(", ");
        let measure = format!("{night} of its {own} deliveries ({}) at night, in the hours {hours} UTC", percent(night, own));
        let figures = [("deliveries_at_night", night), ("deliveries", own)];
        Instance::new(case.organization_of_key(key), case.key(key), events, measure).figures(&figures)
    });
    let base_rate = Share { count, of: total, what: "deliveries are at night, when hardly anybody else delivers" };
    FlagReport::new(Flag::NightWork, base_rate, (could, "keys that deliver where others do"), instances.collect())
}

/// The hours of the night for one whose deliveries are `own` of `all`.
fn night(all: &[u64; 24], own: &[u64; 24]) -> [bool; 24] {
    let others: u64 = all.iter().sum::<u64>() - own.iter().sum::<u64>();
    let quiet = |hour: usize| (all[hour % 24] - own[hour % 24]) * QUIET_ONE_IN < others;
    if others < QUIET_KNOWN_FROM {
        return [false; 24];
    }
    std::array::from_fn(|hour| (0..=2 * TWILIGHT_HOURS).all(|step| quiet(hour + 24 - TWILIGHT_HOURS + step)))
}

#[cfg(test)]
mod tests {
    use super::night;

    #[test]
    fn the_night_is_deep_in_the_quiet_hours_of_the_others() {
        let mut all = [0u64; 24];
        (4..9).chain(11..15).for_each(|hour| all[hour] = 100);
        let mut own = [0u64; 24];
        // Dozens in one night do not make it a day.
        own[20] = 500;
        all[20] += 500;
        let hours = |night: [bool; 24]| (0..24).filter(|hour| night[*hour]).collect::<Vec<_>>();
        assert_eq!(hours(night(&all, &own)), [0, 18, 19, 20, 21, 22, 23], "9 and 10 are a break at noon");
        assert_eq!(hours(night(&[10; 24], &[0; 24])), [0usize; 0]);
        assert_eq!(hours(night(&own, &own)), [0usize; 0], "nobody to compare with");
    }
}
