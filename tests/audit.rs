//! What the flags find, and what they leave alone: on the demonstration, on real deliveries, on an empty ledger.

use aidledger::canonical::decode;
use aidledger::event::{SignedEvent, Time};
use aidledger::flags::{Flag, FlagReport, Observations, Options};
use aidledger::rules::{State, check};
use aidledger::service::campaign::campaign;

/// Walks events once, as an audit does.
#[derive(Default)]
struct Walk {
    seen: Observations,
    state: State,
}

impl Walk {
    fn take(&mut self, bytes: &[u8], recorded: Time) {
        let signed: SignedEvent = decode(bytes).expect("canonical");
        let accepted = check(&self.state, &signed.event, signed.id(), recorded).expect("an event that the rules accept");
        self.state.apply(&accepted);
        self.seen.take(&accepted, &self.state, recorded);
    }
    fn demo() -> Walk {
        let mut walk = Walk::default();
        for batch in campaign().batches {
            batch.submissions.iter().for_each(|bytes| walk.take(bytes, batch.recorded));
        }
        walk
    }
    fn flags(&self) -> Vec<FlagReport> {
        self.seen.finish(&self.state, Options { first_digits: true })
    }
}

fn print(reports: &[FlagReport]) {
    for report in reports {
        println!("{:<21} {} | asked: {}", report.flag.word(), report.base_rate.words(), report.asked.words());
        for instance in &report.instances {
            println!("{:>25} {} {}: {}", instance.organization, instance.subject.kind, instance.subject.name, instance.measure);
        }
    }
}

#[test]
fn demo_prints() {
    let walk = Walk::demo();
    print(&walk.flags());
    assert_eq!(Flag::ALL.len(), 19);
}
