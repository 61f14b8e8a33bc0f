//! The shape of what the flags say.

use serde_json::{Map, Value, json};

use crate::event::kinds::{AnswerReason, DisputeAnswer};
use crate::event::values::format_minor;
use crate::event::{Code, Date};
use crate::flags::observations::Answered;
use crate::flags::{Flag, Observations};
use crate::rules::State;
use crate::rules::state::{Delivery, DeliveryIx, ItemIx, KeyIx, Made, OrganizationIx};

/// How many events of an instance are printed; all are counted.
pub const EVENTS_SHOWN: usize = 50;

/// What a flag asks and how.
#[derive(Debug, Clone)]
pub struct About {
    /// The question.
    pub question: &'static str,
    /// The exact rule, with its thresholds.
    pub rule: String,
    /// What an honest answer may be: why the flag is not an accusation.
    pub honest: &'static str,
}

/// So many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// How many show it.
    pub count: u64,
    /// Of how many that could.
    pub of: u64,
    /// Of what.
    pub what: &'static str,
}

impl Share {
    /// In words: `12 of 340 deliveries (3.5 %)`.
    pub fn words(&self) -> String {
        format!("{} of {} {} ({})", self.count, self.of, self.what, percent(self.count, self.of))
    }
    fn json(&self) -> Value {
        json!({ "count": self.count, "of": self.of, "what": self.what })
    }
}

/// A share in percent with one digit after the point, rounded down; a dash for a share of nothing.
pub fn percent(count: u64, of: u64) -> String {
    if of == 0 {
        return "–".to_owned();
    }
    let permille = u128::from(count) * 1000 / u128::from(of);
    format!("{}.{} %", permille / 10, permille % 10)
}

/// The middle value; of an even number the lower one of the two. Zero of none.
pub(super) fn median(mut values: Vec<u128>) -> u128 {
    values.sort_unstable();
    values.len().checked_sub(1).map_or(0, |last| values[last / 2])
}

/// Whom or what an instance is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// `key`, `item`, `lot`, `carrier`, `region`, ….
    pub kind: &'static str,
    /// Its code, label or id.
    pub name: String,
}

/// What an organization said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The entry of the answer.
    pub index: u32,
    /// What it says.
    pub answer: DisputeAnswer,
    /// Why.
    pub reason: AnswerReason,
}

/// One case that a flag asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Who is asked.
    pub organization: Code,
    /// About whom or what.
    pub subject: Subject,
    /// The entries behind it, ascending.
    pub events: Vec<u32>,
    /// What was measured, in words.
    pub measure: String,
    /// The same in numbers.
    pub figures: Vec<(&'static str, u64)>,
    /// What was answered so far.
    pub answers: Vec<Answer>,
}

impl Instance {
    pub(super) fn new(organization: Code, subject: Subject, mut events: Vec<u32>, measure: String) -> Instance {
        events.sort_unstable();
        events.dedup();
        Instance { organization, subject, events, measure, figures: Vec::new(), answers: Vec::new() }
    }
    pub(super) fn figures(mut self, figures: &[(&'static str, u64)]) -> Instance {
        self.figures.extend_from_slice(figures);
        self
    }

    fn json(&self) -> Value {
        let figures = self.figures.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
        let answers = self
            .answers
            .iter()
            .map(|answer| json!({ "index": answer.index, "answer": answer.answer.word(), "reason": answer.reason.word() }));
        json!({
            "organization": self.organization.as_str(),
            "subject": { "kind": self.subject.kind, "name": self.subject.name },
            "measure": self.measure,
            "figures": figures.collect::<Map<_, _>>(),
            "events": self.events.iter().take(EVENTS_SHOWN).collect::<Vec<_>>(),
            "events_count": self.events.len(),
            "answers": answers.collect::<Vec<_>>(),
        })
    }
}

/// What a flag found in a ledger.
#[derive(Debug, Clone)]
pub struct FlagReport {
    /// Which.
    pub flag: Flag,
    /// How often the pattern shows at all, flagged or not: what makes an instance mean something or nothing.
    pub base_rate: Share,
    /// How many of those that could be asked are.
    pub asked: Share,
    /// The cases, by organization and subject.
    pub instances: Vec<Instance>,
}

impl FlagReport {
    /// `base` and `asked` are (how many there are, of what); what shows it is counted by the caller.
    pub(super) fn new(flag: Flag, base_rate: Share, could: (u64, &'static str), instances: Vec<Instance>) -> FlagReport {
        let asked = Share { count: instances.len() as u64, of: could.0, what: could.1 };
        FlagReport { flag, base_rate, asked, instances }
    }

    /// Puts the cases in their order and the answers to them.
    pub(super) fn settle(&mut self, answers: &[Answered]) {
        self.instances.sort_by(|a, b| (a.organization, &a.subject, &a.events).cmp(&(b.organization, &b.subject, &b.events)));
        for answered in answers.iter().filter(|answered| answered.flag.as_str() == self.flag.word()) {
            // The rules let an organization answer only for its own events.
            for instance in self.instances.iter_mut().filter(|instance| instance.events.binary_search(&answered.event).is_ok()) {
                instance.answers.push(Answer { index: answered.entry, answer: answered.answer, reason: answered.reason });
            }
        }
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let about = self.flag.about();
        json!({
            "flag": self.flag.word(),
            "question": about.question,
            "rule": about.rule,
            "honest_answer": about.honest,
            "base_rate": self.base_rate.json(),
            "asked": self.asked.json(),
            "instances": self.instances.iter().map(Instance::json).collect::<Vec<_>>(),
        })
    }
}

/// What the flags look at.
pub(super) struct Case<'a> {
    pub seen: &'a Observations,
    pub state: &'a State,
}

impl<'a> Case<'a> {
    /// What an entry made.
    pub fn made(&self, entry: u32) -> Made {
        self.state.made[entry as usize]
    }
    /// Whether an entry's event stands.
    pub fn stands(&self, entry: u32) -> bool {
        !self.made(entry).reversed
    }
    /// The deliveries that stand, in log order.
    pub fn deliveries(&self) -> impl Iterator<Item = (DeliveryIx, &'a Delivery, Made)> + use<'a> {
        let made = &self.state.made;
        let all = self.state.deliveries.iter().enumerate();
        all.map(|(place, delivery)| (DeliveryIx(place as u32), delivery, made[delivery.entry as usize]))
            .filter(|(_, _, made)| !made.reversed)
    }
    /// The code of an organization.
    pub fn organization(&self, place: OrganizationIx) -> Code {
        self.state.organizations.code(place.0)
    }
    /// A key as a subject: what its organization calls the device, and the first digits of the key.
    pub fn key(&self, place: KeyIx) -> Subject {
        let public = self.state.key_order[place.at()].to_string();
        let short = &public[..12];
        let name = match self.state.key_at(place).label {
            Some(label) => format!("{label} ({short})"),
            None => short.to_owned(),
        };
        Subject { kind: "key", name }
    }
    /// The organization of a key.
    pub fn organization_of_key(&self, place: KeyIx) -> Code {
        self.organization(self.state.key_at(place).organization)
    }
    /// An amount of an item, with its code.
    pub fn amount(&self, item: ItemIx, minor: u128) -> String {
        let decimals = self.state.items.at(item.0).decimals;
        format!("{} {}", format_minor(i128::try_from(minor).unwrap_or(i128::MAX), decimals), self.state.items.code(item.0))
    }
    /// The day on which the last entry was recorded.
    pub fn as_of(&self) -> Date {
        self.seen.as_of()
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_one_of_the_values() {
        assert_eq!(median(vec![]), 0);
        assert_eq!(median(vec![7]), 7);
        assert_eq!(median(vec![9, 1]), 1);
        assert_eq!(median(vec![5, 1, 9]), 5);
        assert_eq!(median(vec![4, 3, 2, 1]), 2);
    }
}
